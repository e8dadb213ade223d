"""Figures of alerts."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import summed
from sentinel_pipeline.statistics.alerts import NOTABLE


def _alerts(level: str, good: str | None = "down") -> Figure:
    return Figure(
        f"alerts_{level}",
        f"{level.capitalize()} alerts",
        "alerts",
        f"Alerts of severity {level} raised in the period."
        + (" Severity missing or not one of the five levels." if level == "unknown" else ""),
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts", pl.col("severity") == level),
        good=good,
        course=("alert_hours", pl.when(pl.col("severity") == level).then("alerts").otherwise(0)),
        levels=(level,),
    )


FIGURES = (
    Figure(
        "total_alerts",
        "Alerts",
        "alerts",
        "Alerts raised in the period.",
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts"),
        good="down",
        course=("alert_hours", pl.col("alerts")),
    ),
    _alerts("critical"),
    _alerts("high"),
    _alerts("medium", None),
    _alerts("low", None),
    _alerts("info", None),
    _alerts("unknown", None),
    Figure(
        "alerts_unacknowledged",
        "Open critical and high alerts",
        "alerts",
        "Critical and high alerts that nobody had acknowledged when the day was read.",
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts", pl.col("severity").is_in(NOTABLE) & ~pl.col("is_acknowledged")),
        good="down",
        levels=NOTABLE,
    ),
)
