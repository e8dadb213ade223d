"""Which stored times of a SQLite column a window needs, as ranges an index can answer.

SQLite sorts NULL, then numbers, then text, then bytes. The ranges are wider than the window and never overlap. What
may be no usable time is always read, because it must reach quarantine: all that lies outside every plausible time, and
text within that is not certainly one. Typed values decide afterwards.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.sqlite_values import affinity
from sentinel_pipeline.sources.timestamps import (
    CERTAIN_RANGE,
    EARLIEST,
    LATEST,
    TEXT_RANGE,
    Zones,
    local_bounds,
    local_edges,
    text_bounds,
)

DATE_FIRST = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9][ T]*"
# SQLite writes a real with 15 digits, so that one just before the end may read as the end.
FIRST_S, LAST_S = int(EARLIEST.timestamp()), int(LATEST.timestamp()) - 1
PROBED = 1_000

SECONDS = "%Y-%m-%d %H:%M:%S"
USUAL = "????-??-?? ??:??:?[0-9]"

# Usual spellings by their lengths, which all differ.
WALL = "????-??-??[ T][0-2]?:??:??"
TAILS = {"": 0, ".[0-9][0-9][0-9]": 4, ".[0-9][0-9][0-9][0-9][0-9][0-9]": 7}
OFFSETS = {"": 0, "Z": 1, "[+-][0-2][0-9]:[0-5][0-9]": 6}
SHAPES = {
    19 + more + further: WALL + tail + offset for tail, more in TAILS.items() for offset, further in OFFSETS.items()
}


def holds_only_text(declared: str) -> bool:
    """Whether SQLite stores every number put into a column of this declared type as text."""
    return affinity(declared) == "TEXT"


def ranges(time: str, declared: str, window: Window, zones: Zones) -> list[str]:
    """Conditions that hold for every plausible spelling of an instant in the window, and for doubtful texts anywhere.

    Only times with an offset of their own can be written as a date outside the local ones.
    """
    low, high = text_bounds(window)
    within = _within(time, window, zones)
    odd = doubtful(time)
    return [
        f"{time} >= '{TEXT_RANGE[0]}' AND {time} < '{low}' AND {odd}",
        f"{time} >= '{low}' AND {time} < '{high}' AND ({within} OR {odd})",
        f"{time} >= '{high}' AND {time} < '{TEXT_RANGE[1]}' AND {odd}",
        *_numbers(time, declared, window),
    ]


def dated_ranges(time: str, declared: str, window: Window, zones: Zones) -> list[str]:
    """The same without doubtful texts, and true to the second but for texts with an odd offset.

    What the window spans as it is usually written has a range of its own, where little is left to ask.
    """
    low, high = text_bounds(window)
    start, end = (f"{edge:{SECONDS}}" for edge in _edges(window, zones))
    odd = _odd(time, window, zones)
    beside = f"({_within(time, window, zones)}) AND CASE WHEN {time} GLOB '{USUAL}' THEN 0 {odd}"
    return [
        f"{time} >= '{low}' AND {time} < '{start}' AND {beside}",
        f"{time} >= '{start}' AND {time} < '{end}' AND CASE WHEN {time} GLOB '{USUAL}' THEN 1 {odd}",
        f"{time} >= '{end}' AND {time} < '{high}' AND {beside}",
        *(f"{range_} AND ({_as_number(time, window)})" for range_ in _numbers(time, declared, window)),
    ]


def _numbers(time: str, declared: str, window: Window) -> list[str]:
    if holds_only_text(declared):
        return []
    start = max(math.floor(window.start.timestamp()), FIRST_S)
    end = min(math.ceil(window.end.timestamp()) + 1, LAST_S)
    return [f"{time} >= {start * unit} AND {time} < {end * unit}" for unit in (1, 1_000)]


def _within(time: str, window: Window, zones: Zones) -> str:
    """Condition on the date as it is written: on the local clock, in UTC, or with another offset any."""
    first, after = local_bounds(window, zones)
    utc_first, utc_after = window.start.date(), window.end.date() + timedelta(days=1)
    in_utc = f"{time} >= '{utc_first}' AND {time} < '{utc_after}'"
    by_offset = (
        f"CASE WHEN {time} GLOB '*+00:00' OR {_ends_in_z(time)} THEN {in_utc} ELSE substr({time}, 20) GLOB '*[+-]*' END"
    )
    return f"{time} >= '{first}' AND {time} < '{after}' OR {by_offset}"


def within(time: str, declared: str, window: Window, zones: Zones) -> str:
    """Condition that holds for the rows of a window and, where a text has an odd offset, for some around it."""
    return " OR ".join(f"({arm})" for arm in dated_ranges(time, declared, window, zones))


def _edges(window: Window, zones: Zones) -> tuple[datetime, datetime]:
    """Local times as they are written, the first of them and the first after them, to the second."""
    edges = [local_edges(window, zone) for zone in {zones.plain, zones.local}]
    return min(low for low, _ in edges), _whole(max(high for _, high in edges))


def _whole(moment: datetime) -> datetime:
    """The first whole second that is not before a moment."""
    return (moment + timedelta(microseconds=999_999)).replace(microsecond=0)


def _ends_in_z(time: str) -> str:
    return f"substr({time}, 20) GLOB '*[Zz]*'"


def _odd(time: str, window: Window, zones: Zones) -> str:
    """The end of a CASE for texts of other than the usual spelling."""
    return (
        f"WHEN {time} GLOB '*+00:00' OR {_ends_in_z(time)} THEN {_on_the_clock(time, window.start, _whole(window.end))}"
        f" WHEN substr({time}, 20) GLOB '*[+-]*' THEN 1 ELSE {_on_the_clock(time, *_edges(window, zones))} END"
    )


def _as_number(time: str, window: Window) -> str:
    start, end = math.floor(window.start.timestamp()), math.ceil(window.end.timestamp())
    return " OR ".join(f"({time} >= {start * unit} AND {time} < {end * unit})" for unit in (1, 1_000))


def _on_the_clock(time: str, low: datetime, high: datetime) -> str:
    wall = f"replace(upper(substr({time}, 1, 19)), 'T', ' ')"
    return f"({wall} >= '{low:{SECONDS}}' AND {wall} < '{high:{SECONDS}}')"


def doubtful(time: str) -> str:
    """Condition that holds for every text that may be no usable time, and for few others.

    What SQLite's calendar gives back unchanged, once it had to reckon with it, is a time; so is what it understands and
    has one of the usual shapes, if day and hour exist: SQLite takes any day up to 31, and hour 24, as it stands.
    """
    first, after = CERTAIN_RANGE
    size = f"length(CAST({time} AS BLOB))"
    is_usual = " ".join(f"WHEN {length} THEN {time} GLOB '{shape}'" for length, shape in SHAPES.items())
    day = f"substr({time}, 1, 10)"
    exists = f"substr({time}, 12, 2) < '24' AND (substr({time}, 9, 2) < '29' OR date({day}, '+0 days') IS {day})"
    plain = f"{size} = 19 AND datetime({time}, '+0 days') IS {time}"
    spelled = f"CASE {size} {is_usual} ELSE 0 END AND datetime({time}) NOT NULL AND {exists}"
    return f"NOT ({time} >= '{first}' AND {time} < '{after}' AND ({plain} OR {spelled}))"


def outside(time: str, declared: str) -> list[str]:
    """Conditions that hold for everything stored outside the plausible range."""
    low, high = TEXT_RANGE
    found = [f"{time} IS NULL", f"{time} >= '{high}'"]
    if holds_only_text(declared):
        return [*found, f"{time} < '{low}'"]
    numbers = (
        f"{time} < {FIRST_S}",
        f"{time} >= {LAST_S} AND {time} < {FIRST_S * 1_000}",
        f"{time} >= {LAST_S * 1_000} AND {time} < ''",
    )
    return [*found, f"{time} >= '' AND {time} < '{low}'", *numbers]


def first_dates(time: str, declared: str) -> list[str]:
    """Conditions whose lowest rows show where plausible times begin."""
    low, high = TEXT_RANGE
    found = [f"{time} >= '{low}' AND {time} < '{high}' AND {time} GLOB '{DATE_FIRST}'"]
    if not holds_only_text(declared):
        found += [f"{time} >= {FIRST_S * unit} AND {time} < {LAST_S * unit}" for unit in (1, 1_000)]
    return found


def first_spellings(time: str, first: date) -> list[str]:
    """Conditions whose lowest rows hold the earliest instant, if `first` is the lowest date that is written."""
    days = (str(first + timedelta(days=n)) for n in range(3))
    return [f"{time} >= '{day}{mark}' AND {time} < '{day}{mark}~'" for day in days for mark in " T"]
