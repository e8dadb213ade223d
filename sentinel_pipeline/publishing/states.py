"""What kind of period an edition tells of: something happened, nothing did, nothing arrived, or a source was away."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline.rendering.report import KeyFigure, State

UNREAD = ("unreachable", "not extracted")
# What a working monitor records all the time: none of it in a whole period means that it has gone quiet.
FLOWING = ("connections", "energy_readings", "widget_logs")
# What is made up for every quarter-hour, whether something was read in it or not.
MADE_UP = ("energy_intervals",)
EVENTS = ("total_alerts", "total_incidents", "total_rule_events", "widget_log_errors")


def state_of(completeness: pl.DataFrame, figures: Sequence[KeyFigure]) -> State:
    """The state of a period; `completeness` is the table of the section data_completeness."""
    if unread(completeness):
        return "unreachable"
    if len(silent(completeness)) == completeness["source"].n_unique():
        return "no data"
    events = [figure.value for figure in figures if figure.id in EVENTS]
    return "empty" if events and all(value == 0 for value in events) else "eventful"


def unread(completeness: pl.DataFrame) -> dict[str, str]:
    """The sources of which a table could not be read at all, each with the reason it gave."""
    away = completeness.filter(pl.col("status").is_in(UNREAD)).unique("source", keep="first", maintain_order=True)
    return {row["source"]: row["reason"] or row["status"] for row in away.iter_rows(named=True)}


def silent(completeness: pl.DataFrame) -> list[str]:
    """The sources that were read and hold nothing of the period although they should, by name.

    A system that records all the time should hold some of that, any other one at least the devices, agents or rules it
    knows: without events it may just have had a quiet time.
    """
    snapshots = [name for name, table in TABLE.items() if table.is_snapshot]
    given = completeness.filter((pl.col("status") != "not in source") & ~pl.col("table").is_in(MADE_UP))
    is_event = ~pl.col("table").is_in(snapshots)
    rows = pl.col("rows").fill_null(0)
    sources = given.group_by("source").agg(
        (~pl.col("status").is_in(UNREAD)).all().alias("is_read"),
        pl.col("table").is_in(FLOWING).any().alias("flows"),
        rows.filter(is_event).sum().alias("events"),
        rows.sum().alias("everything"),
    )
    is_silent = pl.when("flows").then(pl.col("events") == 0).otherwise(pl.col("everything") == 0)
    return sorted(sources.filter(pl.col("is_read") & is_silent)["source"].to_list())
