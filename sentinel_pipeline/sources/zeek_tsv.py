"""Zeek's ASCII logs: the header that says how to read them, and their rows as text columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from sentinel_pipeline.sources.logblocks import Block, numbered_lines, visible
from sentinel_pipeline.sources.logchunks import OTHER, UNKNOWN, Chunk, flaw, seen
from sentinel_pipeline.sources.zeek_types import CONN, FIELDS, KNOWN_COLUMNS, Field, log_type, unescaped

SEPARATOR_LINE = re.compile(r"([^\w\s{\[]{1,8})separator[ \t]+(\S+)\s*$")
COLUMN_NAME = re.compile(r"[A-Za-z_@][\w.@-]*$")


@dataclass(frozen=True)
class Header:
    """What the lines before the rows say; `line` is where the columns were named."""

    prefix: str = "#"
    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    columns: tuple[str, ...] = ()
    line: int = 0

    def with_line(self, text: str, line: int) -> Header:
        """This header after one more of its lines; a separator line starts a new one, a comment changes nothing."""
        start = SEPARATOR_LINE.match(text)
        if start:
            return Header(prefix=self.prefix, separator=unescaped(start.group(2)))
        word, _, value = text.removeprefix(self.prefix).partition(self.separator)
        if word == "fields":
            return replace(self, columns=tuple(value.split(self.separator)), line=line)
        return HEADER_WORDS[word](self, value) if word in HEADER_WORDS else self

    def kind(self, stem: str) -> str:
        """Which log this is; UNKNOWN before the columns are named."""
        return log_type(self.path, stem, self.columns) if self.columns else UNKNOWN

    def index(self, field: Field) -> int | None:
        """Where a field stands in a row; None when it is not logged."""
        return next((self.columns.index(name) for name in field.names if name in self.columns), None)


HEADER_WORDS: dict[str, Callable[[Header, str], Header]] = {
    "set_separator": lambda header, value: replace(header, set_separator=value),
    "empty_field": lambda header, value: replace(header, empty=value),
    "unset_field": lambda header, value: replace(header, unset=value),
    "path": lambda header, value: replace(header, path=value),
}


def opening_header(head: list[str]) -> Header | None:
    """The header to start with when these are the first lines of a Zeek ASCII log, else None."""
    for number, text in enumerate(head, start=1):
        start = SEPARATOR_LINE.match(text)
        if start:
            return Header(prefix=start.group(1))
        if text.startswith("#fields\t"):
            return Header()
        if text.strip() and not text.startswith("#"):
            return _plain_header(text.rstrip("\r"), number)
    return None


def _plain_header(text: str, line: int) -> Header | None:
    """The header of Zeek's plain `tsv` mode: one line of column names."""
    columns = tuple(text.split("\t"))
    is_header = all(map(COLUMN_NAME.match, columns)) and not KNOWN_COLUMNS.isdisjoint(columns)
    return Header(columns=columns, line=line) if is_header else None


def tsv_chunks(blocks: Iterator[Block], header: Header, stem: str) -> Iterator[Chunk]:
    """Chunks of a Zeek ASCII log; every header is told by a chunk of its own, with or without rows."""
    opening = header.line
    told = None
    for block in blocks:
        if block.flaw:
            yield flaw(header.kind(stem), block.flaw, block.line, visible(block.data))
            continue
        for current, rows in _segments(block, header, stem):
            header = current
            opening = opening or header.line
            if told != header.line and (header.columns or rows.height):  # else the header may go on in the next block
                told = header.line
                yield _header_chunk(header, stem, 0 if header.line == opening else header.line)
            yield from _row_chunks(header, stem, rows)
    if told is None or not (header.columns or told == header.line):
        yield _header_chunk(header, stem, 0)


def _segments(block: Block, header: Header, stem: str) -> Iterator[tuple[Header, pl.DataFrame]]:
    """Runs of lines below one header, without comments; the last may be empty, but tells the header."""
    mark = header.prefix.encode()
    if not block.data.startswith(mark) and b"\n" + mark not in block.data:
        is_read = header.kind(stem) != OTHER
        lines = numbered_lines(block if is_read else Block(block.line, b""))
        yield header, lines if block.line > header.line else lines.filter(pl.col("line") > header.line)
        return
    run: list[tuple[int, str]] = []
    for line, text in enumerate(visible(block.data).split("\n"), start=block.line):
        if not text.startswith(header.prefix):
            run += [(line, text)] if line > header.line and text.strip() else []
            continue
        following = header.with_line(text.rstrip("\r"), line)
        if following != header and run:
            yield header, _numbered(run)
            run = []
        header = following
    yield header, _numbered(run)


def _numbered(run: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(run, schema={"line": pl.Int64, "record": pl.String}, orient="row")


def _missing(header: Header, kind: str) -> list[str]:
    return [field.name for field in FIELDS.get(kind, ()) if field.is_mandatory and header.index(field) is None]


def _header_chunk(header: Header, stem: str, line: int) -> Chunk:
    """Tells which log follows, or why its rows cannot be used."""
    kind = header.kind(stem)
    record = header.separator.join(header.columns)
    if not header.columns:
        return flaw(CONN, "no_fields", line, f"path '{header.path}'")
    if missing := _missing(header, kind):
        return flaw(kind, f"missing_columns: {', '.join(missing)}", line, record)
    return seen(kind)


def _row_chunks(header: Header, stem: str, lines: pl.DataFrame) -> Iterator[Chunk]:
    """The rows below one header, and the lines that have too few or too many fields."""
    kind = header.kind(stem)
    if lines.is_empty() or kind not in FIELDS or _missing(header, kind):
        return
    lines = lines.with_columns(pl.col("record").str.strip_suffix("\r")).filter(pl.col("record") != "")
    width = len(header.columns)
    rows = lines.with_columns(pl.col("record").str.split_exact(header.separator, width).alias("fields"))
    last, beyond = (rows["fields"].struct.field(f"field_{n}") for n in (width - 1, width))
    for reason, is_flawed in (("too_few_fields", last.is_null()), ("too_many_fields", beyond.is_not_null())):
        if is_flawed.any():
            yield Chunk(kind, lines.filter(is_flawed), reason)
    if last.null_count() or beyond.null_count() < rows.height:
        rows = rows.filter(last.is_not_null() & beyond.is_null())
    yield Chunk(kind, rows.select("line", "record", *(_value(header, field) for field in FIELDS[kind])))


def _value(header: Header, field: Field) -> pl.Expr:
    """A field's text: NULL where it is unset, empty where it is logged as empty."""
    index = header.index(field)
    if index is None:
        return pl.lit(None, pl.String).alias(field.name)
    text = pl.col("fields").struct.field(f"field_{index}")
    given = pl.when(text == header.empty).then(pl.lit("")).when(text != header.unset).then(text)
    if field.name == "service" and header.set_separator != ",":
        given = given.str.replace_all(header.set_separator, ",", literal=True)  # type: ignore[assignment]
    return given.alias(field.name)
