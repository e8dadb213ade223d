"""Rows of Zeek's conn and notice logs as canonical connections and alerts, and what is wrong with them."""

from __future__ import annotations

from hashlib import sha256

import orjson
import polars as pl

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, INSTANT
from sentinel_pipeline.sources.log_readings import Understand
from sentinel_pipeline.sources.log_rows import Checks, Reading, Rows, is_inbound, parted, protocol, timed
from sentinel_pipeline.sources.log_values import addresses, count, flag, is_within, port, seconds
from sentinel_pipeline.sources.zeek_types import CONN, FIELDS, FREE_TEXT, NOTICE, unescaped

MANDATORY = {
    kind: tuple(one.name for one in fields if one.is_mandatory and one.name != "ts") for kind, fields in FIELDS.items()
}
IDENTITY = tuple(one.name for one in FIELDS[NOTICE] if one.name != "ts")


def connections(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Rows of a conn log, as the log sees them: the device is the originator."""
    rows = timed(_decoded(raw), reading.zone).with_columns(
        device_ip=addresses(raw["id.orig_h"]), destination_ip=addresses(raw["id.resp_h"])
    )
    rows = rows.with_columns(
        source=pl.lit(reading.source),
        connection_id="uid",
        started_at="_at",
        source_port=port(pl.col("id.orig_p")),
        destination_port=port(pl.col("id.resp_p")),
        protocol=protocol(pl.col("proto"), pl.col("ip_proto")),
        service=_services(rows["service"]),
        duration_seconds=seconds(pl.col("duration")),
        bytes_sent=count(pl.col("orig_bytes")),
        bytes_received=count(pl.col("resp_bytes")),
        packets_sent=count(pl.col("orig_pkts")),
        packets_received=count(pl.col("resp_pkts")),
        connection_state="conn_state",
        is_inbound=is_inbound(
            pl.coalesce(flag(pl.col("local_orig")), is_within(rows["device_ip"], reading.networks)),
            pl.coalesce(flag(pl.col("local_resp")), is_within(rows["destination_ip"], reading.networks)),
        ),
    )
    return parted(rows, MANDATORY[CONN], CONNECTIONS.schema, CONN_CHECKS)


def alerts(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Rows of a notice log."""
    rows = timed(_decoded(raw), reading.zone)
    rows = rows.with_columns(address=pl.coalesce("src", "id.orig_h"))
    levels = dict(reading.severities)
    rows = rows.with_columns(
        source=pl.lit(reading.source),
        alert_id=_alert_ids(rows),
        raised_at="_at",
        device_ip=addresses(rows["address"]),
        device_name=pl.lit(None, pl.String),
        severity=severity(pl.col("note").replace_strict(levels, default=None, return_dtype=pl.String)),
        anomaly_score=pl.lit(None, pl.Float64),
        explanation=pl.concat_str("msg", pl.format("({})", pl.col("sub")), separator=" ", ignore_nulls=True),
        is_acknowledged=pl.lit(False),
        acknowledged_at=pl.lit(None, INSTANT),
        rule="note",
    )
    return parted(rows, MANDATORY[NOTICE], ALERTS.schema, NOTICE_CHECKS)


ROWS: Understand = {CONN: connections, NOTICE: alerts}

CONN_CHECKS: Checks = (
    ("bad_address: id.orig_h", "id.orig_h", "device_ip"),
    ("bad_port: id.orig_p", "id.orig_p", "source_port"),
    ("bad_address: id.resp_h", "id.resp_h", "destination_ip"),
    ("bad_port: id.resp_p", "id.resp_p", "destination_port"),
    ("bad_interval: duration", "duration", "duration_seconds"),
    ("bad_count: orig_bytes", "orig_bytes", "bytes_sent"),
    ("bad_count: resp_bytes", "resp_bytes", "bytes_received"),
    ("bad_count: orig_pkts", "orig_pkts", "packets_sent"),
    ("bad_count: resp_pkts", "resp_pkts", "packets_received"),
)
NOTICE_CHECKS: Checks = (("bad_address: src", "address", "device_ip"),)


def _decoded(raw: pl.DataFrame) -> pl.DataFrame:
    """The rows with Zeek's escapes in texts undone; most blocks have none."""
    texts = [raw[name] for name in raw.columns if name in FREE_TEXT]
    escaped = [text for text in texts if text.str.contains("\\x", literal=True).any()]
    return raw.with_columns(
        pl.Series(text.name, [one if one is None else unescaped(one) for one in text], pl.String) for text in escaped
    )


def _services(text: pl.Series) -> pl.Series:
    """Service names, sorted and joined by commas, without those Zeek dropped again (a leading '-')."""
    given = text.unique().drop_nulls().to_list()
    return text.replace_strict({one: _service(one) for one in given}, default=None, return_dtype=pl.String)


def _service(text: str) -> str | None:
    names = text.split(",")
    if text.startswith("["):
        try:
            names = [str(name) for name in orjson.loads(text)]
        except orjson.JSONDecodeError:
            names = [text]
    kept = {name.strip() for name in names if not name.strip().startswith("-")} - {""}
    return ",".join(sorted(kept)) or None


def _alert_ids(rows: pl.DataFrame) -> pl.Series:
    """An id made of what identifies a notice, the same from every copy of the log."""
    parts = rows.select(pl.col("_at").dt.epoch("us"), *IDENTITY)
    return pl.Series([sha256(orjson.dumps(row)).hexdigest()[:32] for row in parts.iter_rows()], dtype=pl.String)
