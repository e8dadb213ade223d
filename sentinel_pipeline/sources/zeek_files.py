"""What a file holds, told by its content: a Zeek log in one of its forms, or nothing of Zeek's."""

from __future__ import annotations

from collections.abc import Iterator

from sentinel_pipeline.sources.logblocks import Block
from sentinel_pipeline.sources.logchunks import OTHER, Chunk, LogForm, seen
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.zeek_json import json_chunks, json_kind
from sentinel_pipeline.sources.zeek_tsv import opening_header, tsv_chunks
from sentinel_pipeline.sources.zeek_types import CONN


def is_zeek(head: list[str], stem: str) -> bool:
    """Whether these first lines are of a Zeek log, of whatever kind."""
    return opening_header(head) is not None or json_kind(head, stem) not in (None, OTHER)


def _zeek_chunks(blocks: Iterator[Block], head: list[str], file: LogFile) -> Iterator[Chunk] | None:
    if header := opening_header(head):
        return tsv_chunks(blocks, header, file.stem)
    kind = json_kind(head, file.stem)
    if kind == OTHER:
        return iter([seen(OTHER)])
    return None if kind is None else json_chunks(blocks, file.stem)


FORM = LogForm("Zeek", CONN, "not_a_zeek_log", _zeek_chunks)
