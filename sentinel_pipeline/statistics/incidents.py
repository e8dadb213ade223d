"""What is counted of data-loss incidents."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.statistics.merging import Added
from sentinel_pipeline.statistics.statistic import MILLIONTHS, Statistic, count, hour_at, number_of, total

CRITICAL = pl.col("severity") == "critical"
LABELS = pl.col("data_types").list.drop_nulls().list.unique()
CLASSIFIED = LABELS.list.len() > 0


def incident_hours(incidents: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Incidents per hour, severity, type and policy: how many, how many blocked, prevented, classified."""
    keys = ["source", "hour_at", "severity", "incident_type", "policy_id"]
    return (
        incidents.with_columns(hour_at=hour_at("occurred_at", day))
        .group_by(keys)
        .agg(
            pl.col("policy_name").max(),
            count("incidents"),
            number_of(pl.col("is_blocked")).alias("blocked"),
            number_of(pl.col("is_prevented")).alias("prevented"),
            number_of(CLASSIFIED).alias("classified"),
        )
        .sort(keys)
    )


def incidents_of_day(incident_hours: pl.DataFrame, day: Period) -> pl.DataFrame:
    """The hours of a day put together, `hour_at` its start; a policy goes by the newest name the day has for it."""
    keys = ["source", "hour_at", "severity", "incident_type", "policy_id"]
    newest_name = pl.col("policy_name").drop_nulls().last().over("source", "policy_id")
    return (
        incident_hours.with_columns(newest_name, hour_at=pl.lit(day.window.start, INSTANT))
        .group_by([*keys, "policy_name"])
        .agg(pl.col("incidents", "blocked", "prevented", "classified").sum())
        .select(incident_hours.columns)
        .sort(keys)
    )


def incident_users(incidents: pl.LazyFrame) -> pl.LazyFrame:
    """Incidents per user."""
    return _counted_by(incidents, "user")


def incident_addresses(incidents: pl.LazyFrame) -> pl.LazyFrame:
    """Incidents per source address."""
    return _counted_by(incidents, "source_ip")


def incident_agents(incidents: pl.LazyFrame) -> pl.LazyFrame:
    """Incidents per agent, agents that nobody registered included."""
    return _counted_by(
        incidents,
        "agent_id",
        pl.col("agent_name").max(),
        pl.col("hostname").max(),
        pl.col("is_agent_registered").fill_null(value=False).any(),
    )


def incident_data_types(incidents: pl.LazyFrame) -> pl.LazyFrame:
    """Incidents that carry each data type, and their confidence in millionths; one incident may carry several."""
    keys = ["source", "data_type"]
    return (
        incidents.select("source", "confidence", LABELS.alias("data_type"))
        .explode("data_type")
        .filter(pl.col("data_type").is_not_null())
        .with_columns(confidence_millionths=(pl.col("confidence") * MILLIONTHS).round().cast(pl.Int64))
        .group_by(keys)
        .agg(
            count("incidents"),
            total("confidence_millionths"),
            pl.col("confidence").count().cast(pl.Int64).alias("with_confidence"),
        )
        .sort(keys)
    )


def _counted_by(incidents: pl.LazyFrame, key: str, *more: pl.Expr) -> pl.LazyFrame:
    keys = ["source", key]
    return incidents.group_by(keys).agg(*more, count("incidents"), number_of(CRITICAL).alias("critical")).sort(keys)


HOURLY = Added(("incidents", "blocked", "prevented", "classified"), largest=("policy_name",))
COUNTED = Added(("incidents", "critical"))
OF_AGENTS = Added(COUNTED.sums, largest=("agent_name", "hostname"), anywhere=("is_agent_registered",))
TYPED = Added(("incidents", "confidence_millionths", "with_confidence"))

STATISTICS = (
    Statistic("incidents", incident_hours, total="incidents", whole_day=incidents_of_day, merge=HOURLY),
    Statistic("incidents", incident_users, total="incidents", merge=COUNTED),
    Statistic("incidents", incident_agents, total="incidents", merge=OF_AGENTS),
    Statistic("incidents", incident_addresses, total="incidents", merge=COUNTED),
    Statistic("incidents", incident_data_types, merge=TYPED),
)
