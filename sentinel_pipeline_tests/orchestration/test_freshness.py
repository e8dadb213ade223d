"""Editions that do not come when their schedule says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.orchestration.due import due, late
from sentinel_pipeline.orchestration.freshness import CHECK, freshness_check, freshness_sensor, verdict
from sentinel_pipeline.publishing.punctuality import SINCE
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.orchestration.scheduled_definitions import publish_at_once

CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-01-01
sources: [{name: home, kind: iotsentinel, location: sqlite:///home.db}]
schedules: {late_after_minutes: 90}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    return load_settings(tmp_path)


def missing(settings: Settings, cadence: str, now: str) -> list[str]:
    return [period.key for period in late(cadence, settings, at(now))]


def test_nothing_is_late_before_a_schedule_ran_for_the_first_time(settings: Settings) -> None:
    assert missing(settings, "daily", "2025-03-12T23:00") == []
    assert not (settings.editions / "daily" / SINCE).exists(), "looking starts no schedule"


def test_an_edition_is_late_when_its_time_and_the_patience_are_over(settings: Settings) -> None:
    due("daily", settings, at("2025-03-10T08:00"))
    publish_at_once(settings, "daily", "2025-03-09")
    assert missing(settings, "daily", "2025-03-11T09:30") == []
    assert missing(settings, "daily", "2025-03-11T09:31") == ["2025-03-10"]
    assert missing(settings, "daily", "2025-03-12T10:00") == ["2025-03-10", "2025-03-11"]
    publish_at_once(settings, "daily", "2025-03-10")
    assert verdict(settings, "daily", at("2025-03-12T10:00")) == (False, "late: 2025-03-11")
    publish_at_once(settings, "daily", "2025-03-11")
    assert verdict(settings, "daily", at("2025-03-12T10:00")) == (True, "none is late")


def test_a_week_is_late_on_monday_and_a_month_on_the_first(settings: Settings) -> None:
    due("weekly", settings, at("2025-03-10T09:00"))
    due("monthly", settings, at("2025-03-10T10:00"))
    assert missing(settings, "weekly", "2025-03-10T10:29") == []
    assert missing(settings, "weekly", "2025-03-10T10:31") == ["2025-03-03"]
    assert missing(settings, "monthly", "2025-04-01T11:31")[-1] == "2025-03-01"


def test_the_asset_says_so_and_the_sensor_only_when_it_changes(settings: Settings) -> None:
    due("daily", settings, at("2025-03-10T08:00"))
    sensor = freshness_sensor(settings)
    first = sensor.evaluate_tick(dg.build_sensor_context())
    told = {str(event.asset_key.to_user_string()): event for event in first.asset_events}
    assert {name: event.passed for name, event in told.items()} == {  # type: ignore[union-attr]
        "daily/edition": False,
        "weekly/edition": True,
        "monthly/edition": True,
    }, "only the daily schedule has ever run"
    again = sensor.evaluate_tick(dg.build_sensor_context(cursor=first.cursor))
    assert again.asset_events == []
    check = freshness_check(settings, "daily")
    assert [key.name for key in check.check_keys] == [CHECK]
