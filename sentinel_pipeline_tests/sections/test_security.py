from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline_tests.clocks import day, month, week
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
# The figures of IoTSentinel's own documentation.
DOCUMENTED = {"critical": 3, "high": 12, "medium": 87, "low": 54}
ALERTS = [{"raised_at": NOON, "severity": level} for level, number in DOCUMENTED.items() for _ in range(number)]


def test_severities_of_the_documented_example() -> None:
    table = table_of("alert_severity", world(TODAY, alerts=ALERTS), TODAY)
    assert table.columns == ["severity", "count", "percentage"]
    assert table["severity"].to_list() == list(LEVELS)
    assert table["count"].to_list() == [3, 12, 87, 54, 0, 0]
    assert table["percentage"].to_list() == [1.92, 7.69, 55.77, 34.62, 0.0, 0.0]
    assert finding_of("alert_severity", world(TODAY, alerts=ALERTS), TODAY) == "156 alerts, 3 critical at the top"


def test_a_quiet_day_has_zeros_not_blanks() -> None:
    quiet = world(TODAY)
    table = table_of("alert_severity", quiet, TODAY)
    assert table["count"].to_list() == [0] * 6
    assert table["percentage"].to_list() == [None] * 6
    trends = table_of("alert_trends", quiet, TODAY)
    assert trends.height == 24 * 6
    assert trends["count"].to_list() == [0] * 144
    assert finding_of("alert_severity", quiet, TODAY) == "No alerts in this period"
    assert finding_of("alert_trends", quiet, TODAY) == "No alerts in this period"
    assert finding_of("alerts_by_device", quiet, TODAY) == "No alerts in this period"
    assert finding_of("latest_alerts", quiet, TODAY) == "No critical or high alerts"


def test_trends_add_up_per_severity() -> None:
    table = table_of("alert_trends", world(TODAY, alerts=ALERTS), TODAY)
    sums = dict(table.group_by("series").agg(pl.col("count").sum()).rows())
    assert sums == {**DOCUMENTED, "info": 0, "unknown": 0}


def test_a_day_nobody_could_see_is_empty_and_said() -> None:
    period = week("2025-01-06")
    statistics = world(period, statuses={"2025-01-07": "unreachable"})
    assert table_of("alert_trends", statistics, period)["count"].null_count() == 6
    assert finding_of("alert_trends", statistics, period) == "No alerts; part of the period was not seen"
    blind = world(period, statuses=dict.fromkeys(period.day_keys, "unreachable"))
    assert finding_of("alert_trends", blind, period) == "No data received in this period"


def test_alerts_by_device_are_ranked_and_named_from_the_inventory() -> None:
    rows: list[dict[str, Any]] = [
        {"raised_at": NOON, "device_ip": "10.0.0.2", "severity": "critical"},
        {"raised_at": NOON, "device_ip": "10.0.0.1", "severity": "high", "device_name": "Old name"},
        {"raised_at": NOON, "device_ip": "10.0.0.3", "severity": "low", "device_name": "Printer"},
        {"raised_at": NOON, "device_ip": "10.0.0.3", "severity": "high"},
        {"raised_at": NOON, "device_ip": None, "severity": "low"},
    ]
    statistics = world(TODAY, alerts=rows, devices=[{"device_ip": "10.0.0.1", "device_name": "Camera"}])
    table = table_of("alerts_by_device", statistics, TODAY)
    assert table.drop("source").rows() == [
        ("10.0.0.3", "Printer", 2, 0, 1),
        ("10.0.0.1", "Camera", 1, 0, 1),
        ("10.0.0.2", "Unknown", 1, 1, 0),
        (None, "Unknown", 1, 0, 0),
    ]
    assert finding_of("alerts_by_device", statistics, TODAY) == "Printer leads with 2 of 5 alerts (40.00 %)"


def test_a_device_keeps_its_last_known_name_although_a_later_alert_names_none() -> None:
    period = week("2024-12-30")
    rows: list[dict[str, Any]] = [
        {"raised_at": NOON, "device_ip": "10.0.0.3", "severity": "low", "device_name": "Printer"},
        {"raised_at": NOON + timedelta(days=1), "device_ip": "10.0.0.3", "severity": "low", "device_name": None},
    ]
    table = table_of("alerts_by_device", world(period, alerts=rows), period)
    assert table["device_name"].to_list() == ["Printer"]


def test_an_address_in_two_systems_is_two_devices() -> None:
    rows = [{"raised_at": NOON, "device_ip": "10.0.0.1", "source": source} for source in ("b", "a")]
    table = table_of("alerts_by_device", world(TODAY, alerts=rows), TODAY)
    assert table["source"].to_list() == ["a", "b"]


def test_the_newest_alerts_stand_first_and_open_ones_are_said() -> None:
    rows: list[dict[str, Any]] = [
        {"alert_id": "1", "raised_at": NOON, "severity": "critical", "is_acknowledged": True},
        {"alert_id": "2", "raised_at": NOON + timedelta(hours=1), "severity": "high"},
        {"alert_id": "3", "raised_at": NOON + timedelta(hours=1), "severity": "high", "is_acknowledged": False},
    ]
    statistics = world(TODAY, alerts=rows)
    assert table_of("latest_alerts", statistics, TODAY)["alert_id"].to_list() == ["3", "2", "1"]
    assert finding_of("latest_alerts", statistics, TODAY) == "3 critical or high alerts, 2 not acknowledged"


def test_the_week_goes_by_the_clock_on_the_wall() -> None:
    period = week("2025-10-20")
    rows = [{"raised_at": utc(time)} for time in ("2025-10-26T00:30:00", "2025-10-26T01:30:00", "2025-10-19T22:00:00")]
    statistics = world(period, alerts=rows)
    table = table_of("alert_hours_of_week", statistics, period)
    assert table.height == 7 * 24
    assert table.filter(pl.col("alerts") > 0).rows() == [("Mon", 0, 1), ("Sun", 2, 2)]
    assert table["weekday"].unique(maintain_order=True).to_list() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    finding = finding_of("alert_hours_of_week", statistics, period)
    assert finding == "Most alerts fall on Sun at 02:00 (2)"


def test_an_hour_of_the_week_nobody_could_see_is_empty_not_zero() -> None:
    period = week("2025-01-06")
    table = table_of("alert_hours_of_week", world(period, statuses={"2025-01-07": "unreachable"}), period)
    assert table.filter(pl.col("weekday") == "Tue")["alerts"].to_list() == [None] * 24
    assert table.filter(pl.col("weekday") != "Tue")["alerts"].to_list() == [0] * 144


def test_an_hour_of_the_week_that_was_seen_on_another_day_of_the_month_counts_that() -> None:
    period = month("2025-01-01")
    statistics = world(period, alerts=[{"raised_at": NOON}], statuses={"2025-01-09": "unreachable"})
    table = table_of("alert_hours_of_week", statistics, period)
    assert table.filter(pl.col("weekday") == "Thu")["alerts"].sum() == 1
    assert table["alerts"].null_count() == 0


@pytest.mark.parametrize("key", ["2025-03-24", "2025-10-20"])
def test_the_week_of_a_clock_change_loses_no_alert(key: str) -> None:
    period = week(key)
    statistics = world(period, alerts=[{"raised_at": start} for start in period.hour_starts])
    assert table_of("alert_hours_of_week", statistics, period)["alerts"].sum() == len(period.hour_starts)
