"""Streams a log file, plain or gzip, as blocks of whole lines: memory is one block, whatever the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

BLOCK = 8 << 20
LINE_LIMIT = 64 << 20
PIECE = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole lines without the last newline, and the first one's number; with a `flaw`, a piece that cannot be read."""

    line: int
    data: bytes
    flaw: str = ""


class DamagedError(Exception):
    """The compressed data end too early or do not fit their checksum."""


def read_blocks(path: str, size: int, block: int = BLOCK) -> Iterator[Block]:
    """The first `size` bytes of a file, unpacked where they are gzip. Raises OSError when it cannot be read."""
    with Path(path).open("rb") as stream:
        magic = stream.read(len(GZIP_MAGIC))
        stream.seek(0)
        pieces = _pieces(stream, size, min(PIECE, block))
        yield from Lines(block).blocks(inflated(pieces) if magic == GZIP_MAGIC else pieces)


def visible(data: bytes) -> str:
    """Bytes as text; what is no UTF-8 stays visible as \\xHH."""
    return data.decode("utf-8", "backslashreplace")


def numbered_lines(block: Block) -> pl.DataFrame:
    """The lines of a block: columns line and record."""
    lines = pl.DataFrame({"record": visible(block.data).split("\n")})
    return lines.select(pl.int_range(block.line, block.line + pl.len(), dtype=pl.Int64).alias("line"), "record")


def _pieces(stream: BinaryIO, size: int, step: int) -> Iterator[bytes]:
    while size > 0 and (piece := stream.read(min(step, size))):
        size -= len(piece)
        yield piece


class Lines:
    """Cuts a stream of bytes into blocks of whole lines, counting them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._line = 1
        self._held = b""
        self._is_skipping = False

    def blocks(self, pieces: Iterator[bytes]) -> Iterator[Block]:
        gathered = bytearray()
        flaw = ""
        try:
            for piece in pieces:
                gathered += piece
                if len(gathered) >= max(self._size, len(self._held)):  # a long line is joined in growing steps
                    yield from self._cut(bytes(gathered))
                    gathered.clear()
        except DamagedError:
            flaw = "truncated_gzip"
        is_open = not flaw and not (gathered or self._held or b"\n").endswith(b"\n")
        yield from self._cut(bytes(gathered) + b"\n" * is_open)
        if flaw:
            yield Block(self._line, self._held, flaw)

    def _cut(self, data: bytes) -> Iterator[Block]:
        """Gives the whole lines of what is held and has come, and holds the rest."""
        data = self._after_skipped(data)
        if self._line == 1 and not self._held:
            data = data.removeprefix(BYTE_ORDER_MARK)
        lines, newline, rest = data.rpartition(b"\n")
        if newline:
            lines, self._held = self._held + lines, rest
            yield Block(self._line, lines)
            self._line += lines.count(b"\n") + 1
        else:
            self._held += rest
        if len(self._held) > LINE_LIMIT:
            yield Block(self._line, self._held[:PIECE], "line_too_long")
            self._held, self._is_skipping = b"", True

    def _after_skipped(self, data: bytes) -> bytes:
        """What follows the end of a line that was too long to keep."""
        if not self._is_skipping:
            return data
        _, newline, rest = data.partition(b"\n")
        if newline:
            self._is_skipping = False
            self._line += 1
        return rest


def inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacks gzip, member after member; all that stands before a damage is given before DamagedError is raised."""
    engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for piece in pieces:
        rest = piece
        while rest:
            if engine.eof:
                rest = rest.lstrip(b"\0")  # tapes and block devices pad with zeros
                engine = zlib.decompressobj(zlib.MAX_WBITS | 16) if rest else engine
            else:
                yield from _unpacked(engine, rest)
                rest = engine.unused_data
    if not engine.eof:
        raise DamagedError


def _unpacked(engine: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What one engine makes of some bytes, in bounded pieces."""
    full = True
    while data or full:
        before = engine.copy()
        try:
            out = engine.decompress(data, PIECE)
        except zlib.error:
            yield from _salvaged(before, data)
            raise DamagedError from None
        yield out
        data, full = engine.unconsumed_tail, len(out) == PIECE


def _salvaged(engine: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What can be unpacked before the damage: a failing call gives nothing, so the last bytes go one by one."""
    try:
        for start in range(len(data)):
            yield engine.decompress(data[start : start + 1])
    except zlib.error:
        return
