"""What the report says about audit trails, and about how well the sources could be read."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.amounts import counted, was_or_were
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.reasons import meaning
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sections.findings import most, peak
from sentinel_pipeline.sections.section import Lines, Section
from sentinel_pipeline.sections.shares import ranked
from sentinel_pipeline.sections.trends import SEEN, trend, unseen_days

TROUBLES = ("unreachable", "not extracted", "partial")


def audit_log(audit_hours: pl.DataFrame) -> pl.DataFrame:
    """Audit events per type and severity."""
    keys = ["event_type", "severity"]
    table = audit_hours.group_by(keys).agg(pl.col("events").sum().cast(pl.Int64).alias("count"))
    return ranked(table, "count", keys)


def audit_log_by_user(audit_users: pl.DataFrame) -> pl.DataFrame:
    """Audit events per user; (none) where the trail names nobody."""
    table = audit_users.group_by(pl.col("user").fill_null("(none)")).agg(pl.col("events").sum().cast(pl.Int64))
    return ranked(table.rename({"events": "count"}), "count", ["user"])


def audit_trends(audit_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Audit events over time: by hour in a daily report, else by day. Days nobody could see are empty."""
    unseen = unseen_days(completeness, "audit_events", period)
    return trend(audit_hours, ["events"], period, unseen).rename({"events": "count"})


def data_completeness(completeness: pl.DataFrame, quarantined: pl.DataFrame, period: Period) -> pl.DataFrame:
    """What arrived of every table of every source; `quarantined` counts each record that was set aside once.

    Status: received, no events (read, nothing in it), not in source (the system has no such table), partial (some of it
    could not be read, or not on every day), unreachable, not extracted. Rows of a snapshot are those of its last day.
    """
    return (
        completeness.sort("day")
        .group_by("source", "table")
        .agg(
            _rows().alias("rows"),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
            _status(len(period.days)).alias("status"),
            _reason(len(period.days)).alias("reason"),
        )
        .join(_counts(quarantined), on=["source", "table"], how="left")
        .with_columns(pl.col("quarantined").fill_null(0), pl.col("first_at", "last_at").cast(INSTANT))
        .select("source", "table", "rows", "first_at", "last_at", "quarantined", "status", "reason")
        .sort("source", "table")
    )


def quarantine_reasons(quarantined: pl.DataFrame) -> pl.DataFrame:
    """Records that repeat another or could not be read in full, by source, table and reason; all are kept."""
    keys = ["source", "table", "reason"]
    table = quarantined.group_by(keys).agg(pl.col("location").n_unique().cast(pl.Int64).alias("records"))
    meanings = pl.col("reason").map_elements(meaning, return_dtype=pl.String)
    return ranked(table.with_columns(meanings.alias("meaning")), "records", keys)


def _counts(quarantined: pl.DataFrame) -> pl.DataFrame:
    return quarantined.group_by("source", "table").agg(
        pl.col("location").n_unique().cast(pl.Int64).alias("quarantined")
    )


def _rows() -> pl.Expr:
    """Events add up over days; of a snapshot (which has no times) the last day's rows stand; unread days count none."""
    known = pl.col("rows").drop_nulls()
    events = pl.col("is_snapshot").not_().any() & (known.len() > 0)
    return pl.when(events).then(known.sum()).otherwise(known.last()).cast(pl.Int64)


def _status(days: int) -> pl.Expr:
    status = pl.col("status")
    seen = status.is_in([*SEEN, "not in source"]).sum()
    return (
        pl.when((status == "not in source").all())
        .then(pl.lit("not in source"))
        .when((seen == days) & (status != "partial").all() & (pl.col("rows").sum() > 0))
        .then(pl.lit("received"))
        .when((seen == days) & (status != "partial").all())
        .then(pl.lit("no events"))
        .when(status.is_in(SEEN).any())
        .then(pl.lit("partial"))
        .when((status == "unreachable").any())
        .then(pl.lit("unreachable"))
        .otherwise(pl.lit("not extracted"))
    )


def _reason(days: int) -> pl.Expr:
    """The last trouble's own words, and on how many days there was one."""
    trouble = pl.col("status").is_in(TROUBLES)
    last = pl.col("reason").filter(trouble).drop_nulls().last()
    many = pl.format("{} ({} of {} days)", last, trouble.sum(), pl.lit(days))
    return pl.when(last.is_null()).then(None).when(pl.lit(days) == 1).then(last).otherwise(many)


def _completeness_finding(table: pl.DataFrame) -> str:
    troubled = table.filter(pl.col("status").is_in(TROUBLES))
    number = int(table["quarantined"].sum())
    bad, were = counted(number, "record"), was_or_were(number)
    if troubled.is_empty() and not table["quarantined"].sum():
        return "Every source was read in full"
    if troubled.is_empty():
        return f"Every source was read for the whole period; {bad} in them {were} set aside"
    sources = ", ".join(sorted(set(troubled["source"])))
    return f"Not everything could be seen of {sources}; {bad} {were} set aside"


def _reasons_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No record was set aside"
    number = int(table["records"].sum())
    return f"{counted(number, 'record')} {was_or_were(number)} set aside, most because of {table['reason'][0]}"


SECTIONS = (
    Section(
        "Audit log",
        "audit",
        audit_log,
        lambda table: most(table, "count", "event_type", "audit event", "audit events"),
        shown=10,
        totals=("count",),
        about="audit_events",
    ),
    Section(
        "Audit log by user",
        "audit",
        audit_log_by_user,
        lambda table: most(table, "count", "user", "audit event", "audit events"),
        shown=10,
        totals=("count",),
        about="audit_events",
    ),
    Section(
        "Audit log over time",
        "audit",
        audit_trends,
        lambda table, period: peak(table, "count", "audit event", period),
        chart=Lines("timestamp", ("count",)),
        shown=0,
        about="audit_events",
    ),
    Section(
        "Data completeness", "method", data_completeness, _completeness_finding, about="receipts", hidden=("first_at",)
    ),
    Section(
        "Records set aside",
        "method",
        quarantine_reasons,
        _reasons_finding,
        shown=10,
        totals=("records",),
        about="quarantine",
    ),
)
