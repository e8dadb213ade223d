"""Zeek's two ways of writing a log, gzipped without the time of writing."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

import polars as pl

QUOTES, MEMBER = ('"', '"'), ('["', '"]')
BRACKETS = dict.fromkeys(("string", "addr", "enum"), QUOTES) | dict.fromkeys(("set[string]", "set[enum]"), MEMBER)
"""What JSON puts around a value; sets of the demo hold one member at most."""


@dataclass(frozen=True)
class Log:
    """One rotated file: its log, fields with Zeek's types, style (tsv or json), and the local time it covers."""

    path: str
    fields: Mapping[str, str]
    style: str
    opened: datetime
    closed: datetime

    @property
    def name(self) -> str:
        """Zeek's rotated name with `_` for `:`, which not every file system takes."""
        return f"{self.path}.{self.opened:%H_%M_%S}-{self.closed:%H_%M_%S}.log.gz"


def write_log(place: Path, log: Log, lines: list[str], *, is_broken: bool = False) -> None:
    """Writes one file of lines in the log's style; a broken one gets lines no reader can use."""
    if is_broken:
        middle = len(lines) // 2
        lines = [*lines[:middle], *_broken(log, lines), *lines[middle:]]
    if log.style == "tsv":
        lines = [*_header(log), *lines, f"#close\t{log.closed:%Y-%m-%d-%H-%M-%S}"]
    place.mkdir(parents=True, exist_ok=True)
    (place / log.name).write_bytes(gzipped("".join(line + "\n" for line in lines).encode("utf-8")))


def log_lines(fields: Mapping[str, str], style: str, rows: pl.DataFrame) -> pl.Series:
    """Rows whose columns are a log's fields as the lines of its files."""
    return json_lines(fields, rows) if style == "json" else tsv_lines(fields, rows)


def tsv_lines(fields: Mapping[str, str], rows: pl.DataFrame) -> pl.Series:
    """Rows as tab-separated lines: `-` for unset, `(empty)` for an empty set."""
    texts = [_text(field, kind, ("T", "F")).fill_null(_unset(kind)) for field, kind in fields.items()]
    return rows.select(line=pl.concat_str(texts, separator="\t")).to_series()


def json_lines(fields: Mapping[str, str], rows: pl.DataFrame) -> pl.Series:
    """Rows as JSON objects; unset fields are left out."""
    pairs = []
    for field, kind in fields.items():
        value = _text(field, kind, ("true", "false"))
        before, after = BRACKETS.get(kind, ("", ""))
        text = _escaped(value) if before else value
        pairs.append(pl.concat_str(pl.lit(f'"{field}":{before}'), text, pl.lit(after)))
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return rows.select(line=pl.concat_str(pl.lit("{"), joined, pl.lit("}"))).to_series()


def _text(field: str, kind: str, truth: tuple[str, str]) -> pl.Expr:
    value = pl.col(field)
    if kind in ("time", "interval"):
        return pl.concat_str(value // 1_000_000, pl.lit("."), (value % 1_000_000).cast(pl.String).str.zfill(6))
    if kind == "bool":
        return pl.when(value).then(pl.lit(truth[0])).when(~value).then(pl.lit(truth[1]))
    return value.cast(pl.String)


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


def _unset(kind: str) -> str:
    return "(empty)" if kind.startswith("set[") else "-"


def _header(log: Log) -> list[str]:
    return [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{log.path}",
        f"#open\t{log.opened:%Y-%m-%d-%H-%M-%S}",
        "#fields\t" + "\t".join(log.fields),
        "#types\t" + "\t".join(log.fields.values()),
    ]


def _broken(log: Log, lines: list[str]) -> list[str]:
    """A line cut in the middle, and in TSV one whose time was masked by whoever shared the file."""
    if not lines:
        return ["cut off"]
    cut = lines[0][: len(lines[0]) // 2]
    if log.style == "json":
        return [cut]
    return [cut, "XXXXXXXXXX.XXXXXX\t" + lines[-1].partition("\t")[2]]


def gzipped(content: bytes) -> bytes:
    """Packed without the time of packing: the same bytes every time."""
    buffer = BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()
