"""What the report says about the events that rules fire.

No system tells when an event was acknowledged, so no time to acknowledge is given.
"""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.findings import most, nothing, peak
from sentinel_pipeline.sections.section import Bars, Lines, Section, named
from sentinel_pipeline.sections.shares import percents, ranked
from sentinel_pipeline.sections.trends import grouped_trend, unseen_days
from sentinel_pipeline.statistics.automation import BEYOND, EARLY, LATENESS, NEWEST_EVENTS, NEWEST_FIRST

EVENTS = pl.col("events").sum().cast(pl.Int64).alias("count")
OPEN = pl.col("events").filter(~pl.col("is_acknowledged")).sum().cast(pl.Int64).alias("unacknowledged")
NO_RULE = "(none)"
HALF, MOST = 50, 95
LATENESS_WORDS: dict[int | None, str] = {
    EARLY: "before it fired (clocks differ)",
    1: "under 1 s",
    10: "1 to 10 s",
    60: "10 s to 1 min",
    600: "1 to 10 min",
    3_600: "10 min to 1 h",
    86_400: "1 h to 1 day",
    BEYOND: "1 day or more",
    None: "unknown",
}
WITHIN_WORDS = dict(zip(LATENESS, ("1 s", "10 s", "1 min", "10 min", "1 h", "1 day"), strict=True))


