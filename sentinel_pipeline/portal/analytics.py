"""What is counted of incidents over a window, from daily statistics alone: as the DLP system's own analytics say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

import polars as pl

from sentinel_pipeline.domain.calling import called, named_by
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.lake.store import Lake, Stamp
from sentinel_pipeline.portal.analytics_window import Asked, Days
from sentinel_pipeline.publishing.scope import statistic_asset, statistic_schema
from sentinel_pipeline.sections import data_loss, measures
from sentinel_pipeline.sections.measures import VIOLATION, total
from sentinel_pipeline.sections.shares import percent
from sentinel_pipeline.sections.trends import Interval, grouped_trend, trend, unseen_days
from sentinel_pipeline.statistics import STATISTICS

Group = Literal["none", "severity", "type", "policy_id"]
By = Literal["user", "agent", "ip_address"]
COLUMN: Final[dict[Group, str]] = {"severity": "severity", "type": "incident_type", "policy_id": "policy_id"}
VIOLATORS: Final[dict[By, tuple[Callable[..., pl.DataFrame], Callable[..., int], dict[str, str]]]] = {
    "user": (data_loss.top_violators_by_user, data_loss.without_user, {"user": "username"}),
    "agent": (data_loss.top_violators_by_agent, data_loss.without_agent, {}),
    "ip_address": (data_loss.top_violators_by_ip, data_loss.without_address, {}),
}
STATISTICS_ASKED: Final = (
    "incident_hours",
    "incident_users",
    "incident_agents",
    "incident_addresses",
    "incident_data_types",
    "completeness",
)
STATISTIC: Final = {statistic.name: statistic for statistic in STATISTICS}
REMEMBERED: Final = 128
Answer = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A lake, the days asked about and the whole hours of them, and what the lake has of them by now."""

    lake: Lake
    days: Days
    hours: Window
    stamps: tuple[tuple[str, tuple[Stamp | None, ...]], ...]

    def statistic(self, name: str) -> pl.DataFrame:
        """The statistic of all the days that were made."""
        return _read(self.lake, name, self.days.day_keys, dict(self.stamps)[name])

    @property
    def unseen(self) -> tuple[str, ...]:
        return unseen_days(self.statistic("completeness"), "incidents", self.days)


def question(lake: Lake, asked: Asked) -> Question:
    """The question as it stands now: once a day is made again it is another one."""
    keys = asked.days.day_keys
    stamps = tuple((name, lake.stamps(statistic_asset(name), keys)) for name in STATISTICS_ASKED)
    return Question(lake, asked.days, asked.hours, stamps)


def answer(question: Question, analyse: Callable[..., Answer], *how: object) -> Answer:
    """The analysis of a question; asked again it is remembered, hours aside, of which there may be many."""
    return analyse(question, *how) if "hour" in how else _answer(question, analyse, *how)


@lru_cache(maxsize=REMEMBERED)
def _answer(question: Question, analyse: Callable[..., Answer], *how: object) -> Answer:
    return analyse(question, *how)


@lru_cache(maxsize=REMEMBERED)
def _read(
    lake: Lake,
    name: str,
    keys: tuple[str, ...],
    stamps: tuple[Stamp | None, ...],  # noqa: ARG001 - part of what the cache remembers by
) -> pl.DataFrame:
    statistic = STATISTIC[name]
    return lake.read_all(statistic_asset(name), keys, statistic_schema(statistic), statistic.sums)


