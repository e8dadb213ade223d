from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.reasons import meaning
from sentinel_pipeline.domain.tables import AUDIT_EVENTS
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, of_status, receipt_rows, table_of, world
from sentinel_pipeline_tests.statistics.frames import counted, days_of, facts, quarantine, utc

TODAY = day("2025-01-06")
WEEK = week("2025-01-06")
NOON = utc("2025-01-06T11:00:00")


def completeness_of(statuses: list[str], table: str = "alerts", **more: Any) -> dict[str, Any]:
    """The row that a table with one status a day gets."""
    period = TODAY if len(statuses) == 1 else WEEK
    parts = [
        receipt_rows(one, [{"table": table, **of_status(status), **more}])
        for one, status in zip(days_of(period), statuses, strict=True)
    ]
    statistics = world(period) | {"completeness": pl.concat(parts)}
    return table_of("data_completeness", statistics, period).row(0, named=True)


@pytest.mark.parametrize(
    ("status", "rows"),
    [
        ("received", 1),
        ("no events", 0),
        ("partial", 1),
        ("not in source", None),
        ("unreachable", None),
        ("not extracted", None),
    ],
)
@pytest.mark.parametrize("table", ["alerts", "devices"])
def test_a_day_keeps_the_status_of_its_receipt_and_unread_is_not_zero(
    status: str, rows: int | None, table: str
) -> None:
    row = completeness_of([status], table)
    assert (row["status"], row["rows"]) == (status, rows)
    assert (row["reason"] is not None) == (status in ("unreachable", "not extracted", "partial"))


@pytest.mark.parametrize(
    ("statuses", "status", "rows"),
    [
        (["received"] * 7, "received", 7),
        (["no events"] * 7, "no events", 0),
        (["received"] + ["no events"] * 6, "received", 1),
        (["received"] * 6 + ["partial"], "partial", 7),
        (["received"] * 6 + ["unreachable"], "partial", 6),
        (["no events"] * 6 + ["not extracted"], "partial", 0),
        (["unreachable"] * 7, "unreachable", None),
        (["not extracted"] * 7, "not extracted", None),
        (["not extracted"] * 6 + ["unreachable"], "unreachable", None),
        (["not in source"] * 7, "not in source", None),
        (["not in source"] * 6 + ["received"], "received", 1),
        (["not in source"] * 6 + ["unreachable"], "unreachable", None),
    ],
)
def test_a_week_is_complete_only_when_every_day_is(statuses: list[str], status: str, rows: int | None) -> None:
    row = completeness_of(statuses)
    assert (row["status"], row["rows"]) == (status, rows)


def test_rows_of_a_snapshot_are_those_of_its_last_day() -> None:
    parts = [receipt_rows(one, [{"table": "devices", "rows": n}]) for n, one in enumerate(days_of(WEEK), start=10)]
    statistics = world(WEEK) | {"completeness": pl.concat(reversed(parts))}
    assert table_of("data_completeness", statistics, WEEK)["rows"].to_list() == [16]


def test_the_last_trouble_is_told_with_how_often_there_was_one() -> None:
    row = completeness_of(["unreachable", "received", "received", "partial", "received", "received", "received"])
    assert row["reason"] == "it was partial (2 of 7 days)"
    assert completeness_of(["unreachable"])["reason"] == "it was unreachable"
    assert completeness_of(["received"] * 7)["reason"] is None


def test_first_and_last_time_are_those_of_the_whole_period() -> None:
    times = [utc(f"2025-01-{number:02d}T11:00:00") for number in range(6, 13)]
    parts = [
        receipt_rows(one, [{"table": "alerts", "rows": 1, "first_at": time, "last_at": time}])
        for one, time in zip(days_of(WEEK), times, strict=True)
    ]
    row = table_of("data_completeness", world(WEEK) | {"completeness": pl.concat(parts)}, WEEK).row(0, named=True)
    assert (row["first_at"], row["last_at"]) == (times[0], times[-1])


def test_columns_are_those_of_the_contract() -> None:
    table = table_of("data_completeness", world(TODAY), TODAY)
    assert table.columns[:7] == ["source", "table", "rows", "first_at", "last_at", "quarantined", "status"]
    assert table["table"].to_list() == sorted(table["table"].to_list())


def test_a_record_that_belongs_to_no_day_is_counted_once_in_a_week() -> None:
    bad = quarantine(
        {"table": "alerts", "location": "alerts id=1", "reason": "bad_time"},
        {"table": "alerts", "location": "alerts id=1", "reason": "bad_severity"},
        {"table": "alerts", "location": "alerts id=2", "reason": "bad_time"},
    )
    statistics = world(WEEK) | {"quarantined": pl.concat([counted("quarantined", bad, one) for one in days_of(WEEK)])}
    row = table_of("data_completeness", statistics, WEEK).row(0, named=True)
    assert (row["table"], row["quarantined"]) == ("alerts", 2)
    reasons = table_of("quarantine_reasons", statistics, WEEK)
    assert reasons.drop("meaning").rows() == [("home", "alerts", "bad_time", 2), ("home", "alerts", "bad_severity", 1)]
    assert reasons["meaning"].to_list() == [meaning("bad_time"), meaning("bad_severity")]
    said = finding_of("quarantine_reasons", statistics, WEEK)
    assert said.endswith("most because of bad_time")


def test_findings_name_the_sources_that_could_not_be_seen() -> None:
    assert finding_of("quarantine_reasons", world(TODAY), TODAY) == "No record was set aside"
    assert finding_of("data_completeness", world(TODAY), TODAY).startswith("Every source was read in full")
    blind = world(TODAY, statuses={TODAY.key: "unreachable"})
    assert finding_of("data_completeness", blind, TODAY).startswith("Not everything could be seen of home")


def test_the_audit_log_counts_by_type_and_severity() -> None:
    rows = [{"occurred_at": NOON, "event_type": kind, "severity": "info"} for kind in ("login", "login", "logout")]
    statistics = world(TODAY) | {"audit_hours": counted("audit_hours", facts(AUDIT_EVENTS, rows), TODAY)}
    assert table_of("audit_log", statistics, TODAY).rows() == [("login", "info", 2), ("logout", "info", 1)]
    assert finding_of("audit_log", statistics, TODAY) == "login leads with 2 of 3 audit events (66.67 %)"
    assert finding_of("audit_log", world(TODAY), TODAY) == "No audit events in this period"
