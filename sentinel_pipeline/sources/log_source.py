"""Folders of logs as a source: what every family of logs shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Self

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError
from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.sources.log_readings import (
    Piece,
    Seen,
    Understand,
    flawed,
    gathered,
    lies_in,
    put_aside,
    together,
)
from sentinel_pipeline.sources.log_rows import Reading
from sentinel_pipeline.sources.log_values import PRIVATE, Networks
from sentinel_pipeline.sources.logchunks import FOREIGN, UNKNOWN, LogForm, file_chunks, first_chunks, unreadable
from sentinel_pipeline.sources.logfiles import LogFile, find_log_files, fingerprint_of
from sentinel_pipeline.sources.lognotes import Notes, Span, at
from sentinel_pipeline.sources.marks import Marks, file_marks, rested
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import SourceSettings


@dataclass(frozen=True)
class LogFamily:
    """Logs of one system: how they are recognised, which kind of record makes which table, and how it is understood.

    `name` tells its notes from those of others.
    """

    name: str
    form: LogForm
    tables: tuple[tuple[Table, str], ...]
    understand: Understand

    def kind_of(self, table: Table) -> str | None:
        return next((kind for known, kind in self.tables if known.name == table.name), None)


class LogSource:
    """The logs of one family below one location, as they were listed when it was opened."""

    def __init__(
        self, settings: SourceSettings, family: LogFamily, reading: Reading, files: list[LogFile], notes: Notes
    ) -> None:
        self.settings = settings
        self._family = family
        self._reading = reading
        self._files = files
        self._notes = notes
        self._starts: dict[str, Seen] = {}
        self._wholes: dict[str, Seen] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._notes.save(self._files)

    def has(self, table: Table) -> bool:
        """Whether a log of this table is there, be it without a row."""
        kind = self._family.kind_of(table)
        return any(kind in self._logs(file) for file in self._files)

    def holds_any(self) -> bool:
        """Whether there is any log of the family at all, of whatever kind, be it one that cannot be used."""
        return any({*self._logs(file), *self._start(file).kinds} - {UNKNOWN, FOREIGN} for file in self._files)

    def holds(self, kind: str) -> bool:
        """Whether any file holds a record of this kind; where first lines do not tell, files are read to their end."""
        is_held = any(kind in self._logs(file) for file in self._files) or any(
            kind in self._all_logs(file) for file in self._files
        )
        self._notes.save(self._files)
        return is_held

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        """Rows whose own time lies in the window, file after file in the order of their names."""
        kind = self._family.kind_of(table)
        if kind is not None:
            files = [file for file in self._files if not self._can_skip(file, kind, window)]
            yield from self._read_files(files, table, kind, window, quarantine)
        self._notes.save(self._files)

    def first_at(self) -> datetime | None:
        """Earliest time of any connection or alert; files that were never read are read once."""
        firsts = []
        for table, kind in self._family.tables:
            unknown = [file for file in self._files if self._known_span(file, kind) is None]
            measured = self._measured(unknown, table, kind)
            spans = [self._known_span(file, kind) or measured[file.name].span for file in self._files]
            firsts += [at(span.first) for span in spans if span.first is not None]
        self._notes.save(self._files)
        return min(firsts, default=None)

    def fingerprint(self) -> str:
        return fingerprint_of(self._files)

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:
        """A file that was never read tells of the time from its first records to when it was written."""
        files = rested(self._files, before)
        return file_marks(((file, self._spans(file)) for file in files), days)

    def _spans(self, file: LogFile) -> list[Span]:
        note = self._notes.of(file)
        if note is not None:
            return list(note.spans.values())
        seen, kinds = Seen(), {kind for _, kind in self._family.tables}
        for chunk in first_chunks(file, self._family.form):
            if chunk.kind in kinds and chunk.rows.height and not chunk.reason:
                together([Piece(file, seen, chunk)], None, self._reading)
        seen.span.include(None, file.modified_ns // 1_000 if seen.span.first is not None else None, 0)
        return [seen.span]

    def left_alone(self) -> Counter[str]:
        """How many records of other kinds stand in the files that were read to their end."""
        return sum((seen.left for seen in self._wholes.values()), Counter())

    def _logs(self, file: LogFile) -> Collection[str]:
        """The kinds of log in a file, as far as its note, an earlier reading or its first lines tell."""
        note = self._notes.of(file)
        return note.logs if note else (self._wholes.get(file.name) or self._start(file)).logs

    def _all_logs(self, file: LogFile) -> Collection[str]:
        """The kinds of log in a file, read to its end unless that was done before."""
        note = self._notes.of(file)
        if note is None and file.name not in self._wholes:
            self._measured([file], *self._family.tables[0])
        return self._logs(file)

    def _start(self, file: LogFile) -> Seen:
        """What the first lines of a file tell, looked at once."""
        if file.name not in self._starts:
            self._starts[file.name] = seen = Seen()
            for chunk in first_chunks(file, self._family.form):
                seen.include(chunk)
        return self._starts[file.name]

    def _can_skip(self, file: LogFile, kind: str, window: Window | None) -> bool:
        note = self._notes.of(file)
        if note is None:
            return False
        return note.spans[kind].is_outside(window) if kind in note.spans else kind not in note.kinds

    def _known_span(self, file: LogFile, kind: str) -> Span | None:
        """The time of a file's records of one kind where a note tells it; empty for a file without such records."""
        note = self._notes.of(file)
        if note is None:
            return None
        return note.spans.get(kind) or (None if kind in note.kinds else Span())

    def _measured(self, files: list[LogFile], table: Table, kind: str) -> dict[str, Seen]:
        """What whole readings of files see, by their names."""
        for _ in self._read_files(files, table, kind, None, Quarantine(self.settings.name)):
            pass
        return {file.name: self._wholes[file.name] for file in files}

    def _read_files(
        self, files: list[LogFile], table: Table, kind: str, window: Window | None, quarantine: Quarantine
    ) -> Iterator[pl.DataFrame]:
        """The files' rows for one table; what was seen of each is noted when all are read to their end."""
        seen = {file.name: Seen() for file in files}
        for pieces in gathered(self._pieces(files, kind, seen)):
            sound = [piece for piece in pieces if not piece.chunk.reason]
            for piece in pieces:
                if piece.chunk.reason:
                    put_aside(flawed(piece), table, quarantine)
            near = together(sound, window, self._reading) if sound else pl.DataFrame()
            if near.height:
                found = self._family.understand[kind](near, self._reading)
                put_aside(found.faults.filter(lies_in("occurred_at", window)), table, quarantine)
                rows = found.rows.filter(lies_in(str(table.time), window))
                if rows.height:
                    yield rows
        for file in files:
            self._wholes[file.name] = whole = seen[file.name]
            if whole.is_whole:
                self._notes.keep(file, whole.kinds, whole.logs, kind, whole.span)

    def _pieces(self, files: list[LogFile], kind: str, seen: dict[str, Seen]) -> Iterator[Piece]:
        """Records of one kind, sound or not, as the files hold them."""
        for file in files:
            for chunk in file_chunks(file, self._family.form):
                seen[file.name].include(chunk)
                if chunk.kind == kind and chunk.rows.height:
                    yield Piece(file, seen[file.name], chunk)