def trends(question: Question, interval: Interval, group: Group) -> Answer:
    """Incidents over time, every bucket present; None where nobody could see, a first bucket by its nominal start."""
    window, days = question.hours, question.days
    hours = _within(question.statistic("incident_hours"), window.start, window.end)
    unseen = question.unseen
    if group == "none":
        counted = trend(hours, ["incidents"], days, unseen, interval).rename({"incidents": "count"})
        told: Answer = {"data": _points(_cut(counted, question, interval), question)}
    else:
        column = COLUMN[group]
        named = hours.with_columns(pl.col(column).cast(pl.String).fill_null(data_loss.NO_POLICY))
        series = LEVELS if group == "severity" else named[column].unique().sort().to_list()
        table = _cut(grouped_trend(named, column, "incidents", series, days, unseen, interval), question, interval)
        told = {"series": {name: _points(table.filter(pl.col("series") == name), question) for name in series}}
    number = None if len(unseen) == days.count else total(hours, "incidents")
    return {"interval": interval, "group_by": group, **_edges(question, window.start, window.end), **told} | {
        "total_incidents": number
    }


def _within(hours: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    return hours.filter((pl.col("hour_at") >= start) & (pl.col("hour_at") < end))


def _cut(table: pl.DataFrame, question: Question, interval: Interval) -> pl.DataFrame:
    """Without the hours of the days' ends that nobody asked for; longer buckets all hold some of the window."""
    window = question.hours
    at = pl.col("timestamp")
    return table.filter((at >= window.start) & (at < window.end)) if interval == "hour" else table


def _points(table: pl.DataFrame, question: Question) -> list[Answer]:
    zone = question.days.zone.key
    return table.select(pl.col("timestamp").dt.convert_time_zone(zone), "count").to_dicts()


def top_violators(question: Question, by: By, limit: int) -> Answer:
    """Who caused most incidents; ties by name, cut after all were ranked, those without a name counted apart."""
    rank, unnamed, names = VIOLATORS[by]
    table = _of(question, rank)
    rows = table.head(limit).rename(names).to_dicts()
    return {
        "by": by,
        "limit": limit,
        **_whole_days(question),
        "violators": rows,
        "total_violators": table.height,
        "unattributed_incidents": _of(question, unnamed),
    }


def data_types(question: Question) -> Answer:
    """Data types with their share of classified incidents; several may stand in one incident."""
    table = _of(question, data_loss.data_types)
    classified = int(question.statistic("incident_hours")["classified"].sum())
    return {**_whole_days(question), "data_types": table.to_dicts(), "classified_incidents": classified}


def policy_violations(question: Question) -> Answer:
    """Violations and block rate of each policy, and of all of them."""
    table = _of(question, data_loss.policy_violations)
    violations, blocked = int(table["violation_count"].sum()), int(table["blocked_count"].sum())
    return {
        **_whole_days(question),
        "policies": table.to_dicts(),
        "total_violations": violations,
        "total_blocked": blocked,
        "block_rate": percent(blocked, violations),
        "incidents_without_policy": _of(question, data_loss.without_policy),
    }


def severity_distribution(question: Question) -> Answer:
    """Incidents per severity, every level present."""
    table = _of(question, data_loss.severity_distribution)
    return {**_whole_days(question), "distribution": table.to_dicts(), "total": int(table["count"].sum())}


def summary(question: Question) -> Answer:
    """The figures of the window; None for what cannot be told."""
    names = ("incident_hours", "incident_agents", "incident_data_types")
    statistics = {name: question.statistic(name) for name in names}
    hours, edges = statistics["incident_hours"], _whole_days(question)
    is_seen = len(question.unseen) < question.days.count
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
    return {**(figures if is_seen else dict.fromkeys(figures)), "period": edges}


def _of(question: Question, function: Callable[..., Any]) -> Any:
    """A section's function for the statistics that its parameters name."""
    return called(function, {name: question.statistic(name) for name in named_by(function)})


def _whole_days(question: Question) -> Answer:
    window = question.days.window
    return _edges(question, window.start, window.end)


def _edges(question: Question, start: datetime, end: datetime) -> Answer:
    """The window that the answer speaks of, half-open, and days of it that nobody could see."""
    zone = question.days.zone
    return {
        "start_date": start.astimezone(zone),
        "end_date": end.astimezone(zone),
        "timezone": zone.key,
        "days_not_seen": list(question.unseen),
    }
