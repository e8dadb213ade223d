"""What happens in the last week of the demo, so that its reports have something to tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = range(4)


@dataclass(frozen=True)
class Story:
    """The days of the plot: a stranger joins and scans, somebody guesses passwords, somebody empties a share."""

    stranger_from: date
    guessing_night: date
    copying_day: date
    last_day: date

    def has_stranger(self, day: date) -> bool:
        return day >= self.stranger_from

    @property
    def morning_after(self) -> date:
        return self.guessing_night + timedelta(days=1)


def story_until(last_day: date) -> Story:
    """The story whose last week ends with `last_day`."""
    return Story(
        stranger_from=last_day - timedelta(days=4),
        guessing_night=last_weekday(TUESDAY, last_day),
        copying_day=last_weekday(THURSDAY, last_day),
        last_day=last_day,
    )


def last_weekday(weekday: int, last_day: date) -> date:
    """The latest such weekday that is not after `last_day`."""
    return last_day - timedelta(days=(last_day.weekday() - weekday) % 7)
