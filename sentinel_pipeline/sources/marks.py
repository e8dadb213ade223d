"""What tells cheaply whether a source has got rows of a day since that day was read, or changed those it had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.sources.databases import Database, Selection
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.lognotes import EPOCH, Span, at

# Of a table: its rows of the day, a number that changes when others take their place, and where columns are watched one
# that changes with what stands in them. Of a file: 0, and its time.
Mark = tuple[int, ...]
# By table or file; what holds nothing of the day is not named.
Marks = dict[str, Mark]
DAYS_ASKED = 31


def database_marks(database: Database, places: Iterable[Selection], days: Sequence[Period]) -> dict[str, Marks]:
    """Marks by day of the tables that `places` name; one query for each table and month."""
    found: dict[str, Marks] = {day.key: {} for day in days}
    for place in places:
        for some in _together(days):
            whole = Window(some[0].window.start, some[-1].window.end)
            selection = replace(place, window=whole, is_dated=True)
            marks = database.marks(selection, [day.window for day in some])
            for day, mark in zip(some, marks, strict=True):
                if mark[0]:
                    found[day.key][place.table] = mark
    return found


def file_marks(files: Iterable[tuple[LogFile, Sequence[Span]]], days: Sequence[Period]) -> dict[str, Marks]:
    """Marks by day of files with what their records span."""
    found: dict[str, Marks] = {day.key: {} for day in days}
    for file, spans in files:
        for day in days:
            if any(_meets(span, day.window) for span in spans):
                found[day.key][file.name] = (0, file.modified_ns)
    return found


def rested(files: Iterable[LogFile], before: datetime | None) -> list[LogFile]:
    """The files that nobody has written to since an instant (None: all of them)."""
    limit = None if before is None else (before - EPOCH).total_seconds() * 1e9
    return [file for file in files if not file.problem and (limit is None or file.modified_ns <= limit)]


def came(then: Mapping[str, Mark], now: Mapping[str, Mark]) -> list[str]:
    """Tables or files that hold more or other records than when the day was read; none when some were thrown away.

    What a source no longer has is no correction, and reading the day again would lose it here too.
    """
    if any(mark[0] > now.get(name, (0,))[0] for name, mark in then.items()):
        return []
    return sorted(name for name, mark in now.items() if name not in then or _differ(then[name], mark))


def _differ(then: Mark, now: Mark) -> bool:
    """What an earlier version did not note is not compared."""
    return any(before != after for before, after in zip(then, now, strict=False))


def _meets(span: Span, window: Window) -> bool:
    if span.first is None or span.last is None:
        return False
    return at(span.first) < window.end and at(span.last) >= window.start


def _together(days: Sequence[Period]) -> Iterator[list[Period]]:
    """The days from the earliest on, so many as one query may ask for."""
    ordered = sorted(days, key=lambda day: day.first)
    for first in range(0, len(ordered), DAYS_ASKED):
        yield ordered[first : first + DAYS_ASKED]
