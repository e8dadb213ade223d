"""What the report says about a fleet."""

from __future__ import annotations

import json
import statistics as reference
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.sections.figures import FIGURES, Value
from sentinel_pipeline.sections.fleet import percentile
from sentinel_pipeline_tests.clocks import BRIEF, day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import Row, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
LATER = utc("2025-01-03T11:00:00")


def log(machine: str = "a", **more: Any) -> dict[str, Any]:
    base = {"logged_at": NOON, "machine_id": machine, "level": "INFO", "widget_type": "ping", "data": "{}"}
    return base | more


def seal(verdict: str = "ok", machine: str | None = "a", **more: Any) -> dict[str, Any]:
    return {"received_at": NOON, "machine_id": machine, "unit": "envelope", "verdict": verdict, "logs": 1} | more


def figure(name: str, made: dict[str, pl.DataFrame]) -> Value:
    return next(one for one in FIGURES if one.id == name).value(made, TODAY)


def test_logs_are_ranked_by_widget_and_level() -> None:
    made = world(TODAY, widget_logs=[log(), log(), log(level="ERROR"), log(widget_type="wifi")])
    table = table_of("fleet_logs", made, TODAY)
    assert table.columns == ["widget_type", "level", "count"]
    assert table.rows() == [("ping", "INFO", 2), ("ping", "ERROR", 1), ("wifi", "INFO", 1)]
    assert (figure("total_widget_logs", made), figure("widget_log_errors", made)) == (4, 1)


def test_logs_and_errors_over_time_fill_every_hour() -> None:
    made = world(TODAY, widget_logs=[log(), log(level="CRITICAL")])
    table = table_of("fleet_log_trends", made, TODAY)
    assert (table.height, table["logs"].sum(), table["errors"].sum()) == (24, 2, 1)
    period = week("2025-01-06")
    blind = world(period, statuses={"2025-01-07": "unreachable"})
    assert table_of("fleet_log_trends", blind, period)["logs"].to_list() == [0, None, 0, 0, 0, 0, 0]


def test_a_known_machine_without_a_log_is_silent() -> None:
    known: list[Row] = [
        {"machine_id": "a", "machine_name": "Anna's", "last_seen_at": LATER},
        {"machine_id": "b", "machine_name": None, "last_seen_at": utc("2025-01-01T10:00:00")},
        {"machine_id": "c", "last_seen_at": LATER},
    ]
    made = world(TODAY, widget_logs=[log(), log(level="ERROR"), log("stranger")], machines=known)
    assert table_of("fleet_machines", made, TODAY).rows() == [
        ("a", "Anna's", 2, 1, NOON, False, "home"),
        ("stranger", None, 1, 0, NOON, False, "home"),
        ("b", None, 0, 0, utc("2025-01-01T10:00:00"), True, "home"),
        ("c", None, 0, 0, None, True, "home"),
    ]
    assert table_of("silent_machines", made, TODAY)["machine_id"].to_list() == ["b", "c"]
    assert finding_of("fleet_machines", made, TODAY) == "2 machines sent logs, 2 are silent"
    assert finding_of("silent_machines", made, TODAY) == "2 machines sent nothing: b and c"
    assert (figure("machines_seen", made), figure("machines_silent", made)) == (2, 2)


def test_without_a_list_of_machines_nobody_can_say_who_is_silent() -> None:
    made = world(TODAY, widget_logs=[log()], statuses={"2025-01-02/machines": "not in source"})
    assert figure("machines_silent", made) is None


def test_percentiles_count_every_sample() -> None:
    speeds = [10, 20, 30, 40]
    rows = [log(widget_type="speedtest", data=json.dumps({"download": speed})) for speed in speeds]
    table = table_of("fleet_measurements", world(TODAY, widget_logs=rows), TODAY)
    # By hand: 3 steps between 4 values; 5 % of 3 is 0.15 of the way from 10 to 20, 95 % is 0.85 of the way to 40.
    assert table.rows() == [("speedtest", "download", "Mbit/s", 4, 11.5, 25.0, 38.5)]


