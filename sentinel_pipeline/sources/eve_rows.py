"""Suricata's flow and alert events as canonical connections and alerts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import orjson
import polars as pl

from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, INSTANT
from sentinel_pipeline.sources.eve import ALERT, FLOW
from sentinel_pipeline.sources.log_json import loaded
from sentinel_pipeline.sources.log_readings import Understand
from sentinel_pipeline.sources.log_rows import Checks, Reading, Rows, is_inbound, parted, protocol, timed
from sentinel_pipeline.sources.log_values import addresses, count, is_within, microseconds, port, seconds

SEVERITIES: Mapping[str, str] = {"1": "critical", "2": "high", "3": "medium", "4": "low"}
LOWEST = 255
FLOW_CHECKS: Checks = (
    ("bad_address: src_ip", "src_ip", "device_ip"),
    ("bad_port: src_port", "src_port", "source_port"),
    ("bad_address: dest_ip", "dest_ip", "destination_ip"),
    ("bad_port: dest_port", "dest_port", "destination_port"),
    ("bad_interval: flow.end", "end", "duration_seconds"),
    ("bad_count: bytes_toserver", "bytes_toserver", "bytes_sent"),
    ("bad_count: bytes_toclient", "bytes_toclient", "bytes_received"),
    ("bad_count: pkts_toserver", "pkts_toserver", "packets_sent"),
    ("bad_count: pkts_toclient", "pkts_toclient", "packets_received"),
)
ALERT_CHECKS: Checks = (
    ("bad_address: src_ip", "src_ip", "from_ip"),
    ("bad_address: dest_ip", "dest_ip", "to_ip"),
)


def connections(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Flows, each at its start; the device is the side that opened it, bytes are those on the wire."""
    rows = timed(raw, reading.zone).with_columns(
        device_ip=addresses(raw["src_ip"]),
        destination_ip=addresses(raw["dest_ip"]),
        end=pl.when(pl.col("_at").is_not_null()).then("end"),
    )
    lasting = (microseconds(rows["end"], reading.zone) - rows["_at"].dt.epoch("us")) / 1e6
    rows = rows.with_columns(
        source=pl.lit(reading.source),
        connection_id=_named(rows),
        started_at="_at",
        source_port=port(pl.col("src_port")),
        destination_port=port(pl.col("dest_port")),
        protocol=protocol(pl.col("proto"), pl.lit(None, pl.String)),
        service=pl.when(pl.col("app_proto") != "failed").then("app_proto"),
        duration_seconds=seconds(pl.lit(lasting)),
        bytes_sent=count(pl.col("bytes_toserver")),
        bytes_received=count(pl.col("bytes_toclient")),
        packets_sent=count(pl.col("pkts_toserver")),
        packets_received=count(pl.col("pkts_toclient")),
        connection_state="state",
        is_inbound=is_inbound(
            pl.lit(is_within(rows["device_ip"], reading.networks)),
            pl.lit(is_within(rows["destination_ip"], reading.networks)),
        ),
    )
    return parted(rows, ("src_ip", "dest_ip", "proto"), CONNECTIONS.schema, FLOW_CHECKS)


def alerts(raw: pl.DataFrame, reading: Reading) -> Rows:
    """Alerts by their signature; the device is the local side, else the attacker or whoever opened the flow."""
    rows = timed(raw, reading.zone).with_columns(from_ip=addresses(raw["src_ip"]), to_ip=addresses(raw["dest_ip"]))
    rows = rows.with_columns(
        source=pl.lit(reading.source),
        alert_id=_digests(rows["record"]),
        raised_at="_at",
        device_ip=_device(rows, reading),
        device_name=pl.lit(None, pl.String),
        severity=_severity(pl.col("severity"), {**SEVERITIES, **reading.severities}),
        anomaly_score=pl.lit(None, pl.Float64),
        explanation=_explanation(),
        is_acknowledged=pl.lit(False),
        acknowledged_at=pl.lit(None, INSTANT),
        rule=pl.coalesce(pl.when(pl.col("signature") != "").then("signature"), _rule_id()),
    )
    return parted(rows, ("signature_id",), ALERTS.schema, ALERT_CHECKS)


