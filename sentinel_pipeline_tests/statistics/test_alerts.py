from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.statistics.alerts import NOTABLE_KEPT
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import alerts, counted, instants, utc

TODAY = day("2025-10-26")
NOON = utc("2025-10-26T11:00:00")


def rows() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(["home", "gateway"]),
                "raised_at": instants(TODAY.window),
                "device_ip": st.sampled_from([None, "10.0.0.1", "10.0.0.2"]),
                "device_name": st.sampled_from([None, "TV", "Television"]),
                "severity": st.sampled_from(LEVELS),
                "is_acknowledged": st.sampled_from([None, True, False]),
            }
        ),
        max_size=30,
    )


def test_alerts_count_per_hour_severity_and_whether_somebody_acknowledged_them() -> None:
    frame = alerts(
        {"raised_at": NOON, "severity": "high", "is_acknowledged": True},
        {"raised_at": NOON + timedelta(minutes=59), "severity": "high", "is_acknowledged": True},
        {"raised_at": NOON, "severity": "high", "is_acknowledged": None},
        {"raised_at": NOON, "severity": "unknown", "is_acknowledged": False},
    )
    found = counted("alert_hours", frame, TODAY).select("severity", "is_acknowledged", "alerts").rows()
    assert found == [("high", False, 1), ("high", True, 2), ("unknown", False, 1)]


def test_both_runs_of_a_repeated_hour_are_kept_apart() -> None:
    frame = alerts({"raised_at": utc("2025-10-26T00:30:00")}, {"raised_at": utc("2025-10-26T01:30:00")})
    hours = counted("alert_hours", frame, TODAY)["hour_at"].to_list()
    assert hours == [utc("2025-10-26T00:00:00"), utc("2025-10-26T01:00:00")]


def test_an_alert_without_a_device_still_counts() -> None:
    frame = alerts({"raised_at": NOON}, {"raised_at": NOON, "device_ip": "10.0.0.1", "device_name": "TV"})
    found = counted("alert_devices", frame, TODAY).select("device_ip", "device_name", "alerts").rows()
    assert sorted(found, key=str) == [("10.0.0.1", "TV", 1), (None, None, 1)]


def test_the_newest_critical_and_high_alerts_are_kept_whole() -> None:
    few = [
        {"alert_id": "1", "raised_at": NOON, "severity": "high", "explanation": "old"},
        {"alert_id": "3", "raised_at": NOON + timedelta(hours=1), "severity": "critical", "explanation": "new"},
        {"alert_id": "2", "raised_at": NOON + timedelta(hours=1), "severity": "critical", "explanation": "as new"},
        {"alert_id": "4", "raised_at": NOON + timedelta(hours=2), "severity": "medium"},
    ]
    found = counted("notable_alerts", alerts(*few), TODAY)
    assert found.select("alert_id", "explanation").rows() == [("3", "new"), ("2", "as new"), ("1", "old")]


def test_no_more_notable_alerts_are_kept_than_promised() -> None:
    many = alerts(*({"raised_at": NOON + timedelta(seconds=n), "severity": "high"} for n in range(250)))
    found = counted("notable_alerts", many, TODAY)
    assert found.height == NOTABLE_KEPT
    assert found["raised_at"][0] == NOON + timedelta(seconds=249)


@BRIEF
@given(rows(), st.integers(0, 99))
def test_sums_are_the_number_of_alerts_and_their_order_does_not_matter(many: list[dict[str, Any]], seed: int) -> None:
    frame = alerts(*many)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    for name in ("alert_hours", "alert_devices"):
        found = counted(name, frame, TODAY)
        assert found["alerts"].sum() == frame.height
        assert_frame_equal(counted(name, shuffled, TODAY), found)
    assert_frame_equal(counted("notable_alerts", shuffled, TODAY), counted("notable_alerts", frame, TODAY))


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_counted(level: str) -> None:
    found = counted("alert_hours", alerts({"raised_at": NOON, "severity": level}), TODAY)
    assert found["severity"].to_list() == [level]
