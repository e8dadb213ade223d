"""The configuration that reads the demo."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.delivery.subscriptions import subscriptions
from sentinel_pipeline.demo import demo_configuration, demo_configuration_text, make_demo
from sentinel_pipeline.demo.rooms import ROOMS
from sentinel_pipeline.settings import load_settings, source_settings

FRIDAY = date(2026, 11, 20)


def test_the_configuration_is_valid_and_finds_the_systems(tmp_path: Path) -> None:
    systems = make_demo(tmp_path, FRIDAY, days=1, scale=0.02)
    (tmp_path / "config").mkdir()
    text = demo_configuration(systems, systems.first_day, ZoneInfo("Europe/Berlin"))
    (tmp_path / "config" / "sentinel.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path)
    assert settings.organisation == "Example Household & Office"
    assert settings.first_day == FRIDAY
    assert [source.name for source in settings.sources] == [room.name for room in ROOMS]
    for source in settings.sources:
        place = source_settings(source, tmp_path).location.removeprefix("sqlite:///")
        assert Path(place).is_relative_to(systems.room(source.name))
        assert list(Path(place).parent.glob(Path(place).name))


def test_without_a_demo_the_text_is_that_of_one_to_come(tmp_path: Path) -> None:
    text = demo_configuration_text(tmp_path)
    assert "first_day" not in text
    assert "timezone: Europe/Berlin" in text
    assert load_settings(tmp_path).is_demo


def test_the_three_documented_reports_are_subscribed_to(tmp_path: Path) -> None:
    found = subscriptions(load_settings(tmp_path))
    assert [(one.cadence, one.name, one.channel) for one in found] == [
        ("daily", "Daily Executive Summary", "directory"),
        ("weekly", "Weekly Security Report", "directory"),
        ("monthly", "Monthly Compliance Report", "directory"),
    ]
    assert all(address.endswith(".example") for one in found for address in one.recipients)


def test_the_text_follows_the_demo_that_was_made(tmp_path: Path) -> None:
    make_demo(tmp_path, FRIDAY, days=2, scale=0.02, zone=ZoneInfo("Asia/Tokyo"))
    text = demo_configuration_text(tmp_path)
    assert "first_day: 2026-11-19" in text
    assert "timezone: Asia/Tokyo" in text
    assert text.partition("\n")[0] == demo_configuration_text(tmp_path / "nowhere").partition("\n")[0]