@BRIEF
@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=40), st.integers(0, 100))
def test_a_percentile_is_the_one_of_the_textbook(values: list[int], share: int) -> None:
    counts = (
        pl.DataFrame({"value_millionths": [1_000_000 * value for value in values]})
        .group_by("value_millionths")
        .agg(pl.len().cast(pl.Int64).alias("samples"))
        .sort("value_millionths")
    )
    assert percentile(counts, share) == pytest.approx(float(np.percentile(values, share)), abs=0.0051)
    assert percentile(counts, 50) == pytest.approx(reference.median(values), abs=0.0051)


def test_decryption_is_told_by_machine_with_every_class_of_failure() -> None:
    rows = [
        seal(key_fingerprint="bb"),
        seal(key_fingerprint="aa", flags="version"),
        seal("replay", key_fingerprint="aa"),
        seal("auth_failed", None),
        seal("downgrade"),
        seal(machine="b", key_fingerprint="aa", flags="nonce_reuse"),
    ]
    made = world(TODAY, decryptions=rows)
    table = table_of("fleet_decryption", made, TODAY)
    shown = ["machine_id", "received", "ok", "flagged", "unreadable", "replay", "nonce_reuses", "keys"]
    assert table.columns[: len(shown)] == shown
    assert table.select(shown).rows() == [
        ("(unknown)", 1, 0, 0, 1, 0, 0, ""),
        ("a", 4, 2, 1, 1, 1, 0, "aa, bb"),
        ("b", 1, 1, 1, 0, 0, 1, "aa"),
    ]
    assert table.select("auth_failed", "downgrade", "malformed").rows() == [(1, 0, 0), (0, 1, 0), (0, 0, 0)]
    assert finding_of("fleet_decryption", made, TODAY) == (
        "2 of 6 envelopes and records could not be opened; ALARM: 1 reused nonce, the key is no longer safe"
    )
    assert (figure("unreadable_share", made), figure("nonce_reuses", made)) == (33.33, 1)
    verdicts = table_of("fleet_verdicts", made, TODAY)
    assert verdicts.rows()[0] == ("ok", 3, 50.0)
    assert finding_of("fleet_verdicts", made, TODAY) == "3 of 6 could be read"


def test_the_key_that_a_machine_used_last_is_told_when_it_is_too_old() -> None:
    rows = [
        seal(key_fingerprint="aa", key_since_at=NOON - timedelta(days=400), received_at=NOON - timedelta(hours=1)),
        seal(key_fingerprint="bb", key_since_at=NOON - timedelta(days=90)),
        seal(machine="b", key_fingerprint="aa"),
    ]
    made = world(TODAY, decryptions=rows)
    table = table_of("fleet_decryption", made, TODAY)
    assert table.select("machine_id", "key_days").rows() == [("a", 90), ("b", None)]
    assert "key" not in finding_of("fleet_decryption", made, TODAY)
    rows[1] |= {"key_since_at": NOON - timedelta(days=91)}
    assert finding_of("fleet_decryption", world(TODAY, decryptions=rows), TODAY) == (
        "0 of 3 envelopes and records could not be opened; a key has been in use for 91 days and is to be changed"
    )


def test_a_quiet_day_says_so() -> None:
    quiet = world(TODAY)
    for name, said in (
        ("fleet_log_trends", "No logs in this period"),
        ("fleet_logs", "No logs in this period"),
        ("fleet_machines", "No machines in this period"),
        ("silent_machines", "Every known machine sent logs"),
        ("fleet_measurements", "Nothing was measured in this period"),
        ("fleet_decryption", "Nothing was received in this period"),
        ("fleet_verdicts", "No envelopes or records in this period"),
    ):
        assert finding_of(name, quiet, TODAY) == said
    assert figure("unreadable_share", quiet) is None
    assert figure("machines_silent", quiet) == 0
