"""The figures of a fleet."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.fleet import UNREADABLE
from sentinel_pipeline.sections.measures import Statistics, Value, distinct, summed, total
from sentinel_pipeline.sections.shares import percent
from sentinel_pipeline.sections.trends import unseen_days
from sentinel_pipeline.statistics.fleet import IS_ERROR


def machines_seen(statistics: Statistics) -> Value:
    """Distinct machines with a log."""
    return distinct(statistics["fleet_machine_logs"], "source", "machine_id")


def machines_silent(statistics: Statistics, period: Period) -> Value:
    """Known machines without a log; None when no list of machines was read."""
    if len(unseen_days(statistics["completeness"], "machines", period)) == len(period.days):
        return None
    keys = ["source", "machine_id"]
    known = statistics["machine_inventory"].select(keys)
    return distinct(known.join(statistics["fleet_machine_logs"], on=keys, how="anti"), *keys)


def unreadable_share(statistics: Statistics) -> Value:
    """What could not be opened, in percent of all that was received."""
    outcomes = statistics["decryption_outcomes"]
    return percent(total(outcomes, "units", pl.col("verdict").is_in(UNREADABLE)), total(outcomes, "units"))


FIGURES = (
    Figure(
        "total_widget_logs",
        "Fleet logs",
        "logs",
        "Logs that the fleet's machines wrote in the period; exact repeats count once.",
        "widget_logs",
        ("fleet_hours",),
        summed("fleet_hours", "logs"),
        course=("fleet_hours", pl.col("logs")),
    ),
    Figure(
        "widget_log_errors",
        "Fleet errors",
        "logs",
        "Fleet logs of level ERROR, CRITICAL or FATAL.",
        "widget_logs",
        ("fleet_hours",),
        summed("fleet_hours", "logs", IS_ERROR),
        good="down",
        course=("fleet_hours", pl.when(IS_ERROR).then("logs").otherwise(0)),
    ),
    Figure(
        "machines_seen",
        "Machines seen",
        "machines",
        "Machines with at least one log in the period; their ids are what they claim.",
        "widget_logs",
        ("fleet_machine_logs",),
        machines_seen,
    ),
    Figure(
        "machines_silent",
        "Silent machines",
        "machines",
        "Machines the system knows (of an inbox: with a log in the 30 days before) without a log in the period.",
        "widget_logs",
        ("fleet_machine_logs", "machine_inventory", "completeness"),
        machines_silent,
        good="down",
    ),
    Figure(
        "unreadable_share",
        "Fleet data not opened",
        "%",
        "Envelopes, export files and stored rows that could not be decrypted or believed, in percent of all received;"
        " a replay is not unreadable.",
        "decryptions",
        ("decryption_outcomes",),
        unreadable_share,
        good="down",
    ),
    Figure(
        "nonce_reuses",
        "Reused nonces",
        "envelopes",
        "Envelopes whose nonce another envelope under the same key had, with other content: that key is not safe.",
        "decryptions",
        ("decryption_outcomes",),
        summed("decryption_outcomes", "nonce_reuses"),
        good="down",
    ),
)
