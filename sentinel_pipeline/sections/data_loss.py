"""What the report says about data-loss incidents."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.sections.findings import most, nothing, peak
from sentinel_pipeline.sections.section import Bars, Lines, Section
from sentinel_pipeline.sections.security import by_severity
from sentinel_pipeline.sections.shares import percents, ranked, ratio
from sentinel_pipeline.sections.trends import grouped_trend, unseen_days
from sentinel_pipeline.statistics.statistic import MILLIONTHS

INCIDENTS = pl.col("incidents").sum().cast(pl.Int64)
COUNTS = (INCIDENTS.alias("incident_count"), pl.col("critical").sum().cast(pl.Int64).alias("critical_count"))
NO_POLICY = "(none)"


def incident_trends(incident_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Incidents over time per severity: by hour in a daily report, else by day. Days nobody could see are empty."""
    unseen = unseen_days(completeness, "incidents", period)
    return grouped_trend(incident_hours, "severity", "incidents", LEVELS, period, unseen)


def incident_trends_by_type(incident_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Incidents over time per incident type; (none) where the source names none."""
    return _trend_by(incident_hours, "incident_type", completeness, period)


def incident_trends_by_policy(incident_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Incidents over time per policy; (none) for incidents no policy had a part in, so that series add up."""
    table = _trend_by(incident_hours, "policy_id", completeness, period)
    names = _policy_names(incident_hours).rename({"policy_id": "series"})
    return table.join(names, on="series", how="left", maintain_order="left").with_columns(
        pl.col("policy_name").fill_null(pl.col("series"))
    )


def severity_distribution(incident_hours: pl.DataFrame) -> pl.DataFrame:
    """Incidents per severity, most severe first, with their share of all incidents; every level is listed."""
    return by_severity(incident_hours, "incidents")


def top_violators_by_user(incident_users: pl.DataFrame) -> pl.DataFrame:
    """Users by number of incidents; incidents without a user are left out."""
    return _violators(incident_users, "user")


def top_violators_by_agent(incident_agents: pl.DataFrame) -> pl.DataFrame:
    """Agents by number of incidents, agents that nobody registered as Unknown; incidents without an agent left out."""
    table = (
        incident_agents.filter(pl.col("agent_id").is_not_null())
        .group_by("agent_id")
        .agg(
            pl.col("agent_name").drop_nulls().last().fill_null("Unknown"),
            pl.col("hostname").drop_nulls().last(),
            *COUNTS,
        )
    )
    return ranked(table, "incident_count", ["agent_id"])


def top_violators_by_ip(incident_addresses: pl.DataFrame) -> pl.DataFrame:
    """Source addresses by number of incidents; incidents without an address are left out."""
    return _violators(incident_addresses, "source_ip").rename({"source_ip": "ip_address"})


def data_types(incident_data_types: pl.DataFrame, incident_hours: pl.DataFrame) -> pl.DataFrame:
    """Incidents that carry each data type, with their share of classified incidents and mean confidence (0 to 1).

    Types that differ only in case are one, spelled as the first by name. An incident may carry several types, so the
    shares may add up to more than 100 %.
    """
    classified = int(incident_hours["classified"].sum())
    table = (
        incident_data_types.group_by(folded=pl.col("data_type").str.to_lowercase())
        .agg(
            pl.col("data_type").min(),
            INCIDENTS.alias("count"),
            pl.col("confidence_millionths", "with_confidence").sum(),
        )
        .drop("folded")
    )
    means = [
        ratio(total, number * MILLIONTHS)
        for total, number in table.select("confidence_millionths", "with_confidence").iter_rows()
    ]
    return ranked(
        table.select(
            "data_type",
            "count",
            percentage=percents(table["count"], classified),
            avg_confidence=pl.Series(means, dtype=pl.Float64),
        ),
        "count",
        ["data_type"],
    )


def policy_violations(incident_hours: pl.DataFrame) -> pl.DataFrame:
    """Violations per policy and how many were blocked, or prevented (blocked, quarantined or disallowed).

    Both rates are shares of the policy's own violations.
    """
    table = (
        incident_hours.filter(pl.col("policy_id").is_not_null())
        .group_by("policy_id")
        .agg(
            pl.col("policy_name").drop_nulls().last().fill_null("Unknown"),
            INCIDENTS.alias("violation_count"),
            pl.col("blocked").sum().cast(pl.Int64).alias("blocked_count"),
            pl.col("prevented").sum().cast(pl.Int64).alias("prevented_count"),
        )
    )
    violations = table["violation_count"]
    table = table.with_columns(
        block_rate=percents(table["blocked_count"], violations),
        prevention_rate=percents(table["prevented_count"], violations),
    )
    columns = ["policy_id", "policy_name", "violation_count", "blocked_count", "block_rate"]
    return ranked(table.select(*columns, "prevented_count", "prevention_rate"), "violation_count", ["policy_id"])


def without_user(incident_users: pl.DataFrame) -> int:
    """Incidents whose user is unknown."""
    return _unknown(incident_users, "user")


def without_agent(incident_agents: pl.DataFrame) -> int:
    """Incidents whose agent is unknown."""
    return _unknown(incident_agents, "agent_id")


def without_address(incident_addresses: pl.DataFrame) -> int:
    """Incidents whose source address is unknown."""
    return _unknown(incident_addresses, "source_ip")


def without_policy(incident_hours: pl.DataFrame) -> int:
    """Incidents no policy had a part in."""
    return _unknown(incident_hours, "policy_id")


def _unknown(statistic: pl.DataFrame, key: str) -> int:
    return int(statistic.filter(pl.col(key).is_null())["incidents"].sum())


def _violators(statistic: pl.DataFrame, key: str) -> pl.DataFrame:
    table = statistic.filter(pl.col(key).is_not_null()).group_by(key).agg(*COUNTS)
    return ranked(table, "incident_count", [key])


def _trend_by(incident_hours: pl.DataFrame, group: str, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    named = incident_hours.with_columns(pl.col(group).fill_null(NO_POLICY))
    series = named[group].unique().sort().to_list()
    unseen = unseen_days(completeness, "incidents", period)
    return grouped_trend(named, group, "incidents", series, period, unseen)


def _policy_names(incident_hours: pl.DataFrame) -> pl.DataFrame:
    """A name of its own for every policy id: the id where there is no name, and behind a name that several share."""
    names = (
        incident_hours.filter(pl.col("policy_id").is_not_null())
        .group_by("policy_id")
        .agg(pl.col("policy_name").drop_nulls().last())
        .sort("policy_id")
    )
    own = pl.when(pl.col("policy_name").is_duplicated()).then(pl.format("{} ({})", "policy_name", "policy_id"))
    return names.with_columns(own.otherwise("policy_name").fill_null(pl.col("policy_id")))


def _severity_finding(table: pl.DataFrame) -> str:
    total = int(table["count"].sum() or 0)
    if total == 0:
        return nothing("incidents")
    worst = table.row(0, named=True)
    return f"{counted(worst['count'], worst['severity'])} of {counted(total, 'incident')} ({worst['percentage']:.2f} %)"


def _policy_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No policy was violated in this period"
    first = table.row(0, named=True)
    return (
        f"“{first['policy_name']}” was violated most: {counted(first['violation_count'], 'time')},"
        f" {first['block_rate']:.2f} % blocked"
    )


def _data_type_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return nothing("classified incidents")
    first = table.row(0, named=True)
    return f"{first['data_type']} is in most: {first['count']:,} ({first['percentage']:.2f} % of classified incidents)"


def _violator_section(
    title: str, table: Callable[..., pl.DataFrame], label: str, excluded: Callable[..., int]
) -> Section:
    return Section(
        title,
        "data loss",
        table,
        lambda rows: most(rows, "incident_count", label, "incident", "incidents"),
        chart=Bars(label, "incident_count", otherwise="agent_id" if label == "agent_name" else None),
        shown=10,
        totals=("incident_count", "critical_count"),
        about="incidents",
        excluded=excluded,
    )


def _trend_section(title: str, table: Callable[..., pl.DataFrame], series: str, *, is_told: bool = False) -> Section:
    return Section(
        title,
        "data loss",
        table,
        lambda table, period: peak(table, "count", "incident", period),
        chart=Lines("timestamp", ("count",), series=series),
        shown=0,
        about="incidents",
        is_told=is_told,
    )


SECTIONS = (
    _trend_section("Incidents over time", incident_trends, "series", is_told=True),
    Section(
        "Incidents by severity",
        "data loss",
        severity_distribution,
        _severity_finding,
        chart=Bars("severity", "count"),
        totals=("count",),
        about="incidents",
    ),
    Section(
        "Policy violations",
        "data loss",
        policy_violations,
        _policy_finding,
        chart=Bars("policy_name", "violation_count", otherwise="policy_id"),
        hidden=("policy_id",),
        shown=10,
        totals=("violation_count", "blocked_count", "prevented_count"),
        is_told=True,
        about="incidents",
        excluded=without_policy,
    ),
    _violator_section("Incidents by user", top_violators_by_user, "user", without_user),
    _violator_section("Incidents by address", top_violators_by_ip, "ip_address", without_address),
    _violator_section("Incidents by agent", top_violators_by_agent, "agent_name", without_agent),
    Section(
        "Data types",
        "data loss",
        data_types,
        _data_type_finding,
        chart=Bars("data_type", "count"),
        shown=10,
        about="incidents",
    ),
    _trend_section("Incidents over time by type", incident_trends_by_type, "series"),
    _trend_section("Incidents over time by policy", incident_trends_by_policy, "policy_name"),
)
