"""Zeek's JSON logs: one object a line, keys in several styles, logs mixed in one file; rows as text columns."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import polars as pl

from sentinel_pipeline.sources.log_json import JsonShape, object_of, objects
from sentinel_pipeline.sources.logblocks import Block, visible
from sentinel_pipeline.sources.logchunks import OTHER, UNKNOWN, Chunk, flaw, seen
from sentinel_pipeline.sources.zeek_types import (
    CONN,
    CONN_COLUMNS,
    FIELDS,
    IDENTIFYING,
    NOTICE,
    ORIGINATOR,
    OTHER_LOGS,
    RESPONDER,
    named_log,
)

TYPE_KEYS = ("_path", "@stream", "__name")
NESTED = ("orig_h", "orig_p", "resp_h", "resp_p")
KEYS = tuple(dict.fromkeys(name for fields in FIELDS.values() for field in fields for name in field.names)) + TYPE_KEYS
SHAPE = JsonShape(KEYS, {"id": NESTED})


def json_kind(head: list[str], stem: str) -> str | None:
    """Which log the first recognisable object belongs to, UNKNOWN when each line must tell, None for no Zeek log."""
    for text in head:
        found = object_of(text)
        if found is None:
            continue
        word = next((str(found[key]) for key in TYPE_KEYS if key in found), "")
        if "event_type" in found and "timestamp" in found:
            return OTHER  # a Suricata log lies beside Zeek's: another source reads it
        if named_log(word) or named_log(stem):
            return named_log(stem)
        if "ts" in found and not IDENTIFYING.isdisjoint(SHAPE.flat(found)):
            return UNKNOWN
    return None


def json_chunks(blocks: Iterator[Block], stem: str) -> Iterator[Chunk]:
    """Chunks of a Zeek JSON log; each line says by itself which log it belongs to."""
    home = named_log(stem)
    for block in blocks:
        if block.flaw:
            yield flaw(home, block.flaw, block.line, visible(block.data))
            continue
        *flaws, whole = objects(block, SHAPE, home)
        yield from flaws
        yield from _chunks_by_kind(whole.rows, home)


def _chunks_by_kind(rows: pl.DataFrame, home: str) -> Iterator[Chunk]:
    """The rows of each log; lines that tell neither a log nor a time are no records at all."""
    rows = _with_bare_conns(rows.with_columns(_kind(home).alias("kind")), home)
    is_nothing = (pl.col("kind") == OTHER) & pl.all_horizontal(pl.col("ts", *TYPE_KEYS).is_null())
    if not home:
        yield Chunk(UNKNOWN, rows.filter(is_nothing).select("line", "record"), "bad_time")
    if home in FIELDS or (rows["kind"] == OTHER).any():
        yield seen(home if home in FIELDS else OTHER)
    for kind, fields in FIELDS.items():
        found = rows.filter(pl.col("kind") == kind)
        if found.height:
            values = (_given(field.names).alias(field.name) for field in fields)
            yield Chunk(kind, found.select("line", "record", *values))


def _with_bare_conns(rows: pl.DataFrame, home: str) -> pl.DataFrame:
    """Lines of a conn log that say neither their log nor a state: hosts, protocol, and no key of another log."""
    if home:
        return rows
    ends = (pl.coalesce("id.orig_h", *ORIGINATOR), pl.coalesce("id.resp_h", *RESPONDER), pl.col("proto"))
    undecided = (pl.col("kind") == OTHER) & pl.all_horizontal(part.is_not_null() for part in ends)
    undecided &= pl.all_horizontal(pl.col(TYPE_KEYS).is_null())
    bare = [
        is_undecided and CONN_COLUMNS.issuperset(SHAPE.flat(orjson.loads(record)))
        for is_undecided, record in rows.select(undecided, "record").iter_rows()
    ]
    return rows.with_columns(
        pl.when(pl.Series(bare, dtype=pl.Boolean)).then(pl.lit(CONN)).otherwise("kind").alias("kind")
    )


def _given(names: tuple[str, ...]) -> pl.Expr:
    """The first of several keys that has a value; '-' is what shippers write for none."""
    value = pl.coalesce(names)
    return pl.when(value != "-").then(value)


def _kind(home: str) -> pl.Expr:
    """Which log a line belongs to: by its own word, else by the file's name, else by its keys."""
    word = pl.coalesce(TYPE_KEYS)
    originator, responder = pl.coalesce("id.orig_h", *ORIGINATOR), pl.coalesce("id.resp_h", *RESPONDER)
    state = pl.coalesce("conn_state", "orig_pkts")
    is_conn = pl.all_horizontal(part.is_not_null() for part in (originator, responder, pl.col("proto"), state))
    is_notice = pl.col("note").is_not_null() & pl.col("conn_state").is_null()
    by_keys = pl.when(is_notice).then(pl.lit(NOTICE)).when(is_conn).then(pl.lit(CONN)).otherwise(pl.lit(OTHER))
    return (
        pl.when(word.is_in((CONN, NOTICE)))
        .then(word)
        .when(word.is_in(sorted(OTHER_LOGS)))
        .then(pl.lit(OTHER))
        .otherwise(pl.lit(home) if home else by_keys)
    )