ROWS: Understand = {FLOW: connections, ALERT: alerts}


def _named(rows: pl.DataFrame) -> pl.Series:
    """The flow's id; a flow without one is named by what its line says."""
    unnamed = rows["flow_id"].is_null()
    return rows["flow_id"].zip_with(~unnamed, _digests(rows["record"])) if unnamed.any() else rows["flow_id"]


def _digests(records: pl.Series) -> pl.Series:
    """An id made of all fields of an event, the same from every copy of the log, in whatever order they stand."""
    return pl.Series([sha256(_sorted(record)).hexdigest()[:32] for record in records], dtype=pl.String)


def _sorted(record: str) -> bytes:
    return orjson.dumps(loaded(record), option=orjson.OPT_SORT_KEYS)


def _device(rows: pl.DataFrame, reading: Reading) -> pl.Series:
    """Addresses of an alert follow its packet, which may be an answer: src is not always who began."""
    is_from, is_to = (is_within(rows[side], reading.networks).fill_null(value=False) for side in ("from_ip", "to_ip"))
    began = pl.when(pl.col("direction") == "to_client").then("to_ip").otherwise("from_ip")
    parts = rows.select("from_ip", "to_ip", "direction").with_columns(
        attacker=addresses(pl.Series("attacker", [_address(text) for text in rows["attacker"]], pl.String)),
        opened_by=addresses(rows["opened_by"]),
        is_from=is_from,
        is_to=is_to,
    )
    return parts.select(
        pl.when(pl.col("is_from") & ~pl.col("is_to"))
        .then("from_ip")
        .when(pl.col("is_to") & ~pl.col("is_from"))
        .then("to_ip")
        .otherwise(pl.coalesce("attacker", "opened_by", began, "from_ip", "to_ip"))
    ).to_series()


def _address(text: str | None) -> str | None:
    """The address in an alert's `source`, which a rule names as the attacker."""
    if text is None or not text.startswith("{"):
        return None
    found = orjson.loads(text).get("ip")
    return found if isinstance(found, str) else None


def _severity(text: pl.Expr, levels: Mapping[str, str]) -> pl.Expr:
    """The level of a rule's priority, 1 the most severe; what is no priority is unknown."""
    number = count(text)
    named = number.cast(pl.String).replace_strict(dict(levels), default=None, return_dtype=pl.String)
    return pl.when(number.is_between(1, LOWEST)).then(named.fill_null("info")).otherwise(pl.lit("unknown"))


def _rule_id() -> pl.Expr:
    return pl.concat_str("gid", "signature_id", "rev", separator=":", ignore_nulls=True)


def _explanation() -> pl.Expr:
    """`Signature (category), blocked, 192.0.2.1:4000 to 192.0.2.2:80, priority 2, rule 1:2001:3`."""
    sides = pl.concat_str(_endpoint("src"), _endpoint("dest"), separator=" to ", ignore_nulls=True)
    is_blocked = (pl.col("action") == "blocked").fill_null(False) | (pl.col("verdict") == "drop").fill_null(False)
    parts = (
        pl.concat_str("signature", pl.format("({})", _filled("category")), separator=" ", ignore_nulls=True),
        pl.when(is_blocked).then(pl.lit("blocked")).otherwise("action"),
        sides,
        pl.format("priority {}", "severity"),
        pl.format("rule {}", _rule_id()),
    )
    return pl.concat_str((_filled(part) for part in parts), separator=", ", ignore_nulls=True)


def _endpoint(side: str) -> pl.Expr:
    ip = pl.col("from_ip" if side == "src" else "to_ip")
    shown = pl.when(ip.str.contains(":", literal=True)).then(pl.format("[{}]", ip)).otherwise(ip)
    return pl.concat_str(shown, ":" + pl.col(f"{side}_port"), ignore_nulls=True)


def _filled(text: str | pl.Expr) -> pl.Expr:
    value = pl.col(text) if isinstance(text, str) else text
    return pl.when(value != "").then(value)