def opened_logs(settings: SourceSettings, family: LogFamily, reading: Reading, memory: Path | None) -> LogSource:
    """Lists the logs of a location. Raises SourceUnreachableError when no log of the family can be read there."""
    system = family.form.system
    files = find_log_files(settings.location)
    if not files:
        raise SourceUnreachableError(f"{_place(settings)} {_nothing_at(settings.location, system)}")
    digest = sha256(settings.name.encode()).hexdigest()[:16]
    place = memory / f"{family.name}-{digest}.json" if memory else None
    logs = LogSource(settings, family, reading, files, Notes(place, f"{settings.location} {settings.zone.key}"))
    if not logs.holds_any():
        raise SourceUnreachableError(f"{_place(settings)} {_no_log_among(files, system)}")
    return logs


def local_networks(settings: SourceSettings) -> Networks:
    """The networks whose addresses are the source's own (option `local_networks`), else the private ranges."""
    given = settings.options.get("local_networks")
    if given is None:
        return PRIVATE
    if not isinstance(given, list | tuple):
        raise UsageError(f"source '{settings.name}': local_networks is a list of networks such as 192.168.0.0/16")
    try:
        return tuple(ip_network(str(one), strict=False) for one in given)
    except ValueError as error:
        raise UsageError(f"source '{settings.name}': local_networks: {error}; write it as 192.168.0.0/16") from None


def _place(settings: SourceSettings) -> str:
    return f"source '{settings.name}' ({settings.place}):"


def _nothing_at(location: str, system: str) -> str:
    if Path(location).is_dir():
        return f"the folder is empty, it holds no {system} log; check `location`, or that the sensor writes there"
    return "there is no such folder or file; correct `location`, or mount the folder that holds the logs"


def _no_log_among(files: list[LogFile], system: str) -> str:
    problems = sorted({problem for file in files if (problem := unreadable(file))})
    if problems:
        return f"its files cannot be read ({problems[0]}); let this user read them"
    among = counted(len(files), "file")
    return f"it holds no {system} log among {among}; point `location` at the folder that {system} writes to"
