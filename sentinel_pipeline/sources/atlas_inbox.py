"""An inbox of sealed payloads and export files as a source, read file by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Self

import polars as pl

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import DECRYPTIONS, MACHINES, WIDGET_LOGS, Table
from sentinel_pipeline.sources.atlas_envelopes import Seals
from sentinel_pipeline.sources.atlas_files import Record, arrival, is_fleet_file, records_of
from sentinel_pipeline.sources.atlas_inventory import inventories, known_since
from sentinel_pipeline.sources.atlas_keys import KeyRing
from sentinel_pipeline.sources.atlas_logs import EPOCH, BadTimeError, Clock
from sentinel_pipeline.sources.atlas_units import (
    MICROSECOND,
    Fault,
    KeyUses,
    Unit,
    frames,
    undated,
    unit_of,
)
from sentinel_pipeline.sources.logfiles import LogFile, find_log_files, fingerprint_of, reason_of
from sentinel_pipeline.sources.lognotes import Notes, Span, at
from sentinel_pipeline.sources.marks import Marks, file_marks, rested
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import UTC_ZONE, SourceSettings
from sentinel_pipeline.sources.timestamps import EARLIEST, LATEST


class AtlasInbox:
    """The files below one location, as they were listed when it was opened."""

    def __init__(
        self, settings: SourceSettings, ring: KeyRing, clock: Clock, files: list[LogFile], notes: Notes
    ) -> None:
        self.settings = settings
        self._ring = ring
        self._clock = clock
        self._files = files
        self._notes = notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._notes.save(self._files)

    def has(self, table: Table) -> bool:
        return table in (WIDGET_LOGS, MACHINES, DECRYPTIONS)

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        """Rows in the window, file after file in the order of their names."""
        if table is MACHINES:
            yield from self.inventories(table, [window])
        elif self.has(table):
            yield from frames(self._units(window), table, window, quarantine)
            self._notes.save(self._files)

    def inventories(self, table: Table, windows: Sequence[Window | None]) -> list[pl.DataFrame]:  # noqa: ARG002 - one
        """Machines known at the end of each window; of a batch its first and last log tell."""
        units = self._units(known_since(windows), is_brief=True)
        found = inventories(units, windows, self.settings.name)
        self._notes.save(self._files)
        return found

    def first_at(self) -> datetime | None:
        """Earliest time of any log; files that were never read are read once."""
        self._read_new(self._files)
        notes = [note for file in self._files if (note := self._notes.of(file))]
        firsts = [note.spans[WIDGET_LOGS.name].first for note in notes if WIDGET_LOGS.name in note.spans]
        return min((at(first) for first in firsts if first is not None), default=None)

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:
        """A file that was never read is read once: a sealed one tells nothing before."""
        files = rested(self._files, before)
        self._read_new(files)
        noted = ((file, note) for file in files if (note := self._notes.of(file)))
        return file_marks(((file, tuple(note.spans.values())) for file, note in noted), days)

    def fingerprint(self) -> str:
        return sha256(f"{fingerprint_of(self._files)} {self._ring.fingerprint}".encode()).hexdigest()

    def _read_new(self, files: Iterable[LogFile]) -> None:
        for file in files:
            if self._notes.of(file) is None:
                for _ in self._units_of(file, Clock(self._clock.zone, self._clock.machines), Seals(), KeyUses()):
                    pass
        self._notes.save(self._files)

    def _units(self, window: Window | None, *, is_brief: bool = False) -> Iterator[Unit]:
        clock, seals, uses = Clock(self._clock.zone, self._clock.machines), Seals(), KeyUses()
        for file in self._files:
            note = self._notes.of(file)
            if note is None or not all(span.is_outside(window) for span in note.spans.values()):
                yield from self._units_of(file, clock, seals, uses, is_brief=is_brief)
            else:
                seals.recall(note.seals)
                uses.recall(note.keys)

    def _units_of(
        self, file: LogFile, clock: Clock, seals: Seals, uses: KeyUses, *, is_brief: bool = False
    ) -> Iterator[Unit]:
        """What a file holds, briefly or all of it; the times all of it spans are noted once it is read to its end."""
        logs, seen = Span(), Span()
        seals.noted()
        uses.noted()
        try:
            for unit in self._opened(file, clock, seals, is_brief=is_brief):
                uses.meet(unit)
                logs.include(*_edges(unit.times), 0)
                seen.include(*_edges(_moments(unit)), undated(unit))
                yield unit
        except OSError as error:
            yield Unit(faults=[Fault(file.name, "unreadable_file", reason_of(error))])
            return
        if is_brief:
            return
        met, opened = seals.noted(), uses.noted()
        for name, span in ((WIDGET_LOGS.name, logs), (DECRYPTIONS.name, seen)):
            note = self._notes.keep(file, {WIDGET_LOGS.name, DECRYPTIONS.name}, set(), name, span)
            if note:
                note.seals, note.keys = met, opened

    def _opened(self, file: LogFile, clock: Clock, seals: Seals, *, is_brief: bool) -> Iterator[Unit]:
        if file.problem:
            yield Unit(faults=[Fault(file.name, "unreadable_file", file.problem)])
            return
        for record in records_of(file, self._ring):
            opened = seals.judged(record.opened)
            if is_brief and opened.machine_id is not None:
                opened = replace(opened, logs=(*opened.logs[:1], *opened.logs[1:][-1:]))
            location = f"{file.name}#{record.number}"
            yield unit_of(opened, location, record.text, clock, _received(record, file), record.kind)


def open_inbox(settings: SourceSettings, ring: KeyRing, clock: Clock, notes: Notes) -> AtlasInbox:
    """Lists the files of a location. Raises SourceUnreachableError when there is none to read."""
    found = find_log_files(settings.location)
    files = [file for file in found if is_fleet_file(file) or file.problem]
    if not files:
        seen = f"none of {len(found)} files there is named .json, .jsonl, .ndjson or .enc" if found else "nothing there"
        raise SourceUnreachableError(
            f"source '{settings.name}' at {settings.place}: {seen}; check 'location', or that the receiver writes there"
        )
    return AtlasInbox(settings, ring, clock, files, notes)


def _received(record: Record, file: LogFile) -> datetime | None:
    """When an envelope arrived: as the receiver noted it in `received_at`, else when its file was written."""
    if isinstance(record.received, str):
        try:
            moment, zone, _ = Clock(UTC_ZONE).read(record.received, "")
        except BadTimeError:
            zone = ""
        if zone is None:
            return moment
    arrived = arrival(file)
    return arrived if EARLIEST <= arrived < LATEST else None


def _moments(unit: Unit) -> list[datetime]:
    faults = [fault.occurred_at for fault in unit.faults]
    seals = [moment for row in unit.decryptions if isinstance(moment := row["received_at"], datetime)]
    return [*unit.times, *seals, *(moment for moment in faults if moment is not None)]


def _edges(moments: list[datetime]) -> tuple[int | None, int | None]:
    if not moments:
        return None, None
    return (min(moments) - EPOCH) // MICROSECOND, (max(moments) - EPOCH) // MICROSECOND
