"""Whether an edition agrees with itself: tables add up to figures, figures to statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.composition import section_asset
from sentinel_pipeline.publishing.scope import Scope
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.sections.section import Section, applied

TOTALS = {
    "alerts": "total_alerts",
    "incidents": "total_incidents",
    "connections": "total_connections",
    "energy_intervals": "energy_kwh",
    "rule_events": "total_rule_events",
    "widget_logs": "total_widget_logs",
}
COUNTED = {
    "alert_trends": "count",
    "alert_severity": "count",
    "alerts_by_device": "alerts",
    "incident_trends": "count",
    "incident_trends_by_type": "count",
    "incident_trends_by_policy": "count",
    "severity_distribution": "count",
    "policy_violations": "violation_count",
    "top_violators_by_user": "incident_count",
    "top_violators_by_agent": "incident_count",
    "top_violators_by_ip": "incident_count",
    "connection_trends": "connections",
    "protocols": "connections",
    "services": "connections",
    "top_destinations": "connections",
    "energy_by_device": "energy_kwh",
    "energy_trend": "energy_kwh",
    "energy_by_band": "energy_kwh",
    "rule_event_trends": "count",
    "rule_events_by_rule": "count",
    "rule_events_by_device": "count",
    "rule_events_lateness": "count",
    "fleet_logs": "count",
    "fleet_machines": "logs",
    "fleet_log_trends": "logs",
}
MILLIONTHS = 6


def contradictions(
    figures: tuple[KeyFigure, ...], scope: Scope, period: Period, lake: Lake, statistics: Mapping[str, pl.DataFrame]
) -> list[str]:
    """One line for every table whose counts, with those it leaves out, are not the figure they belong to."""
    values = {figure.id: figure.value for figure in figures}
    lines = []
    for section in scope.sections_of(period.cadence):
        total = values.get(TOTALS.get(section.about, ""))
        if section.name not in COUNTED or total is None:
            continue
        table = lake.read(section_asset(period.cadence, section.name), period.key)
        counted = _sum(table[COUNTED[section.name]]) + _left_out(section, statistics, period)
        if counted != total:
            lines.append(f"{section.name} adds up to {counted}, {TOTALS[section.about]} is {total}")
    return lines


def _sum(values: pl.Series) -> int | float:
    """Of broken numbers (which are whole millionths) the exact sum too."""
    return int(values.sum() or 0) if values.dtype.is_integer() else round(math.fsum(values.drop_nulls()), MILLIONTHS)


def _left_out(section: Section, statistics: Mapping[str, pl.DataFrame], period: Period) -> int:
    return applied(section.excluded, statistics, period) if section.excluded else 0
