"""Figures of the events that rules fire."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import Statistics, Value, summed, total
from sentinel_pipeline.sections.shares import percent

OPEN = ~pl.col("is_acknowledged")
DELETED = pl.col("rule") == pl.format("rule #{} (deleted)", "rule_id")


def acknowledged_share(statistics: Statistics) -> Value:
    """Acknowledged rule events in percent of all."""
    hours = statistics["rule_event_hours"]
    return percent(total(hours, "events", pl.col("is_acknowledged")), total(hours, "events"))


FIGURES = (
    Figure(
        "total_rule_events",
        "Rule events",
        "events",
        "Events that rules fired in the period, by the time they fired; those that came from outside included.",
        "rule_events",
        ("rule_event_hours",),
        summed("rule_event_hours", "events"),
        course=("rule_event_hours", pl.col("events")),
    ),
    Figure(
        "unacknowledged_rule_events",
        "Rule events not acknowledged",
        "events",
        "Rule events that nobody had acknowledged when the day was read. No system says when one was acknowledged.",
        "rule_events",
        ("rule_event_hours",),
        summed("rule_event_hours", "events", OPEN),
        good="down",
        course=("rule_event_hours", pl.when(OPEN).then("events").otherwise(0)),
    ),
    Figure(
        "rule_events_acknowledged_share",
        "Rule events acknowledged",
        "%",
        "Acknowledged rule events in percent of all rule events.",
        "rule_events",
        ("rule_event_hours",),
        acknowledged_share,
        good="up",
    ),
    Figure(
        "rule_events_external",
        "Rule events from outside",
        "events",
        "Rule events that another system sent in.",
        "rule_events",
        ("rule_event_hours",),
        summed("rule_event_hours", "events", pl.col("is_external")),
    ),
    Figure(
        "rule_events_deleted_rule",
        "Rule events of deleted rules",
        "events",
        "Rule events of rules that the system no longer has.",
        "rule_events",
        ("rule_event_hours",),
        summed("rule_event_hours", "events", DELETED),
    ),
    Figure(
        "rule_events_unknown_device",
        "Rule events of unknown devices",
        "events",
        "Rule events that name a device the system does not know, or none.",
        "rule_events",
        ("rule_event_devices",),
        summed("rule_event_devices", "events", ~pl.col("is_device_known")),
    ),
)
