"""Days are read once, and none is left out."""

from __future__ import annotations

import os
import signal
from datetime import date, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.orchestration.runs import read_every_day
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.walks.household import DAY, make_house


def counted_days(house: Path) -> list[str]:
    return sorted(path.stem for path in (house / "lake" / "statistics" / "alert_hours").glob("*.parquet"))


def test_every_day_is_read_that_nobody_has_read(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    heard: list[str] = []
    settings = load_settings(house)
    assert read_every_day(settings, date.fromisoformat(DAY), heard.append) == []
    days = counted_days(house)
    assert days[-1] == DAY
    assert len(days) == (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1
    assert any("reading home" in line for line in heard)
    heard.clear()
    assert read_every_day(settings, date.fromisoformat(DAY), heard.append) == []
    assert heard == []


@pytest.mark.slow
def test_crews_share_the_days_that_nobody_has_read(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    settings = load_settings(house)
    last = date.fromisoformat(DAY)
    first, before, day = ((last - timedelta(days=days)).isoformat() for days in (2, 1, 0))
    earlier, later = (Period("daily", date.fromisoformat(key), settings.zone) for key in (first, day))
    assert read_every_day(settings, last, lambda _: None, [[earlier], []], mine=1) == []
    assert counted_days(house) == []
    assert read_every_day(settings, last, lambda _: None, [[earlier], [later]], mine=1) == []
    assert counted_days(house) == [before, day]
    assert read_every_day(settings, last, lambda _: None, [[earlier], []], mine=0) == []
    assert counted_days(house) == [first, before, day]


def test_a_source_that_is_away_is_said_when_every_day_is_read(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    (house / "office.db").unlink()
    (line,) = read_every_day(load_settings(house), date.fromisoformat(DAY), lambda _: None)
    assert "office" in line


@pytest.mark.slow
@pytest.mark.parametrize("told", ["reading office", "counting incidents"])
def test_who_is_stopped_while_days_are_read_stops_and_takes_no_source_for_away(tmp_path: Path, told: str) -> None:
    house = make_house(tmp_path)
    settings = load_settings(house)

    def stop(line: str) -> None:
        if line.startswith(told):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        read_every_day(settings, date.fromisoformat(DAY), stop)
    assert read_every_day(settings, date.fromisoformat(DAY), lambda _: None) == []
    assert counted_days(house)[-1] == DAY
