"""What is asked of daily statistics: days, and what the lake has of them by now; and what answers have alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import time_ns
from typing import Any, Final

import polars as pl

from sentinel_pipeline.domain.calling import called, named_by
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.sums import refusing, require_summable
from sentinel_pipeline.lake.store import Lake, Stamp
from sentinel_pipeline.portal.analytics_window import Asked, Days
from sentinel_pipeline.portal.remembered import Remembered
from sentinel_pipeline.publishing.scope import statistic_asset, statistic_schema
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.trends import Interval, unseen_days
from sentinel_pipeline.statistics import STATISTICS

STATISTIC: Final = {statistic.name: statistic for statistic in STATISTICS}
COMPLETENESS: Final = "completeness"
FRAMES: Final[Remembered[pl.DataFrame]] = Remembered(256 * 2**20, lambda frame: int(frame.estimated_size()))
# What days there are, and the stamp of each: a set, which works out its hash but once.
Made = frozenset[tuple[str, Stamp | None]]
MADE: Final[Remembered[Made]] = Remembered(100_000, len)
Answer = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A lake, the days asked about and the whole hours of them, and what the lake has of them by now.

    `about` is the canonical table whose days count as seen or not.
    """

    lake: Lake
    days: Days
    hours: Window
    about: str
    made: tuple[tuple[str, Made], ...]

    def statistic(self, name: str) -> pl.DataFrame:
        """The statistic of all the days that were made. Raises SumTooLargeError for one that cannot be added up."""
        keys, made = self.days.keys, dict(self.made)[name]
        return FRAMES.of((self.lake, name, made), lambda: _read(self.lake, name, keys))

    def hours_of(self, name: str) -> pl.DataFrame:
        """A statistic with `hour_at`, of the hours asked about."""
        at = pl.col("hour_at")
        return self.statistic(name).filter((at >= self.hours.start) & (at < self.hours.end))

    def of(self, function: Callable[..., Any]) -> Any:
        """A section's function for the statistics, and the period, that its parameters name."""
        names = (name for name in named_by(function) if name != "period")
        return called(function, {"period": self.days, **{name: self.statistic(name) for name in names}})

    def figures(self, figures: Sequence[Figure], **frames: pl.DataFrame) -> Answer:
        """Figures of a report over the days, or over the rows of `frames`, by id; None for what cannot be told."""
        names = {name for figure in figures for name in figure.statistics} - set(frames)
        known = {name: self.statistic(name) for name in names} | frames
        return {figure.id: figure.value(known, self.days) if self.is_seen else None for figure in figures}

    def ranking(self, name: str, table: pl.DataFrame, limit: int) -> Answer:
        """The first rows of a ranking, and how many there are."""
        rows = {name: table.head(limit).to_dicts(), f"total_{name}": table.height}
        return {"limit": limit, **self.whole_days, **rows}

    @property
    def unseen(self) -> tuple[str, ...]:
        return unseen_days(self.statistic(COMPLETENESS), self.about, self.days)

    @property
    def is_seen(self) -> bool:
        """Whether anything of the days could be seen."""
        return len(self.unseen) < self.days.count

    @property
    def whole_days(self) -> Answer:
        """The days that an answer speaks of."""
        window = self.days.window
        return self._edges(window.start, window.end)

    @property
    def whole_hours(self) -> Answer:
        """The hours that an answer speaks of."""
        return self._edges(self.hours.start, self.hours.end)

    def _edges(self, start: datetime, end: datetime) -> Answer:
        """A window, half-open, and days of it that nobody could see."""
        zone = self.days.zone
        return {
            "start_date": start.astimezone(zone),
            "end_date": end.astimezone(zone),
            "timezone": zone.key,
            "days_not_seen": list(self.unseen),
        }

    def points(self, table: pl.DataFrame, interval: Interval) -> list[Answer]:
        """Rows of a trend, times in the zone, without the hours of the days' ends that nobody asked for.

        Longer buckets all hold some of the window.
        """
        at, window = pl.col("timestamp"), self.hours
        asked = table.filter((at >= window.start) & (at < window.end)) if interval == "hour" else table
        return asked.with_columns(at.dt.convert_time_zone(self.days.zone.key)).to_dicts()


def question(lake: Lake, asked: Asked, about: str, statistics: Sequence[str]) -> Question:
    """The question as it stands now: once a day is made again it is another one."""
    keys = asked.days.keys
    made = tuple((name, _made(lake, statistic_asset(name), keys)) for name in (*statistics, COMPLETENESS))
    return Question(lake, asked.days, asked.hours, about, made)


def _made(lake: Lake, asset: str, keys: tuple[str, ...]) -> Made:
    """What the lake has of an asset's days: looked up one by one only when its folder changed since, or just now."""
    folder = lake.settled(asset, time_ns())
    if folder is None:
        return _look(lake, asset, keys)
    return MADE.of((lake, asset, keys, folder), lambda: _look(lake, asset, keys))


def _look(lake: Lake, asset: str, keys: tuple[str, ...]) -> Made:
    return frozenset(zip(keys, lake.stamps(asset, keys), strict=True))


def _read(lake: Lake, name: str, keys: tuple[str, ...]) -> pl.DataFrame:
    statistic, what = STATISTIC[name], f"{name} from {keys[0]} to {keys[-1]}"
    with refusing(what):
        table = lake.read_all(statistic_asset(name), keys, statistic_schema(statistic), statistic.sums)
    require_summable(table, what)
    return table
