"""Small Zeek logs for tests, and short ways to read them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import CONNECTIONS, QUARANTINE, Table
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import UTC_ZONE, Source, SourceSettings
from sentinel_pipeline.sources.zeek import open_zeek

NUMBERS = {"ts", "id.orig_p", "id.resp_p", "duration", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts"}
FLAGS = {"local_orig", "local_resp"}

ROW = {
    "ts": "1780000000.123456",
    "uid": "CExample1",
    "id.orig_h": "192.168.1.10",
    "id.orig_p": "50000",
    "id.resp_h": "203.0.113.5",
    "id.resp_p": "443",
    "proto": "tcp",
    "service": "ssl",
    "duration": "1.500000",
    "orig_bytes": "100",
    "resp_bytes": "2000",
    "conn_state": "SF",
    "orig_pkts": "7",
    "resp_pkts": "9",
}
COLUMNS = (*ROW, "local_orig", "local_resp")
NOTICE_COLUMNS = ("ts", "uid", "id.orig_h", "id.resp_h", "note", "msg", "sub", "src", "dst")

Row = Mapping[str, str]


def conn(**changes: str | None) -> dict[str, str]:
    """One connection as Zeek texts; `id_orig_h=…` stands for id.orig_h, None leaves a value unset."""
    named = {key.replace("id_", "id.", 1): value for key, value in changes.items()}
    return {key: value for key, value in {**ROW, **named}.items() if value is not None}


def tsv(rows: Iterable[Row], columns: Sequence[str] = COLUMNS, path: str = "conn", is_closed: bool = True) -> str:
    lines = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{path}",
        "#open\t2026-05-29-00-00-00",
        "\t".join(["#fields", *columns]),
        "\t".join(["#types", *("string" for _ in columns)]),
        *("\t".join(row.get(column, "-") for column in columns) for row in rows),
        *(["#close\t2026-05-29-01-00-00"] if is_closed else []),
    ]
    return "\n".join(lines) + "\n"


def json_value(key: str, text: str) -> str:
    if key in FLAGS:
        return {"T": "true", "F": "false"}[text]
    return text if key in NUMBERS else json.dumps(text)


def json_line(row: Row) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{json_value(key, text)}" for key, text in row.items()) + "}"


def json_lines(rows: Iterable[Row]) -> str:
    return "".join(json_line(row) + "\n" for row in rows)


def put(folder: Path, name: str, content: str | bytes, packed: bool = False) -> Path:
    data = content.encode() if isinstance(content, str) else content
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return place


def settings(
    location: Path | str, zone: ZoneInfo = UTC_ZONE, options: dict[str, object] | None = None
) -> SourceSettings:
    return SourceSettings("office", "zeek", str(location), str(location), zone, options or {})


@dataclass
class Result:
    """What one reading gave."""

    rows: pl.DataFrame
    bad: pl.DataFrame = field(default_factory=QUARANTINE.empty)

    @property
    def row(self) -> dict[str, object]:
        return self.rows.row(0, named=True)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return [(str(location), str(reason)) for location, reason in self.bad.select("location", "reason").iter_rows()]


def taken(source: Source, table: Table = CONNECTIONS, window: Window | None = None) -> Result:
    """Everything one reading of an opened source gives."""
    bad: list[pl.DataFrame] = [QUARANTINE.empty()]
    batches = [table.empty(), *source.read(table, window, Quarantine("office", bad.append))]
    assert all(batch.schema == table.schema for batch in batches)
    return Result(pl.concat(batches), pl.concat(bad))


def read(
    location: Path | str,
    table: Table = CONNECTIONS,
    window: Window | None = None,
    memory: Path | None = None,
    zone: ZoneInfo = UTC_ZONE,
    **options: object,
) -> Result:
    with open_zeek(settings(location, zone, options), memory) as source:
        return taken(source, table, window)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> Window:
    """A UTC day."""
    start = instant(text)
    return Window(start, start + timedelta(days=1))
