"""Times of a schedule as cron writes them: five fields, read so that a mistake is told before it is waited for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST_WAIT = 4 * 366 + 1
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?")


@dataclass(frozen=True)
class Field:
    """One field: one of it in words, its smallest and largest number, and the names that stand for numbers."""

    one: str
    least: int
    most: int
    words: tuple[str, ...] = ()


FIELDS = (
    Field("a minute", 0, 59),
    Field("an hour", 0, 23),
    Field("a day of the month", 1, 31),
    Field("a month", 1, 12, MONTHS),
    Field("a weekday", 0, 7, WEEKDAYS),  # 0 and 7 are both Sunday
)


def checked_cron(text: str) -> str:
    """The expression with single spaces. Raises UsageError that names the field that is wrong."""
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise UsageError(
            f"five fields (minute, hour, day of the month, month, weekday) such as '0 8 * * *'; these are {len(fields)}"
        )
    _, _, days, months, _ = (_numbers(field, written) for field, written in zip(FIELDS, fields, strict=True))
    if fields[4] == "*" and min(days) > max(LONGEST_MONTHS[month - 1] for month in months):
        raise UsageError("a day that comes; none of these months has one with that number")
    return " ".join(fields)


def _numbers(field: Field, written: str) -> set[int]:
    return {number for item in written.split(",") for number in _numbers_of_item(field, item)}


def _numbers_of_item(field: Field, item: str) -> range:
    match = ITEM.fullmatch(item)
    first, last, step = match.group("first", "last", "step") if match else (None, None, None)
    if match is None or (first is not None and last is None and step is not None):
        raise UsageError(f"{field.one} such as *, */2, {field.least} or {field.least}-{field.most}; '{item}' is none")
    low = field.least if first is None else _number(field, first)
    high = field.most if first is None else low if last is None else _number(field, last)
    if low > high or (step is not None and not 1 <= int(step) <= field.most):
        raise UsageError(f"{field.one} from the smaller to the larger, in steps of at least 1; '{item}' is not")
    return range(low, high + 1, int(step or 1))


def _number(field: Field, written: str) -> int:
    if written.lower() in field.words:
        return field.words.index(written.lower()) + field.least
    if not written.isdecimal() or not written.isascii() or not field.least <= int(written) <= field.most:
        raise UsageError(f"{field.one} from {field.least} to {field.most}; '{written}' is none")
    return int(written)


def next_time(text: str, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant from `after` on (that one included) at which a checked expression holds on a zone's clock.

    A time that the clock skips comes when the clock has gone on; None when none comes within LONGEST_WAIT days.
    """
    minutes, hours, days, months, weekdays = (
        _numbers(field, written) for field, written in zip(FIELDS, text.split(), strict=True)
    )
    is_any = [written.startswith("*") for written in text.split()]
    first = after.astimezone(zone).date()
    for n in range(LONGEST_WAIT):
        day = first + timedelta(days=n)
        on_day, on_weekday = day.day in days, bool({day.isoweekday() % 7, day.isoweekday()} & weekdays)
        # Cron's own rule: where both are narrowed one of them is enough.
        is_on = on_day and on_weekday if is_any[2] or is_any[4] else on_day or on_weekday
        if day.month not in months or not is_on:
            continue
        clock = (time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
        moments = (datetime.combine(day, moment, zone).astimezone(UTC) for moment in clock)
        found = min((moment for moment in moments if moment >= after), default=None)
        if found is not None:
            return found
    return None