def rule_event_trends(rule_event_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Rule events over time per rule: by hour in a daily report, else by day. Days nobody could see are left empty."""
    named = rule_event_hours.with_columns(pl.col("rule").fill_null(NO_RULE))
    series = ranked(named.group_by("rule").agg(EVENTS), "count", ["rule"])["rule"].to_list() or [NO_RULE]
    unseen = unseen_days(completeness, "rule_events", period)
    return grouped_trend(named, "rule", "events", series, period, unseen)


def rule_events_by_rule(rule_event_hours: pl.DataFrame) -> pl.DataFrame:
    """Events per rule, how many of them nobody acknowledged when the day was read, and how many came from outside.

    Rules are told apart by id, for names repeat; a rule that is no longer there is called by its number.
    """
    table = (
        rule_event_hours.sort("hour_at", "rule")
        .group_by("source", "rule_id", maintain_order=True)
        .agg(
            pl.col("rule").last().fill_null(NO_RULE),
            EVENTS,
            OPEN,
            pl.col("events").filter("is_external").sum().cast(pl.Int64).alias("external"),
        )
    )
    return ranked(table, "count", ["rule", "rule_id", "source"]).select(
        "rule", "count", "unacknowledged", "external", "rule_id", "source"
    )


def rule_events_by_device(rule_event_devices: pl.DataFrame) -> pl.DataFrame:
    """Events per device; one that the hub does not know has no name, and is called by its serial number."""
    table = (
        rule_event_devices.filter(pl.col("device").is_not_null())
        .group_by("source", "device", maintain_order=True)
        .agg(
            pl.when(pl.col("is_device_known").any())
            .then(pl.col("device_name").drop_nulls().last().fill_null("Unnamed"))
            .otherwise(pl.lit("Unknown"))
            .alias("device_name"),
            EVENTS,
            pl.col("unacknowledged").sum().cast(pl.Int64),
        )
    )
    return ranked(table, "count", ["device", "source"]).select(
        "device", "device_name", "count", "unacknowledged", "source"
    )


def without_device(rule_event_devices: pl.DataFrame) -> int:
    """Rule events that name no device."""
    return int(rule_event_devices.filter(pl.col("device").is_null())["events"].sum())


def unacknowledged_rule_events(open_rule_events: pl.DataFrame) -> pl.DataFrame:
    """The newest rule events that nobody had acknowledged when the day was read (of each day at most 200 are kept)."""
    return open_rule_events.sort(*NEWEST_EVENTS, descending=NEWEST_FIRST).select(
        "triggered_at", "rule", "device", "device_name", "explanation", "context", "is_external", "source", "event_id"
    )


def rules_never_fired(
    rule_inventory: pl.DataFrame, rule_event_hours: pl.DataFrame, completeness: pl.DataFrame
) -> pl.DataFrame:
    """Rules switched on, by the newest inventory, that fired no event in what could be seen of the period."""
    sources = completeness.filter((pl.col("table") == "rule_events") & (pl.col("status") != "not in source"))
    newest = rule_inventory.filter(pl.col("day") == pl.col("day").max().over("source"))
    return (
        newest.filter(pl.col("is_enabled").fill_null(value=True))
        .join(sources.select("source").unique(), on="source", how="semi")
        .join(rule_event_hours, on=["source", "rule_id"], how="anti")
        .select(
            pl.col("name").fill_null(pl.format("rule #{}", "rule_id")).alias("rule"), "rule_type", "rule_id", "source"
        )
        .sort("rule", "rule_id", "source")
    )


def rule_events_lateness(rule_event_lateness: pl.DataFrame) -> pl.DataFrame:
    """How long after firing events were recorded, in classes; exact times would not add up over days."""
    counts = rule_event_lateness.group_by("within_seconds").agg(EVENTS)
    classes = pl.DataFrame(
        {"within_seconds": list(LATENESS_WORDS), "lateness": list(LATENESS_WORDS.values())},
        schema_overrides={"within_seconds": pl.Int64},
    )
    table = classes.join(counts, on="within_seconds", how="left", nulls_equal=True, maintain_order="left").with_columns(
        pl.col("count").fill_null(0)
    )
    table = table.with_columns(percentage=percents(table["count"], int(table["count"].sum())))
    is_shown = (pl.col("count") > 0) | (pl.col("within_seconds") > 0).fill_null(value=False)
    return table.filter(is_shown).select("lateness", "count", "percentage")


def _rule_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return nothing("rule events")
    open_ones = int(table["unacknowledged"].sum())
    return f"{most(table, 'count', 'rule', 'event', 'rule events')}; {open_ones:,} in all not acknowledged"


def _device_finding(table: pl.DataFrame) -> str:
    found = most(table.with_columns(named("device_name", "device")), "count", "device_name", "event", "rule events")
    unknown = table.filter(pl.col("device_name") == "Unknown").height
    return f"{found}; {counted(unknown, 'device')} the hub does not know" if unknown else found


def _open_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "Every rule event was acknowledged"
    return f"The newest is of “{table['rule'][0] or NO_RULE}”, device {table['device'][0] or '(none)'}"


def _never_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "Every rule that is switched on fired, as far as could be seen"
    return f"{counted(table.height, 'rule')} switched on fired no event, as far as could be seen"


def _lateness_finding(table: pl.DataFrame) -> str:
    """Within what time half and nearly all events were recorded, by the classes they fall into."""
    total = int(table["count"].sum())
    if total == 0:
        return nothing("rule events")
    words = {LATENESS_WORDS[edge]: word for edge, word in WITHIN_WORDS.items()}
    reached = 0
    said: dict[int, str] = {}
    for row in table.iter_rows(named=True):
        reached += row["count"]
        for share in (HALF, MOST):
            if reached * 100 >= share * total and row["lateness"] in words:
                said.setdefault(share, words[row["lateness"]])
    half = f"Half of the events were recorded within {said[HALF]}" if HALF in said else "Most events were recorded late"
    return f"{half}, {MOST} % within {said[MOST]}" if MOST in said else f"{half}; {MOST} % took longer than a day"


SECTIONS = (
    Section(
        "Rule events over time",
        "automation",
        rule_event_trends,
        lambda table, period: peak(table, "count", "rule event", period),
        chart=Lines("timestamp", ("count",), series="series"),
        shown=0,
        about="rule_events",
    ),
    Section(
        "Rule events by rule",
        "automation",
        rule_events_by_rule,
        _rule_finding,
        chart=Bars("rule", "count"),
        shown=10,
        totals=("count", "unacknowledged", "external"),
        is_told=True,
        about="rule_events",
        hidden=("rule_id",),
    ),
    Section(
        "Rule events by device",
        "automation",
        rule_events_by_device,
        _device_finding,
        chart=Bars("device_name", "count", otherwise="device"),
        shown=10,
        totals=("count", "unacknowledged"),
        about="rule_events",
        excluded=without_device,
    ),
    Section(
        "Rules that never fired",
        "automation",
        rules_never_fired,
        _never_finding,
        shown=10,
        about="rule_events",
        hidden=("rule_id",),
    ),
    Section(
        "How late rule events were recorded",
        "automation",
        rule_events_lateness,
        _lateness_finding,
        totals=("count",),
        about="rule_events",
    ),
    Section(
        "Newest rule events not acknowledged",
        "automation",
        unacknowledged_rule_events,
        _open_finding,
        shown=5,
        about="rule_events",
        hidden=("context", "is_external", "event_id"),
    ),
)
