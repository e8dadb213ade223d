"""What the report says about alerts."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS, RANK
from sentinel_pipeline.sections.findings import most, nothing, peak
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines, Section, named
from sentinel_pipeline.sections.shares import percents, ranked
from sentinel_pipeline.sections.trends import grouped_trend, trend, unseen_days
from sentinel_pipeline.sections.weeks import by_hour_of_week
from sentinel_pipeline.statistics.alerts import NEWEST_ALERTS, NEWEST_FIRST, NOTABLE


def by_severity(statistic: pl.DataFrame, value: str) -> pl.DataFrame:
    """Count and share per severity, most severe first, levels without any included."""
    levels = pl.DataFrame({"severity": LEVELS})
    counts = statistic.group_by("severity").agg(pl.col(value).sum().cast(pl.Int64).alias("count"))
    table = levels.join(counts, on="severity", how="left", maintain_order="left").with_columns(
        pl.col("count").fill_null(0)
    )
    return table.with_columns(percentage=percents(table["count"], int(table["count"].sum())))


def alert_trends(alert_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Alerts over time per severity: by hour in a daily report, else by day. Days nobody could see are left empty."""
    unseen = unseen_days(completeness, "alerts", period)
    return grouped_trend(alert_hours, "severity", "alerts", LEVELS, period, unseen)


def alert_severity(alert_hours: pl.DataFrame) -> pl.DataFrame:
    """Alerts per severity with their share of all alerts; alerts without a known severity count as unknown."""
    return by_severity(alert_hours, "alerts")


def alerts_by_device(alert_devices: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """Alerts per device, with how many of them were critical or high."""
    table = (
        alert_devices.group_by("source", "device_ip")
        .agg(
            pl.col("device_name").drop_nulls().last(),
            pl.col("alerts").sum().cast(pl.Int64),
            *(
                pl.col("alerts").filter(pl.col("severity") == level).sum().cast(pl.Int64).alias(f"{level}_count")
                for level in ("critical", "high")
            ),
        )
        .pipe(with_device_names, device_inventory)
    )
    return ranked(table, "alerts", ["device_ip", "source"]).select(
        "device_ip", "device_name", "alerts", "critical_count", "high_count", "source"
    )


def latest_alerts(notable_alerts: pl.DataFrame) -> pl.DataFrame:
    """The newest critical and high alerts (of each day at most 200 are kept)."""
    return notable_alerts.sort(*NEWEST_ALERTS, descending=NEWEST_FIRST, nulls_last=True).select(
        "raised_at", "severity", "device_ip", "device_name", "explanation", "is_acknowledged", "source", "alert_id"
    )


def alert_hours_of_week(alert_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Alerts by weekday and hour of the day on the report's clock; both runs of a repeated hour count together.

    A cell is left empty when nobody could see any of its days.
    """
    hours = trend(alert_hours, ["alerts"], period, unseen_days(completeness, "alerts", period), interval="hour")
    return by_hour_of_week(hours, "alerts", period)


def with_device_names(table: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """Adds or fills `device_name` from the newest inventory; 'Unknown' where no system has a name."""
    known = (
        device_inventory.sort("day")
        .group_by("source", "device_ip", maintain_order=True)
        .agg(pl.col("device_name").drop_nulls().last().alias("known_name"))
    )
    if "device_name" not in table.columns:
        table = table.with_columns(device_name=pl.lit(None, pl.String))
    return (
        table.join(known, on=["source", "device_ip"], how="left")
        .with_columns(device_name=pl.coalesce("known_name", "device_name", pl.lit("Unknown")))
        .drop("known_name")
    )


def _severity_finding(table: pl.DataFrame) -> str:
    total = int(table["count"].sum() or 0)
    if total == 0:
        return nothing("alerts")
    worst = min((row for row in table.iter_rows(named=True) if row["count"]), key=lambda row: RANK[row["severity"]])
    return f"{counted(total, 'alert')}, {counted(worst['count'], worst['severity'])} at the top"


def _device_finding(table: pl.DataFrame) -> str:
    return most(table.with_columns(named("device_name", "device_ip")), "alerts", "device_name", "alert", "alerts")


def _latest_finding(table: pl.DataFrame, levels: Sequence[str]) -> str:
    kind = " or ".join(levels)
    if table.is_empty():
        return f"No {kind} alerts"
    open_ones = table.filter(~pl.col("is_acknowledged").fill_null(value=False)).height
    return f"{counted(table.height, f'{kind} alert')}, {counted(open_ones, '')} not acknowledged".replace("  ", " ")


def _week_finding(table: pl.DataFrame) -> str:
    if table.is_empty() or not table["alerts"].sum():
        return nothing("alerts")
    row = table.row(int(table["alerts"].fill_null(0).arg_max() or 0), named=True)
    return f"Most alerts fall on {row['weekday']} at {row['hour']:02d}:00 ({row['alerts']:,})"


SECTIONS = (
    Section(
        "Alerts over time",
        "security",
        alert_trends,
        lambda table, period: peak(table, "count", "alert", period),
        chart=Lines("timestamp", ("count",), series="series"),
        shown=0,
        is_told=True,
        about="alerts",
    ),
    Section(
        "Alerts by severity",
        "security",
        alert_severity,
        _severity_finding,
        chart=Bars("severity", "count"),
        totals=("count",),
        about="alerts",
    ),
    Section(
        "Alerts by device",
        "security",
        alerts_by_device,
        _device_finding,
        chart=Bars("device_name", "alerts", otherwise="device_ip"),
        shown=10,
        totals=("alerts", "critical_count", "high_count"),
        is_told=True,
        about="alerts",
    ),
    Section(
        "Newest critical and high alerts",
        "security",
        latest_alerts,
        _latest_finding,
        shown=5,
        about="alerts",
        hidden=("alert_id",),
        levels=NOTABLE,
    ),
    Section(
        "Alerts by weekday and hour",
        "security",
        alert_hours_of_week,
        _week_finding,
        chart=HeatMap("weekday", "hour", "alerts"),
        shown=0,
        cadences=("weekly", "monthly"),
        about="alerts",
    ),
)
