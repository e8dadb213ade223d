"""What is counted of incidents over a window, from daily statistics alone: as the DLP system's own analytics say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

import polars as pl
from fastapi import Query

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.portal.analytics_question import Answer, Question
from sentinel_pipeline.sections import data_loss, measures
from sentinel_pipeline.sections.measures import VIOLATION, total
from sentinel_pipeline.sections.shares import percent
from sentinel_pipeline.sections.trends import Interval, grouped_trend, trend

Group = Literal["none", "severity", "type", "policy_id"]
By = Literal["user", "agent", "ip_address"]
Limit = Annotated[int, Query(ge=1, le=100)]
COLUMN: Final[dict[Group, str]] = {"severity": "severity", "type": "incident_type", "policy_id": "policy_id"}
VIOLATORS: Final[dict[By, tuple[Callable[..., pl.DataFrame], Callable[..., int], dict[str, str]]]] = {
    "user": (data_loss.top_violators_by_user, data_loss.without_user, {"user": "username"}),
    "agent": (data_loss.top_violators_by_agent, data_loss.without_agent, {}),
    "ip_address": (data_loss.top_violators_by_ip, data_loss.without_address, {}),
}


def trends(question: Question, interval: Interval = "day", group_by: Group = "none") -> Answer:
    """Incidents over time, every bucket present; null where nothing could be seen."""
    days, hours, unseen = question.days, question.hours_of("incident_hours"), question.unseen
    if group_by == "none":
        counted = trend(hours, ["incidents"], days, unseen, interval).rename({"incidents": "count"})
        told: Answer = {"data": question.points(counted, interval)}
    else:
        column = COLUMN[group_by]
        named = hours.with_columns(pl.col(column).cast(pl.String).fill_null(data_loss.NO_POLICY))
        series = LEVELS if group_by == "severity" else named[column].unique().sort().to_list()
        table = grouped_trend(named, column, "incidents", series, days, unseen, interval)
        parts = {name: table.filter(pl.col("series") == name).drop("series") for name in series}
        told = {"series": {name: question.points(part, interval) for name, part in parts.items()}}
    number = total(hours, "incidents") if question.is_seen else None
    return {"interval": interval, "group_by": group_by, **question.whole_hours, **told, "total_incidents": number}


def top_violators(question: Question, by: By = "user", limit: Limit = 10) -> Answer:
    """Users, agents or addresses by number of incidents; ties by name, cut after all were ranked, those without a name
    counted apart.
    """
    rank, unnamed, names = VIOLATORS[by]
    told = question.ranking("violators", question.of(rank).rename(names), limit)
    return {"by": by, **told, "unattributed_incidents": question.of(unnamed)}


def data_types(question: Question) -> Answer:
    """Data types by number of incidents that carry them, with their share of classified incidents."""
    table = question.of(data_loss.data_types)
    classified = int(question.statistic("incident_hours")["classified"].sum())
    return {**question.whole_days, "data_types": table.to_dicts(), "classified_incidents": classified}


def policy_violations(question: Question) -> Answer:
    """Violations and block rate of each policy, and of all of them."""
    table = question.of(data_loss.policy_violations)
    violations, blocked = int(table["violation_count"].sum()), int(table["blocked_count"].sum())
    return {
        **question.whole_days,
        "policies": table.to_dicts(),
        "total_violations": violations,
        "total_blocked": blocked,
        "block_rate": percent(blocked, violations),
        "incidents_without_policy": question.of(data_loss.without_policy),
    }


def severity_distribution(question: Question) -> Answer:
    """Incidents per severity, every level present."""
    table = question.of(data_loss.severity_distribution)
    return {**question.whole_days, "distribution": table.to_dicts(), "total": int(table["count"].sum())}


def summary(question: Question) -> Answer:
    """The figures of the window; null for what cannot be told."""
    names = ("incident_hours", "incident_agents", "incident_data_types")
    statistics = {name: question.statistic(name) for name in names}
    hours = statistics["incident_hours"]
    figures: Answer = {
        "total_incidents": total(hours, "incidents"),
        "critical_incidents": total(hours, "incidents", pl.col("severity") == "critical"),
        "blocked_incidents": total(hours, "blocked"),
        "active_agents": measures.active_agents(statistics),
        "policy_violations": total(hours, "incidents", VIOLATION),
        "block_rate": measures.block_rate(statistics),
        "policy_block_rate": measures.policy_block_rate(statistics),
        "most_common_data_type": measures.most_common_data_type(statistics),
    }
    return {**(figures if question.is_seen else dict.fromkeys(figures)), "period": question.whole_days}
