"""What is counted of the events that rules fire."""

from __future__ import annotations

import orjson
import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.statistics.merging import Added, Foremost
from sentinel_pipeline.statistics.statistic import Statistic, count, hour_at, number_of

OPEN = pl.col("is_acknowledged").not_()
OPEN_KEPT = 200
NEWEST_EVENTS = ("triggered_at", "source", "event_id")
NEWEST_FIRST = [True, False, False]
NEWEST = Foremost(OPEN_KEPT, NEWEST_EVENTS, tuple(NEWEST_FIRST))

# Upper ends of the classes of lateness, in seconds; what was recorded before it happened is a class of its own.
LATENESS = (1, 10, 60, 600, 3_600, 86_400)
EARLY, BEYOND = -1, 2**31
PARTS = ("metric", "value", "unit", "operator", "threshold")


def rule_event_hours(rule_events: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Rule events per hour, rule, whether somebody acknowledged them, and whether they came from outside the hub."""
    keys = ["source", "hour_at", "rule_id", "rule", "is_acknowledged", "is_external"]
    return (
        _flagged(rule_events)
        .with_columns(hour_at=hour_at("triggered_at", day), is_external=pl.col("is_external").fill_null(value=False))
        .group_by(keys)
        .agg(count("events"))
        .sort(keys)
    )


def rule_event_devices(rule_events: pl.LazyFrame) -> pl.LazyFrame:
    """Rule events per device, and how many of them nobody acknowledged; devices the hub does not know included."""
    keys = ["source", "device"]
    return (
        _flagged(rule_events)
        .group_by(keys)
        .agg(
            pl.col("device_name").max(),
            pl.col("is_device_known").fill_null(value=False).any(),
            count("events"),
            number_of(OPEN).alias("unacknowledged"),
        )
        .sort(keys)
    )


def rule_event_lateness(rule_events: pl.LazyFrame) -> pl.LazyFrame:
    """Rule events by how long after they fired they were recorded, in classes, so that days add up exactly.

    `within_seconds` is the upper end of a class (-1: recorded before they fired, 2^31: later than all classes; NULL: no
    time of recording).
    """
    keys = ["source", "within_seconds"]
    late = pl.col("created_at") - pl.col("triggered_at")
    within = pl.coalesce(
        pl.when(late < pl.duration()).then(pl.lit(EARLY, pl.Int64)),
        *(pl.when(late < pl.duration(seconds=edge)).then(pl.lit(edge, pl.Int64)) for edge in LATENESS),
        pl.when(late.is_not_null()).then(pl.lit(BEYOND, pl.Int64)),
    )
    return rule_events.with_columns(within_seconds=within).group_by(keys).agg(count("events")).sort(keys)


def open_rule_events(rule_events: pl.LazyFrame) -> pl.LazyFrame:
    """The newest rule events that nobody acknowledged themselves, at most 200 a day."""
    unheeded = _flagged(rule_events).filter(OPEN)
    columns = ("source", "event_id", "triggered_at", "rule", "device", "device_name", "context", "is_external")
    explanation = pl.col("context").map_elements(told, return_dtype=pl.String)
    return NEWEST.of(unheeded.select(columns)).with_columns(explanation=explanation)


def rule_inventory(alert_rules: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The rules a system had when the day was read."""
    return alert_rules.select(
        "source", "rule_id", "name", "rule_type", "is_enabled", pl.lit(day.key).alias("day")
    ).sort("source", "rule_id")


def told(context: str) -> str | None:
    """What a context says in a few words: its reason, or metric, value, unit, operator and threshold; None for none."""
    held = orjson.loads(context)
    if not isinstance(held, dict):
        return None
    measured = " ".join(_word(held[part]) for part in PARTS if held.get(part) is not None)
    parts = [_word(held["reason"])] if held.get("reason") else []
    return "; ".join([*parts, *([measured] if measured else [])]) or None


def _word(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _flagged(rule_events: pl.LazyFrame) -> pl.LazyFrame:
    """An event of which nobody says whether it was acknowledged was not."""
    return rule_events.with_columns(pl.col("is_acknowledged").fill_null(value=False))


BY_DEVICE = Added(("events", "unacknowledged"), largest=("device_name",), anywhere=("is_device_known",))

STATISTICS = (
    Statistic("rule_events", rule_event_hours, total="events", merge=Added(("events",))),
    Statistic("rule_events", rule_event_devices, total="events", merge=BY_DEVICE),
    Statistic("rule_events", rule_event_lateness, total="events", merge=Added(("events",))),
    Statistic("rule_events", open_rule_events, merge=NEWEST),
    Statistic("alert_rules", rule_inventory),
)
