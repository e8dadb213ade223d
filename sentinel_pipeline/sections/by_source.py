"""What each source gave, where several sources give the same table."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from sentinel_pipeline.sections.findings import most
from sentinel_pipeline.sections.section import Bars, Section, Topic
from sentinel_pipeline.sections.shares import ranked

CRITICAL = pl.col("severity") == "critical"


def alerts_by_source(alert_hours: pl.DataFrame) -> pl.DataFrame:
    """Alerts per source, with how many of them were critical."""
    return _by_source(alert_hours, "alerts", pl.col("alerts").filter(CRITICAL).sum().alias("critical_count"))


def incidents_by_source(incident_hours: pl.DataFrame) -> pl.DataFrame:
    """Incidents per source, with how many of them were critical and how many were blocked."""
    return _by_source(
        incident_hours,
        "incidents",
        pl.col("incidents").filter(CRITICAL).sum().alias("critical_count"),
        pl.col("blocked").sum().alias("blocked_count"),
    ).rename({"incidents": "incident_count"})


def connections_by_source(connection_hours: pl.DataFrame) -> pl.DataFrame:
    """Connections and bytes per source; two sensors that see the same traffic both count it."""
    volumes = [pl.col(name).sum() for name in ("bytes_sent", "bytes_received")]
    return _by_source(connection_hours, "connections", *volumes)


def _by_source(statistic: pl.DataFrame, value: str, *more: pl.Expr) -> pl.DataFrame:
    table = statistic.group_by("source").agg(pl.col(value).sum(), *more)
    return ranked(table.with_columns(pl.exclude("source").cast(pl.Int64)), value, ["source"])


def _comparison(topic: Topic, function: Callable[..., pl.DataFrame], noun: str, totals: tuple[str, ...]) -> Section:
    """The first of the totals is what sources are ranked by."""
    value, nouns = totals[0], f"{noun}s"
    return Section(
        f"{nouns.capitalize()} by source",
        topic,
        function,
        lambda table: most(table, value, "source", noun, nouns),
        chart=Bars("source", value),
        totals=totals,
        about=nouns,
        compares_sources=True,
    )


ALERTS = _comparison("security", alerts_by_source, "alert", ("alerts", "critical_count"))
INCIDENTS = _comparison(
    "data loss", incidents_by_source, "incident", ("incident_count", "critical_count", "blocked_count")
)
CONNECTIONS = _comparison(
    "network", connections_by_source, "connection", ("connections", "bytes_sent", "bytes_received")
)
