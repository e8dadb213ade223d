"""Which stored times of a SQLite column a window needs, as ranges an index can answer.

SQLite sorts NULL, then numbers, then text, then bytes. The ranges are wider than the window and never overlap; what
lies outside every plausible time is always read, because it must reach quarantine. Typed values decide afterwards.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.timestamps import EARLIEST, LATEST, TEXT_RANGE, Zones, local_bounds, text_bounds

DATE_FIRST = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9][ T]*"
FIRST_S, LAST_S = int(EARLIEST.timestamp()), int(LATEST.timestamp())
PROBED = 1_000


def holds_only_text(declared: str) -> bool:
    """Whether SQLite stores every number put into a column of this declared type as text."""
    name = declared.upper()
    return "INT" not in name and any(part in name for part in ("CHAR", "CLOB", "TEXT"))


def ranges(time: str, declared: str, window: Window, zones: Zones) -> list[str]:
    """Conditions that hold for every plausible spelling of an instant in the window.

    Only times with an offset of their own can be written as a date outside the local ones.
    """
    low, high = text_bounds(window)
    first, after = local_bounds(window, zones)
    local = f"({time} >= '{first}' AND {time} < '{after}' OR substr({time}, 20) GLOB '*[Zz+-]*')"
    found = [f"{time} >= '{low}' AND {time} < '{high}' AND {local}"]
    if not holds_only_text(declared):
        start = max(math.floor(window.start.timestamp()), FIRST_S)
        end = min(math.ceil(window.end.timestamp()) + 1, LAST_S)
        found += [f"{time} >= {start * unit} AND {time} < {end * unit}" for unit in (1, 1_000)]
    return found


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
