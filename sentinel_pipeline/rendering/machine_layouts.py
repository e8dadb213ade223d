"""CSV layouts that Kasa Monitor, IoT Hub and Atlas document for their own exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.sums import quotient
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.rendering.casts import iso_time
from sentinel_pipeline.rendering.inert import inert
from sentinel_pipeline.rendering.layout_cells import CSV, flag, numeric

MILLION: Final = 1_000_000
# What each generation of the hub calls an event and its time, and what fired it.
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "v1": ("id", "timestamp", "rule", "acknowledged", "trigger_telemetry_id", "trigger_device_id"),
    "v2": ("id", "timestamp", "rule", "acknowledged", "trigger_device_serial_id", "trigger_context"),
    "v3": ("id", "rule_triggered_at", "rule", "acknowledged", "trigger_device_serial_id", "trigger_context"),
    "v4": ("event_uuid", "rule_triggered_at", "rule", "acknowledged", "trigger_device_serial_id", "trigger_context"),
}


def device_data(frame: pl.LazyFrame, _: ZoneInfo, *more: pl.Expr) -> pl.LazyFrame:
    """Readings by device, oldest first. A reading has no cost; its energy is the meter's counter of the day.

    `more` columns follow those that are documented.
    """
    return frame.sort("device_ip", "read_at", numeric("reading_id"), "reading_id", "source", nulls_last=True).select(
        pl.col("read_at").alias("timestamp"),
        "device_ip",
        "device_name",
        "power_w",
        pl.col("energy_today_kwh").alias("energy_kwh"),
        pl.col("voltage_v").alias("voltage"),
        pl.col("current_a").alias("current"),
        pl.lit(None, pl.Float64).alias("cost"),
        "is_on",
        *more,
    )


def device_intervals(frame: pl.LazyFrame, _: ZoneInfo, *more: pl.Expr) -> pl.LazyFrame:
    """Metered quarter-hours by device, oldest first: mean power, the energy and its cost; on, where it was at all.

    `more` columns follow those that are documented.
    """
    return frame.sort("device_ip", "started_at", "interval_id", "source", nulls_last=True).select(
        pl.col("started_at").alias("timestamp"),
        "device_ip",
        "device_name",
        quotient(pl.col("mean_power_micro_w"), MILLION).alias("power_w"),
        quotient(pl.col("energy_micro_kwh"), MILLION).alias("energy_kwh"),
        pl.lit(None, pl.Float64).alias("voltage"),
        pl.lit(None, pl.Float64).alias("current"),
        quotient(pl.col("cost_micros"), MILLION).alias("cost"),
        (pl.col("on_seconds") > 0).alias("is_on"),
        *more,
    )


def hub_events(frame: pl.LazyFrame, _: ZoneInfo, generation: str) -> pl.LazyFrame:
    """Rule events, newest first, times in UTC, contexts as JSON; ids that are no numbers break ties upwards."""
    key = numeric("event_id")
    ordered = frame.sort(
        "triggered_at", key, "event_id", descending=[True, True, False], nulls_last=True, maintain_order=True
    )
    telemetry = pl.col("context").str.extract(r'^\{"trigger_telemetry_id":(\d+)\}$')
    fired = (telemetry, CSV.text("device_id")) if generation == "v1" else (CSV.text("device"), CSV.text("context"))
    columns = (
        CSV.text("event_id"),
        python_time("triggered_at"),
        CSV.text("rule"),
        flag("is_acknowledged", "True", "False"),
    )
    return ordered.select(
        column.alias(name) for column, name in zip((*columns, *fired), HEADERS[generation], strict=True)
    )


def widget_logs(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Logs of all machines, newest first; times, types and data as the agents posted them."""
    order = frame.sort(
        *("logged_at", "machine_id", numeric("log_id"), "log_id"), descending=[True, False, True, True], nulls_last=True
    )
    return order.select(
        CSV.text("log_id").alias("ID"),
        inert(pl.coalesce("serial_number", "machine_id")).alias("Serial Number"),
        inert(pl.coalesce("log_timestamp", iso_time(pl.col("logged_at"), INSTANT, zone))).alias("Timestamp"),
        CSV.text("level").alias("Level"),
        inert(pl.coalesce("raw_widget_type", "widget_type")).alias("Widget Type"),
        CSV.text("message").alias("Message"),
        CSV.text("data").alias("Data"),
    )


def python_time(column: str) -> pl.Expr:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]+00:00`, as Python prints an instant of UTC."""
    at = pl.col(column)
    whole, part = at.dt.strftime("%Y-%m-%d %H:%M:%S"), at.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    return pl.when(at.dt.microsecond() == 0).then(whole).otherwise(part) + "+00:00"
