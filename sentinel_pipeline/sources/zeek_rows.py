"""Rows of Zeek's conn and notice logs as canonical connections and alerts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, INSTANT
from sentinel_pipeline.sources.log_values import (
    EARLIEST_US,
    LATEST_US,
    PRIVATE,
    Networks,
    addresses,
    count,
    flag,
    is_within,
    microseconds,
    port,
    seconds,
)
from sentinel_pipeline.sources.zeek_types import CONN, FIELDS, FREE_TEXT, NOTICE, unescaped

IDENTITY = tuple(one.name for one in FIELDS[NOTICE] if one.name != "ts")


@dataclass(frozen=True)
class Reading:
    """How rows are understood: the source's name, its zone for times without offset, what is local, what is severe."""

    source: str
    zone: ZoneInfo
    networks: Networks = PRIVATE
    severities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Canonical rows, and what cannot be used: columns line, record, reason, occurred_at (NULL: no known day)."""

    rows: pl.DataFrame
    faults: pl.DataFrame


NO_FAULTS = pl.DataFrame(schema={"line": pl.Int64, "record": pl.String, "reason": pl.String, "occurred_at": INSTANT})


def connections(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Rows of a conn log, as the log sees them: the device is the originator."""
    rows = _timed(_decoded(raw), reading.zone).with_columns(
        device_ip=addresses(raw["id.orig_h"]), destination_ip=addresses(raw["id.resp_h"])
    )
    rows = rows.with_columns(
        source=pl.lit(reading.source),
        connection_id="uid",
        started_at="_at",
        source_port=port(pl.col("id.orig_p")),
        destination_port=port(pl.col("id.resp_p")),
        protocol=_protocol(rows),
        service=_services(rows["service"]),
        duration_seconds=seconds(pl.col("duration")),
        bytes_sent=count(pl.col("orig_bytes")),
        bytes_received=count(pl.col("resp_bytes")),
        packets_sent=count(pl.col("orig_pkts")),
        packets_received=count(pl.col("resp_pkts")),
        connection_state="conn_state",
        is_inbound=_is_inbound(rows, reading.networks),
    )
    return _parted(rows, CONN, CONNECTIONS.schema, CONN_CHECKS)


def alerts(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Rows of a notice log."""
    rows = _timed(_decoded(raw), reading.zone)
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
    return _parted(rows, NOTICE, ALERTS.schema, NOTICE_CHECKS)


ROWS: dict[str, Callable[[pl.DataFrame, Reading], Rows]] = {CONN: connections, NOTICE: alerts}

Checks = tuple[tuple[str, str, str], ...]  # reason, the field's text, its value

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


def _timed(raw: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """The rows with their instant `_at` and, where it cannot be used, `_time_fault`."""
    found = microseconds(raw["ts"], zone)
    is_plausible = found.is_between(EARLIEST_US, LATEST_US, closed="left")
    fault = pl.when(found.is_null()).then(pl.lit("bad_time")).when(~is_plausible).then(pl.lit("implausible_time"))
    return raw.with_columns(pl.when(is_plausible).then(found).cast(INSTANT).alias("_at"), fault.alias("_time_fault"))


def _protocol(rows: pl.DataFrame) -> pl.Expr:
    """Names in lower case; ICMP over IPv6 is icmp6, a protocol known by its number is ip-<number>."""
    name = rows["proto"].str.to_lowercase()
    return (
        pl.when((name == "unknown_transport") & pl.col("ip_proto").is_not_null())
        .then("ip-" + pl.col("ip_proto"))
        .when(name.str.contains(r"^\d+$"))
        .then("ip-" + name)
        .when(
            name.is_in(("icmpv6", "ipv6-icmp")) | ((name == "icmp") & rows["device_ip"].str.contains(":", literal=True))
        )
        .then(pl.lit("icmp6"))
        .otherwise(name)
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


def _is_inbound(rows: pl.DataFrame, networks: Networks) -> pl.Expr:
    """Whether the responder is local and the originator is not: as the sensor says, else by the local networks."""
    originator = pl.coalesce(flag(pl.col("local_orig")), is_within(rows["device_ip"], networks))
    responder = pl.coalesce(flag(pl.col("local_resp")), is_within(rows["destination_ip"], networks))
    return (responder & ~originator).fill_null(False)


def _alert_ids(rows: pl.DataFrame) -> pl.Series:
    """An id made of what identifies a notice, the same from every copy of the log."""
    parts = rows.select(pl.col("_at").dt.epoch("us"), *IDENTITY)
    return pl.Series([sha256(orjson.dumps(row)).hexdigest()[:32] for row in parts.iter_rows()], dtype=pl.String)


def _parted(rows: pl.DataFrame, kind: str, schema: pl.Schema, checks: Checks) -> Rows:
    """Rows that can be used, and every fault: a wrong field costs the field, a wrong time or missing key the row."""
    nulls = dict(zip(rows.columns, rows.null_count().row(0), strict=True))
    missing = [one.name for one in FIELDS[kind] if one.is_mandatory and one.name != "ts" and nulls[one.name]]
    wrong = [check for check in checks if nulls[check[2]] > nulls[check[1]]]
    marks = [
        pl.col("_time_fault"),
        *(pl.when(pl.col(name).is_null()).then(pl.lit(f"missing_value: {name}")) for name in missing),
        *(
            pl.when(pl.col(text).is_not_null() & pl.col(value).is_null()).then(pl.lit(why))
            for why, text, value in wrong
        ),
    ]
    if not missing and not wrong and nulls["_time_fault"] == rows.height:
        return Rows(rows.select(schema.names()), NO_FAULTS)
    faulty = rows.with_columns(reason=pl.concat_str(marks, separator=", ", ignore_nulls=True))
    is_usable = pl.all_horizontal(pl.col("_time_fault").is_null(), *(pl.col(name).is_not_null() for name in missing))
    return Rows(
        faulty.filter(is_usable).select(schema.names()),
        faulty.filter(pl.col("reason") != "").select("line", "record", "reason", occurred_at="_at"),
    )
