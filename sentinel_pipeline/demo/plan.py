"""What is made: which days, where, how much, from which seed, and the story they tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.demo.chance import Chance, chance
from sentinel_pipeline.demo.rhythm import Stretch, stretches
from sentinel_pipeline.demo.story import Story, story_until


@dataclass(frozen=True)
class Plan:
    """Everything a room needs to know to make its system."""

    last_day: date
    days: int
    scale: float
    zone: ZoneInfo
    seed: int

    @property
    def story(self) -> Story:
        return story_until(self.last_day)

    def whole_days(self, done: int) -> int:
        """Whole days among the first `done` stretches; the last of them counts when the edge after it is made too."""
        return max(done - 2, 0)

    @property
    def made_on(self) -> date:
        """The day after the last whole one: the made-up present."""
        return self.last_day + timedelta(days=1)

    def before(self, days: int) -> date:
        """A day of the time before the story, counted back from the first day that is made."""
        return self.last_day - timedelta(days=self.days + days)

    def stretches(self) -> Iterator[Stretch]:
        return stretches(self.last_day, self.days, self.zone)

    def dice(self, day: date, subject: str) -> Chance:
        return chance(self.seed, day, subject)
