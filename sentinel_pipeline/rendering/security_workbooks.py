"""The workbooks that IoTSentinel and CyberSentinel document: the listing, and a summary of it beside."""

from __future__ import annotations

from functools import partial
from typing import Final

import polars as pl

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.rendering.json_shapes import Occasion
from sentinel_pipeline.rendering.layout_cells import VALUES
from sentinel_pipeline.rendering.long_sheets import Look
from sentinel_pipeline.rendering.security_layouts import alert_rules, alerts, connections, devices, incidents
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.workbook_shapes import Fill, Leaf, WorkbookShape

LOCAL: Final = "times in all sheets are local wall time"
COUNT: Final = "#,##0"
IOTSENTINEL_HEAD: Final = {"bold": True, "bg_color": "#808080", "font_color": "#F5F5F5", "border": 1}
CYBERSENTINEL_HEAD: Final = {"bold": True, "bg_color": "#1E3A8A", "font_color": "#FFFFFF"}
MEGABYTE: Final = 1 << 20
# Buckets of a day, of an hour where the rows are of so few days.
FEW_DAYS: Final = 2
# The thresholds and grounds that CyberSentinel documents for its trends.
FILLS: Final = (Fill("critical", 50, "#FFC7CE"), Fill("high", 100, "#FFEB9C"))


def told(kind: str, occasion: Occasion, spelling: Spelling) -> tuple[tuple[str, object], ...]:
    """What the listing is, of which time, and how many rows it has."""
    start, end = occasion.window
    return (
        ("Export type", kind),
        ("Generated at", occasion.made_at),
        ("From", start),
        ("Until (not included)", end),
        ("Time zone", f"{spelling.zone.key} ({LOCAL})"),
        ("Total count", occasion.rows),
    )


def counts(
    kind: str,
    label: str,
    words: tuple[str, ...],
    key: pl.Expr,
    rows: pl.LazyFrame,
    occasion: Occasion,
    spelling: Spelling,
) -> Leaf:
    """How many of the rows go by each word, in that order, and their share of all."""
    found = dict(rows.group_by(key.alias(label)).agg(pl.len()).collect(engine="streaming").iter_rows())
    total = sum(found.values())
    numbers = [found.get(word, 0) for word in words]
    table = pl.DataFrame({label: words, "Count": numbers, "Share": [n / total if total else None for n in numbers]})
    typed = table.cast({label: pl.String, "Count": pl.Int64, "Share": pl.Float64})
    return Leaf("Summary", told(kind, occasion, spelling), typed, {"Count": COUNT, "Share": "0.00%"})


def traffic(rows: pl.LazyFrame, occasion: Occasion, spelling: Spelling) -> Leaf:
    """Connections and bytes by protocol; MB is 2^20 bytes."""
    sums = pl.col("Bytes Sent", "Bytes Received").sum()
    by_protocol = rows.group_by("Protocol").agg(pl.len().cast(pl.Int64).alias("Connections"), sums)
    table = by_protocol.sort("Connections", "Protocol", descending=[True, False]).collect(engine="streaming")
    moved = int(table["Bytes Sent"].sum()) + int(table["Bytes Received"].sum())
    facts = (*told("connections", occasion, spelling), ("Data transferred (MB)", round(moved / MEGABYTE, 2)))
    return Leaf("Summary", facts, table, dict.fromkeys(("Connections", "Bytes Sent", "Bytes Received"), COUNT))


def trends(rows: pl.LazyFrame, _: Occasion, spelling: Spelling) -> Leaf:
    """Incidents over time, a column for each severity; buckets without any are zero."""
    local = pl.col("timestamp").dt.convert_time_zone(spelling.zone.key)
    first, last = rows.select(first=local.min(), last=local.max()).collect(engine="streaming").row(0)
    if first is None:
        return Leaf("Incident Trends", (("Incident Trends", "no incidents"),))
    every = "1h" if (last.date() - first.date()).days < FEW_DAYS else "1d"
    level = pl.col("severity")
    found = rows.group_by(timestamp=local.dt.truncate(every)).agg(
        *((level == name).sum().cast(pl.Int64).alias(name) for name in LEVELS), pl.len().cast(pl.Int64).alias("total")
    )
    counted = found.collect(engine="streaming").sort("timestamp")
    start, end = counted["timestamp"][0], counted["timestamp"][-1]
    buckets = pl.datetime_range(start, end, every, time_zone=spelling.zone.key, time_unit="us", eager=True)
    table = buckets.alias("timestamp").to_frame().join(counted, on="timestamp", how="left", maintain_order="left")
    whole = table.with_columns(pl.exclude("timestamp").fill_null(0))
    return Leaf("Incident Trends", table=whole, numbers=dict.fromkeys((*LEVELS, "total"), COUNT), fills=FILLS)


def _status() -> pl.Expr:
    """What a device is first of all."""
    trusted = pl.when(pl.col("Trusted") == "Yes").then(pl.lit("Trusted")).otherwise(pl.lit("Active"))
    return pl.when(pl.col("Blocked") == "Yes").then(pl.lit("Blocked")).otherwise(trusted)


def _look(title: str, numbers: dict[str, str] | None = None, severity: str | None = None) -> Look:
    return Look(title, False, IOTSENTINEL_HEAD, numbers or {}, severity, names_zone=False)


CAPITALS: Final = tuple(level.upper() for level in LEVELS)
BY_STATUS = partial(counts, "devices", "Status", ("Blocked", "Trusted", "Active"), _status())
BY_SEVERITY = partial(counts, "alerts", "Severity", CAPITALS, pl.col("Severity"))
RULES_BY_SEVERITY = partial(counts, "rules", "Severity", CAPITALS, pl.col("Severity"))
INCIDENTS_BY_SEVERITY = partial(counts, "incidents", "severity", LEVELS, pl.col("severity"))
VOLUMES: Final = dict.fromkeys(("Bytes Sent", "Bytes Received", "Packets Sent", "Packets Received"), COUNT)

DEVICES_BOOK = WorkbookShape(partial(devices, cells=VALUES), _look("Devices"), (BY_STATUS,))
ALERTS_BOOK = WorkbookShape(
    partial(alerts, cells=VALUES), _look("Alerts", {"Anomaly Score": "0.0000"}, "Severity"), (BY_SEVERITY,)
)
CONNECTIONS_BOOK = WorkbookShape(
    partial(connections, cells=VALUES), _look("Connections", {"Duration (s)": "0.00", **VOLUMES}), (traffic,)
)
RULES_BOOK = WorkbookShape(
    partial(alert_rules, cells=VALUES), _look("Alert Rules", severity="Severity"), (RULES_BY_SEVERITY,)
)
INCIDENTS_BOOK = WorkbookShape(
    partial(incidents, cells=VALUES),
    Look("Incidents", False, CYBERSENTINEL_HEAD, {"confidence": "0.00"}, "severity", names_zone=False),
    (trends, INCIDENTS_BY_SEVERITY),
)
