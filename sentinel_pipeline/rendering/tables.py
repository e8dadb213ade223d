"""Tables as files for machines, spreadsheets and paper: CSV, JSON, NDJSON, XLSX, Parquet, SQLite, PDF.

Every writer streams a frame to the path it is given and returns the number of rows; moving a finished file to its place
is the caller's. CSV and XLSX are safe to open in a spreadsheet, JSON, NDJSON and Parquet hold the values as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.casts import flat, typed
from sentinel_pipeline.rendering.database import write_sqlite
from sentinel_pipeline.rendering.inert import inert
from sentinel_pipeline.rendering.json_lines import json_lines
from sentinel_pipeline.rendering.long_sheets import write_xlsx
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.spelling import Spelling

Frame = pl.DataFrame | pl.LazyFrame
BATCH_ROWS: Final = 65_536
# Polars' own choice of a hundred thousand rows a step holds several of them, as text, at once.
CSV_STEP_ROWS: Final = 8_192
CSV_DIALECT: Final[dict[str, Any]] = {
    "line_terminator": "\r\n",
    "quote_style": "necessary",
    "null_value": "",
    "float_scientific": False,
}


@dataclass(frozen=True)
class Format:
    """A file format of exports; `write` puts a frame's rows into a file and says how many there were."""

    name: str
    suffix: str
    media_type: str
    write: Callable[[pl.LazyFrame, Path, Spelling], int]


def rounded(frame: pl.LazyFrame, decimals: int | None) -> pl.LazyFrame:
    """Reals with so many decimals, half to even, never a negative zero; None: as they are."""
    if decimals is None:
        return frame
    reals = [name for name, dtype in frame.collect_schema().items() if dtype.is_float()]
    short = pl.col(reals).round(decimals, mode="half_to_even")
    return frame.with_columns(pl.when(short == 0).then(0.0).otherwise(short).name.keep())


def write_csv(frame: Frame, path: Path, spelling: Spelling) -> int:
    """RFC 4180 with CRLF and a header; NULL is an empty cell, empty text is `""`, formulas are inert."""
    return write_csv_as_is(csv_cells(frame.lazy(), spelling.zone), path, spelling)


def write_csv_as_is(frame: Frame, path: Path, spelling: Spelling) -> int:
    """Like `write_csv`, for text that has been made inert already."""
    rows = frame.lazy()
    if not rows.collect_schema():
        path.write_bytes(b"")
        return 0
    rows, written = counted(rows)
    with pl.Config() as config:
        config.set_streaming_chunk_size(CSV_STEP_ROWS)
        rows.sink_csv(path, check_extension=False, **CSV_DIALECT, **csv_habits(spelling))
    return written()


def counted(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, Callable[[], int]]:
    """The frame, and how many of its rows have gone by so far."""
    heights: list[int] = []

    def seen(batch: pl.DataFrame) -> pl.DataFrame:
        heights.append(batch.height)
        return batch

    return frame.map_batches(seen, streamable=True), lambda: sum(heights)


def csv_habits(spelling: Spelling) -> dict[str, Any]:
    """What of a CSV is a person's choice."""
    return {
        "include_header": spelling.has_header,
        "include_bom": spelling.has_bom,
        "separator": spelling.delimiter,
        "float_precision": spelling.decimals,
    }


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


def write_ndjson(frame: Frame, path: Path, spelling: Spelling) -> int:
    """One strict JSON object per line, in the order of the columns."""
    rows = 0
    with path.open("wb") as file:
        for line in _json_rows(frame.lazy(), spelling.zone):
            file.write(line + b"\n")
            rows += 1
    return rows


def write_json(frame: Frame, path: Path, spelling: Spelling) -> int:
    """A strict JSON array of objects, one per line; times ISO 8601 with offset, integers above 2^53 as text."""
    with path.open("wb") as file:
        return _stream_json(frame.lazy(), file, spelling.zone)


def to_json(table: pl.DataFrame, zone: ZoneInfo) -> bytes:
    """The bytes that `write_json` writes."""
    buffer = BytesIO()
    _stream_json(table.lazy(), buffer, zone)
    return buffer.getvalue()


def _stream_json(frame: pl.LazyFrame, file: IO[bytes], zone: ZoneInfo) -> int:
    rows = 0
    file.write(b"[")
    for line in _json_rows(frame, zone):
        file.write((b",\n" if rows else b"\n") + line)
        rows += 1
    file.write(b"\n]\n" if rows else b"]\n")
    return rows


def _json_rows(frame: pl.LazyFrame, zone: ZoneInfo) -> Iterator[bytes]:
    schema = frame.collect_schema()
    cells = frame.with_columns(typed(pl.col(name), dtype, zone).alias(name) for name, dtype in schema.items())
    for batch in cells.collect_batches(chunk_size=BATCH_ROWS):
        yield from json_lines(batch)


def write_parquet(frame: Frame, path: Path, spelling: Spelling) -> int:  # noqa: ARG001 - instants stay UTC, as stored
    """Parquet with exact values and types."""
    frame.lazy().sink_parquet(path, compression="zstd", compression_level=3, row_group_size=131_072)
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


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
