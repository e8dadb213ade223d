"""Tables as files for machines, spreadsheets and paper: CSV, JSON, NDJSON, XLSX, Parquet, SQLite, PDF.

Every writer streams a frame to the path it is given, tells `heard` how it gets on, returns the number of rows; moving a
finished file to its place is the caller's. CSV and XLSX are safe to open in a spreadsheet, JSON, NDJSON and Parquet
hold the values as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.batches import Heard, batches, unheard
from sentinel_pipeline.rendering.casts import all_typed, flat
from sentinel_pipeline.rendering.database import write_sqlite
from sentinel_pipeline.rendering.inert import inert
from sentinel_pipeline.rendering.json_lines import json_lines
from sentinel_pipeline.rendering.long_sheets import write_xlsx
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.spelling import Spelling

Frame = pl.DataFrame | pl.LazyFrame
CSV_DIALECT: Final[dict[str, Any]] = {
    "line_terminator": "\r\n",
    "quote_style": "necessary",
    "null_value": "",
    "float_scientific": False,
}


class Write(Protocol):
    """Puts a frame's rows into a file and says how many there were."""

    def __call__(self, frame: pl.LazyFrame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int: ...


@dataclass(frozen=True)
class Format:
    """A file format of exports."""

    name: str
    suffix: str
    media_type: str
    write: Write


def rounded(frame: pl.LazyFrame, decimals: int | None) -> pl.LazyFrame:
    """Reals with so many decimals, half to even, never a negative zero; None: as they are."""
    if decimals is None:
        return frame
    reals = [name for name, dtype in frame.collect_schema().items() if dtype.is_float()]
    short = pl.col(reals).round(decimals, mode="half_to_even")
    return frame.with_columns(pl.when(short == 0).then(0.0).otherwise(short).name.keep())


def write_csv(frame: Frame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """RFC 4180 with CRLF and a header; NULL is an empty cell, empty text is `""`, formulas are inert."""
    rows = frame.lazy()
    parts = (csv_cells(batch.lazy(), spelling.zone).collect() for batch in batches(rows, heard))
    return _stream_csv(csv_cells(rows.clear(), spelling.zone).collect(), parts, path, spelling)


def write_csv_as_is(frame: Frame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """Like `write_csv`, for text that has been made inert already."""
    return _stream_csv(frame.lazy().clear().collect(), batches(frame.lazy(), heard), path, spelling)


def _stream_csv(header: pl.DataFrame, parts: Iterable[pl.DataFrame], path: Path, spelling: Spelling) -> int:
    rows = 0
    with path.open("wb") as file:
        if header.width == 0:
            return 0
        habits = {"separator": spelling.delimiter, "float_precision": spelling.decimals, **CSV_DIALECT}
        header.write_csv(file, include_header=spelling.has_header, include_bom=spelling.has_bom, **habits)
        for part in parts:
            part.write_csv(file, include_header=False, **habits)
            rows += part.height
    return rows


def to_csv(table: pl.DataFrame, zone: ZoneInfo) -> bytes:
    """The bytes that `write_csv` writes."""
    if table.width == 0:
        return b""
    text: str = csv_cells(table.lazy(), zone).collect().write_csv(**CSV_DIALECT)
    return text.encode()


def csv_cells(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """The frame with single values only, its text inert."""
    schema = pl.Schema(frame.collect_schema())
    flattened = frame.with_columns(flat(pl.col(name), dtype, zone).alias(name) for name, dtype in schema.items())
    text = [name for name, dtype in flattened.collect_schema().items() if dtype == pl.String]
    was_time = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime | pl.Duration)]
    return flattened.with_columns(inert(pl.col(name)).alias(name) for name in text if name not in was_time)


def write_ndjson(frame: Frame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """One strict JSON object per line, in the order of the columns."""
    rows = 0
    with path.open("wb") as file:
        for line in _json_rows(frame.lazy(), spelling.zone, heard):
            file.write(line + b"\n")
            rows += 1
    return rows


def write_json(frame: Frame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """A strict JSON array of objects, one per line; times ISO 8601 with offset, integers above 2^53 as text."""
    with path.open("wb") as file:
        return _stream_json(frame.lazy(), file, spelling.zone, heard)


def to_json(table: pl.DataFrame, zone: ZoneInfo) -> bytes:
    """The bytes that `write_json` writes."""
    buffer = BytesIO()
    _stream_json(table.lazy(), buffer, zone)
    return buffer.getvalue()


def _stream_json(frame: pl.LazyFrame, file: IO[bytes], zone: ZoneInfo, heard: Heard = unheard) -> int:
    rows = 0
    file.write(b"[")
    for line in _json_rows(frame, zone, heard):
        file.write((b",\n" if rows else b"\n") + line)
        rows += 1
    file.write(b"\n]\n" if rows else b"]\n")
    return rows


def _json_rows(frame: pl.LazyFrame, zone: ZoneInfo, heard: Heard) -> Iterator[bytes]:
    for batch in batches(frame, heard):
        yield from json_lines(all_typed(batch, zone))


def write_parquet(frame: Frame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:  # noqa: ARG001 - instants stay UTC, as stored
    """Parquet with exact values and types; no step of it is heard of."""
    frame.lazy().sink_parquet(path, compression="zstd", compression_level=3, row_group_size=131_072)
    rows = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    heard(rows)
    return rows


FORMATS = (
    Format("csv", ".csv", "text/csv; charset=utf-8", write_csv),
    Format("json", ".json", "application/json", write_json),
    Format("ndjson", ".ndjson", "application/x-ndjson", write_ndjson),
    Format("xlsx", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
    Format("parquet", ".parquet", "application/vnd.apache.parquet", write_parquet),
    Format("sqlite", ".sqlite", "application/vnd.sqlite3", write_sqlite),
    Format("pdf", ".pdf", "application/pdf", write_pdf),
)
FORMAT = {format_.name: format_ for format_ in FORMATS}
