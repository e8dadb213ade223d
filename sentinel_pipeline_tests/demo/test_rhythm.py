"""When the demo's events happen."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sentinel_pipeline.demo.chance import chance
from sentinel_pipeline.demo.rhythm import NIGHT, OFFICE_HOURS, instants, microseconds, moment, stretches
from sentinel_pipeline.demo.story import last_weekday, story_until
from sentinel_pipeline.domain.period import Period

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 20)])
def test_instants_stay_within_their_local_day(day: date) -> None:
    window = Period("daily", day, BERLIN).window
    moments = instants(day, BERLIN, NIGHT, 5_000, chance(7, day, "test"))
    assert microseconds(window.start) <= moments.min()
    assert moments.max() < microseconds(window.end)
    assert (np.diff(moments) >= 0).all()


def test_offices_work_by_day_with_a_lunch_dip() -> None:
    day = date(2026, 11, 19)
    hours = [
        moment(us).astimezone(BERLIN).hour for us in instants(day, BERLIN, OFFICE_HOURS, 5_000, chance(7, day, "t"))
    ]
    assert hours.count(10) > hours.count(12) * 2 > hours.count(3) * 20


def test_stretches_are_the_days_with_an_edge_on_both_sides() -> None:
    found = list(stretches(date(2026, 10, 25), 2, BERLIN))
    assert [stretch.day.day for stretch in found] == [23, 24, 25, 26]
    assert [stretch.window.hours for stretch in found] == [2, 24, 25, 2]
    assert all(left.window.end == right.window.start for left, right in pairwise(found))


def test_a_subject_has_its_own_dice_each_day() -> None:
    day = date(2026, 11, 19)
    throws = {float(chance(7, on, subject).random()) for on in (day, day + timedelta(days=1)) for subject in ("a", "b")}
    assert len(throws) == 4
    assert chance(7, day, "a").random() == chance(7, day, "a").random()


@pytest.mark.parametrize("ago", range(7))
def test_the_whole_story_happens_in_the_last_seven_days(ago: int) -> None:
    last_day = date(2026, 11, 20) - timedelta(days=ago)
    story = story_until(last_day)
    for day in (story.stranger_from, story.guessing_night, story.copying_day):
        assert timedelta(0) <= last_day - day < timedelta(days=7)
    assert last_weekday(3, last_day).weekday() == 3
