"""What is counted of a fleet's logs, of its machines, and of how its seals held."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.statistics.merging import Added
from sentinel_pipeline.statistics.statistic import MILLIONTHS, Statistic, count, hour_at, number_of, total

ERRORS = ("ERROR", "CRITICAL", "FATAL")
IS_ERROR = pl.col("level").is_in(ERRORS)

MEASURES = (
    ("speedtest", "download", "$.download"),
    ("speedtest", "upload", "$.upload"),
    ("speedtest", "ping", "$.ping"),
    ("speedtest", "jitter", "$.jitter"),
    ("ping", "latency", "$.latency"),
    ("wifi", "rssi", "$.rssi"),
    ("wifi", "snr", "$.snr"),
)
"""Widget type, measure, and where its data holds it."""

LARGEST = 1e9


def fleet_hours(widget_logs: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Logs per hour, widget type and level."""
    keys = ["source", "hour_at", "widget_type", "level"]
    return widget_logs.with_columns(hour_at=hour_at("logged_at", day)).group_by(keys).agg(count("logs")).sort(keys)


def fleet_machine_logs(widget_logs: pl.LazyFrame) -> pl.LazyFrame:
    """Logs and errors per machine, and the time of its last log."""
    keys = ["source", "machine_id"]
    return (
        widget_logs.group_by(keys)
        .agg(count("logs"), number_of(IS_ERROR).alias("errors"), pl.col("logged_at").max().alias("last_at"))
        .sort(keys)
    )


def fleet_samples(widget_logs: pl.LazyFrame) -> pl.LazyFrame:
    """Every measured value, in millionths, and how often it was measured: percentiles of any period stay exact."""
    keys = ["source", "widget_type", "measure", "value_millionths"]
    columns = {f"{kind}.{measure}": _measured(kind, path) for kind, measure, path in MEASURES}
    name = pl.col("variable").str.split_exact(".", 1).struct
    return (
        widget_logs.filter(pl.col("widget_type").is_in([kind for kind, _, _ in MEASURES]))
        .select("source", **columns)
        .unpivot(index="source", on=list(columns), value_name="value_millionths")
        .filter(pl.col("value_millionths").is_not_null())
        .select("source", name.field("field_0").alias("widget_type"), name.field("field_1").alias("measure"), keys[-1])
        .group_by(keys)
        .agg(count("samples"))
        .sort(keys)
    )


def _measured(kind: str, path: str) -> pl.Expr:
    value = pl.col("data").str.json_path_match(path).cast(pl.Float64, strict=False)
    is_usable = (pl.col("widget_type") == kind) & (value.abs() < LARGEST)
    return (pl.when(is_usable).then(value) * MILLIONTHS).round().cast(pl.Int64)


def machine_inventory(machines: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The machines a system knew on a day; one first seen later was not known yet."""
    end = day.window.end
    is_known = pl.col("first_seen_at").is_null() | (pl.col("first_seen_at") < end)
    seen_by_then = pl.when(pl.col("last_seen_at") < end).then("last_seen_at").alias("last_seen_at")
    return (
        machines.filter(is_known)
        .select("source", "machine_id", "machine_name", seen_by_then, pl.lit(day.key).alias("day"))
        .sort("source", "machine_id")
    )


def decryption_outcomes(decryptions: pl.LazyFrame) -> pl.LazyFrame:
    """Envelopes, export files and stored rows per machine, verdict and key; flagged ones, reused nonces, logs; since
    when the key has been in use, and until when it was.
    """
    keys = ["source", "machine_id", "unit", "verdict", "key_fingerprint"]
    flags = pl.col("flags")
    return (
        decryptions.group_by(keys)
        .agg(
            count("units"),
            number_of(flags.is_not_null()).alias("flagged"),
            number_of(flags.str.split(",").list.contains("nonce_reuse")).alias("nonce_reuses"),
            total("logs"),
            pl.col("key_since_at").min(),
            pl.col("received_at").max().alias("last_at"),
        )
        .sort(keys)
    )


STATISTICS = (
    Statistic("widget_logs", fleet_hours, total="logs", merge=Added(("logs",))),
    Statistic("widget_logs", fleet_machine_logs, total="logs", merge=Added(("logs", "errors"), largest=("last_at",))),
    Statistic("widget_logs", fleet_samples, sums=("samples",), merge=Added(("samples",))),
    Statistic("machines", machine_inventory),
    Statistic("decryptions", decryption_outcomes, total="units"),
)
