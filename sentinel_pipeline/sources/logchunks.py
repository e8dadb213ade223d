"""A log file as chunks of records: told by its content which family's log it is, read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain

import polars as pl

from sentinel_pipeline.sources.logblocks import Block, read_blocks, visible
from sentinel_pipeline.sources.logfiles import LogFile, reason_of

OTHER, UNKNOWN = "other", ""
FOREIGN = "foreign"  # a log of another family, for another source to read
HEAD = 64 << 10
SHOWN = 80
UNREADABLE = "unreadable_file"


@dataclass(frozen=True)
class Chunk:
    """Some records of one kind.

    `rows` has columns line, record (the line as it stood) and the kind's fields as text; with a `reason`, only line and
    record of what cannot be read. Line 0 is the file itself. `left` counts records of other kinds that were left alone.
    """

    kind: str
    rows: pl.DataFrame
    reason: str = ""
    left: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LogForm:
    """How logs of a system are recognised and read.

    `chunks` takes a file's blocks and its first lines, and gives None when it is no such log. What cannot be read and
    tells no kind by itself is counted to `home`; `strange` is the reason for a file that is no such log.
    """

    system: str
    home: str
    strange: str
    chunks: Callable[[Iterator[Block], list[str], LogFile], Iterator[Chunk] | None]


def flaw(kind: str, reason: str, line: int, record: str) -> Chunk:
    """A chunk of one record that cannot be read."""
    return Chunk(kind, pl.DataFrame({"line": [line], "record": [record]}), reason)


def seen(kind: str, left: Mapping[str, int] | None = None) -> Chunk:
    """A chunk without rows: such a log is there."""
    return Chunk(kind, pl.DataFrame(schema={"line": pl.Int64, "record": pl.String}), left=left or {})


def file_chunks(file: LogFile, form: LogForm) -> Iterator[Chunk]:
    """Chunks of one log file; a file that cannot be read, or is no log of the family, gives one that says so."""
    try:
        if file.problem:
            raise OSError(0, file.problem)
        for chunk in _chunks(read_blocks(file.path, file.size), file, form):
            yield replace(chunk, kind=form.home) if chunk.kind == UNKNOWN else chunk
    except OSError as error:
        yield flaw(form.home, f"{UNREADABLE}: {reason_of(error)}", 0, file.name)


def first_chunks(file: LogFile, form: LogForm) -> Iterator[Chunk]:
    """What a file's first lines tell; nothing when it cannot be read, UNKNOWN of one that is no log of the family."""
    with suppress(OSError):
        first = _first_block(file)
        yield from _chunks(iter([first] if first else []), file, form)


def unreadable(file: LogFile) -> str:
    """Why a file cannot be read; '' when it can."""
    try:
        _first_block(file)
    except OSError as error:
        return reason_of(error)
    return ""


def _first_block(file: LogFile) -> Block | None:
    if file.problem:
        raise OSError(0, file.problem)
    return next(read_blocks(file.path, file.size, HEAD), None)


def _chunks(blocks: Iterator[Block], file: LogFile, form: LogForm) -> Iterator[Chunk]:
    first = next(blocks, None)
    if first is None:
        yield flaw(UNKNOWN, "empty_file", 0, "(0 bytes)")
        return
    chunks = form.chunks(chain([first], blocks), _whole_lines(first.data), file)
    if chunks is None:
        yield flaw(UNKNOWN, first.flaw or form.strange, 0, _opening(first.data, file.size))
    else:
        yield from chunks


def _whole_lines(data: bytes) -> list[str]:
    """The first lines, none of them cut."""
    end = data.find(b"\n", HEAD)
    return visible(data[:end] if end >= 0 else data).split("\n")


def _opening(data: bytes, size: int) -> str:
    """How a strange file starts, every character visible, and how large it is."""
    start = visible(data[: 4 * SHOWN])[:SHOWN]
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in start)
    return f"{shown[:SHOWN]} ({size} bytes)"
