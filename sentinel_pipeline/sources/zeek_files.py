"""What a file holds, told by its content: a Zeek log in one of its forms, or nothing of Zeek's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from sentinel_pipeline.sources.logblocks import Block, read_blocks, visible
from sentinel_pipeline.sources.logfiles import LogFile, reason_of
from sentinel_pipeline.sources.zeek_json import json_chunks, json_kind
from sentinel_pipeline.sources.zeek_tsv import opening_header, tsv_chunks
from sentinel_pipeline.sources.zeek_types import CONN, OTHER, UNKNOWN, Chunk, flaw, seen

HEAD = 64 << 10
SHOWN = 80
UNREADABLE = "unreadable_file"


def file_chunks(file: LogFile) -> Iterator[Chunk]:
    """Chunks of one log file; a file that cannot be read, or is no Zeek log, gives one that says so.

    What cannot be read and tells no log by itself is counted to the connections.
    """
    try:
        if file.problem:
            raise OSError(0, file.problem)
        for chunk in _chunks(read_blocks(file.path, file.size), file):
            yield replace(chunk, kind=CONN) if chunk.kind == UNKNOWN else chunk
    except OSError as error:
        yield flaw(CONN, f"{UNREADABLE}: {reason_of(error)}", 0, file.name)


def first_chunks(file: LogFile) -> Iterator[Chunk]:
    """What a file's first lines tell; nothing when it cannot be read, UNKNOWN of one that is no Zeek log."""
    with suppress(OSError):
        first = _first_block(file)
        yield from _chunks(iter([first] if first else []), file)


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


def _chunks(blocks: Iterator[Block], file: LogFile) -> Iterator[Chunk]:
    first = next(blocks, None)
    if first is None:
        yield flaw(UNKNOWN, "empty_file", 0, "(0 bytes)")
        return
    head = _whole_lines(first.data)
    blocks = chain([first], blocks)
    if header := opening_header(head):
        yield from tsv_chunks(blocks, header, file.stem)
        return
    kind = json_kind(head, file.stem)
    if kind == OTHER:
        yield seen(OTHER)
    elif kind is not None:
        yield from json_chunks(blocks, file.stem)
    else:
        yield flaw(UNKNOWN, first.flaw or "not_a_zeek_log", 0, _opening(first.data, file.size))


def _whole_lines(data: bytes) -> list[str]:
    """The first lines, none of them cut."""
    end = data.find(b"\n", HEAD)
    return visible(data[:end] if end >= 0 else data).split("\n")


def _opening(data: bytes, size: int) -> str:
    """How a strange file starts, every character visible, and how large it is."""
    start = visible(data[: 4 * SHOWN])[:SHOWN]
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in start)
    return f"{shown[:SHOWN]} ({size} bytes)"
