"""Figures for those who answer for data-loss prevention: how much is seen, how much gets through, how bad it is."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.measures import VIOLATION, Statistics, Value, total
from sentinel_pipeline.sections.shares import percent
from sentinel_pipeline.sections.trends import unseen_days

POINTS = {"critical": 10, "high": 5, "medium": 2, "low": 1, "info": 0, "unknown": 1}


def critical_rate(statistics: Statistics) -> Value:
    """Critical incidents in percent of all incidents."""
    hours = statistics["incident_hours"]
    return percent(total(hours, "incidents", pl.col("severity") == "critical"), total(hours, "incidents"))


def risk_score(statistics: Statistics) -> Value:
    """Points of the incidents that were not blocked, by their severity."""
    points = pl.col("severity").replace_strict(POINTS, default=POINTS["unknown"], return_dtype=pl.Int64)
    passed = pl.col("incidents") - pl.col("blocked")
    return int(statistics["incident_hours"].select((points * passed).sum()).item() or 0)


def agent_coverage(statistics: Statistics, period: Period) -> Value:
    """Registered agents heard of since the period began, in percent; None when no inventory was read."""
    agents = _newest(statistics, "agent_inventory", "agents", period)
    if agents is None:
        return None
    heard = agents.filter(pl.col("last_seen_at") >= period.window.start)
    return percent(heard.height, agents.height)


def compliance_posture(statistics: Statistics, period: Period) -> Value:
    """Enabled policies without a violation that was let through, in percent; None when no inventory was read."""
    policies = _newest(statistics, "policy_inventory", "policies", period)
    if policies is None:
        return None
    enabled = policies.filter("is_enabled")
    broken = statistics["incident_hours"].filter(VIOLATION & (pl.col("blocked") < pl.col("incidents")))
    kept = enabled.join(broken, on=["source", "policy_id"], how="anti")
    return percent(kept.height, enabled.height)


def _newest(statistics: Statistics, inventory: str, table: str, period: Period) -> pl.DataFrame | None:
    """Each source's inventory as it was on the last day that was read; None when nobody could see one."""
    if len(unseen_days(statistics["completeness"], table, period)) == len(period.days):
        return None
    rows = statistics[inventory]
    return rows.filter(pl.col("day") == pl.col("day").max().over("source"))
