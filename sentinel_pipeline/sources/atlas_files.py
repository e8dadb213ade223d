"""Files of a fleet's inbox: envelopes one or many to a file, and export files sealed with a password."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sentinel_pipeline.sources.atlas_envelopes import (
    AUTH_FAILED,
    MALFORMED,
    MALFORMED_PLAINTEXT,
    NO_KEY,
    OK,
    Opened,
    open_envelope,
)
from sentinel_pipeline.sources.atlas_json import Lenient, clean, compact
from sentinel_pipeline.sources.atlas_keys import NONCE_BYTES, SALT_BYTES, TAG_BYTES, KeyRing, is_token
from sentinel_pipeline.sources.logblocks import BYTE_ORDER_MARK, read_blocks, visible
from sentinel_pipeline.sources.logfiles import LogFile

ENVELOPES = (".json", ".jsonl", ".ndjson")
SEALED = ".enc"
SEALED_TWICE = ".fernet.enc"
WHOLE_LIMIT = 32 << 20
EXPORT_LIMIT = 64 << 20
SHOWN = 4_096
SHORTEST_EXPORT = SALT_BYTES + NONCE_BYTES + TAG_BYTES
HEADER = ("ID", "Serial Number", "Timestamp", "Level", "Widget Type", "Message", "Data")
NAMES = (None, "serial_number", "timestamp", "level", "widget_type", "message", "data")


@dataclass(frozen=True)
class Record:
    """One unit of a file as it was opened, and its text as it stands there (sealed as it is)."""

    number: int
    opened: Opened
    text: str
    kind: str = "envelope"
    received: object = None


def is_fleet_file(file: LogFile) -> bool:
    return file.name.lower().endswith((*ENVELOPES, SEALED))


def records_of(file: LogFile, ring: KeyRing) -> Iterator[Record]:
    """What a file holds, one after another. Raises OSError when it cannot be read."""
    if file.name.lower().endswith(SEALED):
        yield _export_record(file, ring)
    elif file.size > WHOLE_LIMIT:
        yield from _lines(_streamed(file), ring)
    else:
        with Path(file.path).open("rb") as stream:
            yield from _envelopes(stream.read(file.size).removeprefix(BYTE_ORDER_MARK), ring)


def arrival(file: LogFile) -> datetime:
    """When a file arrived: nothing in an inbox is written to twice."""
    return datetime.fromtimestamp(file.modified_ns // 1_000 / 1_000_000, UTC)


def _envelopes(data: bytes, ring: KeyRing) -> Iterator[Record]:
    """A JSON object, an array of them, or one on each line."""
    lenient = Lenient()
    try:
        value = lenient.value(data.decode())
    except ValueError:
        yield from _lines(enumerate(data.split(b"\n"), 1), ring)
        return
    for number, one in enumerate(value if isinstance(value, list) else [value], 1):
        yield _record(number, one, lenient, ring)


def _streamed(file: LogFile) -> Iterator[tuple[int, bytes]]:
    for block in read_blocks(file.path, file.size):
        if block.flaw:
            yield block.line, block.data
        else:
            yield from enumerate(block.data.split(b"\n"), block.line)


def _lines(lines: Iterator[tuple[int, bytes]], ring: KeyRing) -> Iterator[Record]:
    """An envelope on each line. Lines before the first one that is JSON count as one bad record."""
    broken: Record | None = None
    is_json = False
    for number, line in lines:
        if not line.strip():
            continue
        lenient = Lenient()
        try:
            value = lenient.value(line.decode())
        except ValueError:
            bad = Record(number, Opened(MALFORMED), visible(line[:SHOWN]))
            if is_json:
                yield bad
            broken = broken or bad
            continue
        is_json = is_json or isinstance(value, dict)
        yield _record(number, value, lenient, ring)
    if broken is not None and not is_json:
        yield broken


def _record(number: int, value: object, lenient: Lenient, ring: KeyRing) -> Record:
    opened = open_envelope(value, ring)
    received = value.get("received_at") if isinstance(value, dict) else None
    marked = replace(opened, flags=opened.flags | lenient.flags)
    return Record(number, marked, compact(value), received=received)


def _export_record(file: LogFile, ring: KeyRing) -> Record:
    if file.size > EXPORT_LIMIT:
        return Record(1, Opened(MALFORMED), f"[{file.size} bytes]", "file")
    with Path(file.path).open("rb") as stream:
        data = stream.read(file.size)
    shown = base64.b64encode(data[:SHOWN]).decode()
    return Record(1, _export(data, ring, is_sealed_twice=file.name.lower().endswith(SEALED_TWICE)), shown, "file")


def _export(data: bytes, ring: KeyRing, *, is_sealed_twice: bool) -> Opened:
    """What an export file holds; a wrong password and tampering cannot be told apart."""
    fingerprint = None
    if is_sealed_twice:
        if not is_token(data):
            return Opened(MALFORMED)
        outer = ring.open_token(data)
        if outer is None:
            return Opened(AUTH_FAILED if ring.store else NO_KEY)
        data, fingerprint = outer
    if len(data) < SHORTEST_EXPORT:
        return Opened(MALFORMED, fingerprint=fingerprint)
    plain = ring.open_export(data)
    if plain is None:
        return Opened(AUTH_FAILED if ring.passwords else NO_KEY, fingerprint=fingerprint)
    return replace(exported(plain), fingerprint=fingerprint)


def exported(plain: bytes) -> Opened:
    """The logs of an export, JSON or CSV as the fleet server writes them."""
    lenient = Lenient()
    try:
        text = plain.removeprefix(BYTE_ORDER_MARK).decode()
        if text.lstrip()[:1] in ("[", "{"):
            value = lenient.value(text)
            logs = value if isinstance(value, list) else [value]
        else:
            logs = list(_csv_logs(text, lenient))
    except (ValueError, csv.Error):
        return Opened(MALFORMED_PLAINTEXT)
    return Opened(OK, frozenset(lenient.flags), logs=tuple(logs))


def _csv_logs(text: str, lenient: Lenient) -> Iterator[object]:
    """Rows as logs; one whose columns do not fit is given as it is. Raises ValueError for another header."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = next(rows, [])
    if tuple(first) != HEADER:
        if first == ["No logs to export"]:
            return
        raise ValueError("not an export of logs")
    for row in rows:
        if len(row) != len(HEADER):
            yield [clean(cell) for cell in row]
            continue
        log: dict[str, object] = {name: cell for name, cell in zip(NAMES, row, strict=True) if name}
        yield log | {"data": json_or_text(row[-1], lenient)}


def json_or_text(text: str, lenient: Lenient) -> object:
    """JSON of a text column; what is none stays text, and nothing is nothing."""
    if not text.strip():
        return None
    try:
        return lenient.value(text)
    except ValueError:
        lenient.flags.add("bad_data")
        return text


__all__ = ["Record", "arrival", "exported", "is_fleet_file", "json_or_text", "records_of"]
