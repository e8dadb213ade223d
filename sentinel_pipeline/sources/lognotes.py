"""Notes on log files that were read once: which kinds of log they hold and what time they span, to skip them later."""

from __future__ import annotations

import base64
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.logfiles import LogFile

VERSION = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Span:
    """First and last microsecond of a file's records of one kind, and how many bad ones belong to no time."""

    first: int | None = None
    last: int | None = None
    undated: int = 0

    def include(self, first: int | None, last: int | None, undated: int) -> None:
        self.first = min((one for one in (self.first, first) if one is not None), default=None)
        self.last = max((one for one in (self.last, last) if one is not None), default=None)
        self.undated += undated

    def is_outside(self, window: Window | None) -> bool:
        """Whether reading the file for this window can give neither a row nor a bad record."""
        if self.undated:
            return False
        if self.first is None or self.last is None:
            return True
        return window is not None and (at(self.last) < window.start or at(self.first) >= window.end)


@dataclass
class Note:
    """What whole readings of a file told: the kinds of its records, readable or not, of its logs, and time by kind.

    `seals` tell its sealed records again without reading it, `keys` the first microsecond of what each key opened.
    """

    size: int
    modified_ns: int
    kinds: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    seals: str = ""
    keys: dict[str, int] = field(default_factory=dict)


class Notes:
    """Notes on the files of one source, kept in a JSON file when there is a place for it.

    They only save time: notes that are lost, damaged or of another reader are made again.
    """

    def __init__(self, place: Path | None, reader: str) -> None:
        self._place = place
        self._reader = reader
        self._notes = _load(place, reader) if place else {}
        self._is_changed = False

    def of(self, file: LogFile) -> Note | None:
        """The note on a file, unless it has changed since."""
        note = self._notes.get(file.name)
        return note if note and (note.size, note.modified_ns) == (file.size, file.modified_ns) else None

    def keep(self, file: LogFile, kinds: set[str], logs: set[str], kind: str, span: Span) -> Note | None:
        """Notes what a whole reading for one kind told; the note, or nothing when the file changed meanwhile."""
        if not file.is_unchanged():
            return None
        note = self.of(file) or Note(file.size, file.modified_ns)
        note.kinds, note.logs = sorted(kinds), sorted(logs)
        note.spans[kind] = span
        self._notes[file.name] = note
        self._is_changed = True
        return note

    def save(self, files: list[LogFile]) -> None:
        """Writes the notes on files that still exist, whole or not at all."""
        if self._place is None or not self._is_changed:
            return
        present = {file.name for file in files}
        notes = {name: asdict(note) for name, note in sorted(self._notes.items()) if name in present}
        data = orjson.dumps({"version": VERSION, "reader": self._reader, "files": notes}, option=orjson.OPT_INDENT_2)
        with suppress(OSError):  # a full or read-only disk must not stop a reading that succeeded
            _write(self._place, data)
            self._is_changed = False


def at(microsecond: int) -> datetime:
    return EPOCH + timedelta(microseconds=microsecond)


def _load(place: Path, reader: str) -> dict[str, Note]:
    try:
        found = orjson.loads(place.read_bytes())
        if (found["version"], found["reader"]) != (VERSION, reader):
            return {}
        return {name: _note(**values) for name, values in found["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _note(spans: dict[str, dict[str, int]], seals: str = "", keys: Any = (), **values: Any) -> Note:
    base64.b64decode(seals, validate=True)
    known = {str(key): int(first) for key, first in dict(keys).items()}
    return Note(spans={kind: Span(**span) for kind, span in spans.items()}, seals=seals, keys=known, **values)


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
