"""Suricata's EVE logs: one JSON object a line, all kinds of event mixed; flows and alerts as text columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from sentinel_pipeline.sources.eve_netflow import NetflowPairs
from sentinel_pipeline.sources.log_json import JsonShape, object_of, objects
from sentinel_pipeline.sources.logblocks import Block, visible
from sentinel_pipeline.sources.logchunks import FOREIGN, OTHER, UNKNOWN, Chunk, LogForm, flaw, seen
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.zeek_json import json_kind
from sentinel_pipeline.sources.zeek_tsv import opening_header

FLOW, NETFLOW, ALERT = "flow", "netflow", "alert"

# What Suricata writes beside EVE by default: its own messages, and the same alerts and counters in other forms.
# Neither these nor Zeek's logs are a fault of the folder.
BESIDE = frozenset({"fast", "stats", "suricata", "suricata-start"})

TUPLE = ("src_ip", "src_port", "dest_ip", "dest_port", "proto")
SHAPE = JsonShape(
    ("event_type", "timestamp", "flow_id", *TUPLE, "app_proto", "direction"),
    {
        "flow": (
            *("start", "end", "state", "bytes_toserver", "bytes_toclient", "pkts_toserver", "pkts_toclient"),
            "src_ip",
        ),
        "netflow": ("start", "end", "bytes", "pkts"),
        "alert": ("action", "gid", "signature_id", "rev", "signature", "category", "severity", "source"),
        "verdict": ("action",),
    },
)
CONNECTION = ("line", "record", "flow_id", *TUPLE, "app_proto")
COLUMNS = {
    FLOW: {
        "ts": "flow.start",
        "end": "flow.end",
        "state": "flow.state",
        "bytes_toserver": "flow.bytes_toserver",
        "bytes_toclient": "flow.bytes_toclient",
        "pkts_toserver": "flow.pkts_toserver",
        "pkts_toclient": "flow.pkts_toclient",
    },
    NETFLOW: {"ts": "netflow.start", "end": "netflow.end", "bytes": "netflow.bytes", "pkts": "netflow.pkts"},
    ALERT: {
        "ts": "timestamp",
        "opened_by": "flow.src_ip",
        "verdict": "verdict.action",
        "attacker": "alert.source",
        **{name: f"alert.{name}" for name in ("action", "gid", "signature_id", "rev", "signature", "category")},
        "severity": "alert.severity",
    },
}
KEPT = {FLOW: CONNECTION, NETFLOW: CONNECTION, ALERT: ("line", "record", "flow_id", *TUPLE, "direction")}


def is_eve(head: list[str]) -> bool:
    """Whether one of these first lines is an event."""
    return any({"event_type", "timestamp"} <= found.keys() for text in head if (found := object_of(text)) is not None)


def _eve_chunks(
    blocks: Iterator[Block], head: list[str], file: LogFile, *, is_netflow_used: bool
) -> Iterator[Chunk] | None:
    if is_eve(head):
        return _events(blocks, is_netflow_used=is_netflow_used)
    if file.stem in BESIDE or opening_header(head) is not None or json_kind(head, file.stem) is not None:
        return iter([seen(FOREIGN)])
    return None


def _events(blocks: Iterator[Block], *, is_netflow_used: bool) -> Iterator[Chunk]:
    """Chunks of an EVE log: every file of events may hold alerts."""
    pairs = NetflowPairs()
    yield seen(ALERT)
    for block in blocks:
        if block.flaw:
            yield flaw(UNKNOWN, block.flaw, block.line, visible(block.data))
            continue
        *flaws, whole = objects(block, SHAPE, UNKNOWN)
        yield from flaws
        rows = whole.rows
        nameless = rows.filter(pl.col("event_type").is_null())
        yield Chunk(UNKNOWN, nameless.select("line", "record"), "missing_value: event_type")
        yield from _told(rows, FLOW)
        yield from _told(rows, ALERT)
        netflows = _of_kind(rows, NETFLOW)
        if netflows.height:
            yield Chunk(FLOW, pairs.of(netflows)) if is_netflow_used else seen(NETFLOW)
        yield seen(OTHER, _left_alone(rows, is_netflow_used=is_netflow_used))
    if is_netflow_used:
        yield Chunk(FLOW, pairs.rest())


def _told(rows: pl.DataFrame, kind: str) -> Iterator[Chunk]:
    found = _of_kind(rows, kind)
    if found.height:
        yield Chunk(kind, found)


def _of_kind(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return rows.filter(pl.col("event_type") == kind).select(
        *KEPT[kind], *(pl.col(column).alias(name) for name, column in COLUMNS[kind].items())
    )


def _left_alone(rows: pl.DataFrame, *, is_netflow_used: bool) -> dict[str, int]:
    """Events of other types, counted: a drop is the packet of an alert again."""
    read = (FLOW, ALERT, NETFLOW) if is_netflow_used else (FLOW, ALERT)
    counts = rows.filter(~pl.col("event_type").is_in(read)).group_by("event_type").len()
    return dict(counts.iter_rows())


FORM = LogForm("Suricata", FLOW, "not_a_suricata_log", partial(_eve_chunks, is_netflow_used=False))
NETFLOW_FORM = LogForm("Suricata", FLOW, "not_a_suricata_log", partial(_eve_chunks, is_netflow_used=True))
