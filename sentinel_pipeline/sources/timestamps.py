"""Timestamps as systems write them, read as instants.

One text column may hold four spellings: a space or `T`, with or without a fraction, with or without an offset; and
seconds or milliseconds since 1970. Text is never compared for truth: it is read once, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import INSTANT

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 1e11
EPOCH_LIMIT = 1e15

# Python cannot hold every year that Arrow can; what lies outside is implausible anyway.
FIRST_HELD = datetime(1, 1, 3, tzinfo=UTC)
LAST_HELD = datetime(9999, 12, 29, tzinfo=UTC)

# No offset is a day or more, and no clocks skip more than a day.
FARTHEST = timedelta(days=1)
LOOK_BACK = timedelta(hours=25)

PLAIN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]$"
SPELLING = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?"
    r"( ?([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?))?$"
)
ZONE = r"([Zz]|[+-].*)$"
EPOCH = r"^-?[0-9]{1,15}(\.[0-9]*)?(e[+]?[0-9]{1,2})?$"


@dataclass(frozen=True)
class Zones:
    """Zones of timestamps without offset: `plain` for `YYYY-MM-DD HH:MM:SS`, `local` for `T` or a fraction."""

    plain: ZoneInfo
    local: ZoneInfo


def instants(text: pl.Series, zones: Zones) -> pl.Series:
    """Instants (UTC microseconds) of timestamp texts; NULL where a text is none of the known spellings."""
    plain = text.str.contains(PLAIN)
    read = from_local(_plain_times(text, plain), zones.plain)
    rest = (~plain).fill_null(False)
    if rest.any():
        read = read.zip_with(~rest, _spelled(_where(rest, text), zones))
    return read.clip(FIRST_HELD, LAST_HELD)


def _plain_times(text: pl.Series, plain: pl.Series) -> pl.Series:
    return _where(plain, text).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")


def _spelled(text: pl.Series, zones: Zones) -> pl.Series:
    """Instants of every spelling but the plain one."""
    text = text.str.strip_chars()
    known = text.str.contains(SPELLING)
    spelled = _where(known, text)
    day, mark, clock, tail = (spelled.str.slice(*part) for part in ((0, 10), (10, 1), (11, 8), (19, None)))
    zone = tail.str.extract(ZONE)
    fraction = _where(tail.str.starts_with("."), tail.str.slice(1))
    if zone.is_not_null().any():
        fraction = fraction.str.extract("^([0-9]+)")
    whole = (day + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    naive = whole + fraction.str.pad_end(6, "0").str.head(6).cast(pl.Int64).fill_null(0).cast(pl.Duration("us"))
    is_plain = ((mark == " ") & fraction.is_null()).fill_null(False)
    assumed = from_local(naive, zones.local)
    if zones.plain != zones.local and is_plain.any():
        assumed = from_local(naive, zones.plain).zip_with(is_plain, assumed)
    written = (naive - _offsets(zone)).dt.replace_time_zone("UTC")
    read = written.zip_with(zone.is_not_null(), assumed)
    return read if known.all() else read.zip_with(known.fill_null(False), from_epoch(text))


def _where(mask: pl.Series, text: pl.Series) -> pl.Series:
    return text if mask.all(ignore_nulls=True) else text.zip_with(mask.fill_null(False), _nothing(1))


def _nothing(length: int) -> pl.Series:
    return pl.Series([None] * length, dtype=pl.String)


def _offsets(zone: pl.Series) -> pl.Series:
    """How far east of UTC written zones are: `Z`, `+HH:MM`, `+HHMM` or `+HH`."""
    digits = zone.str.replace_all("[^0-9]", "")
    hours, minutes = digits.str.slice(0, 2), digits.str.slice(2, 2)
    seconds = (hours.cast(pl.Int64, strict=False) * 60 + minutes.cast(pl.Int64, strict=False).fill_null(0)) * 60
    east = seconds.zip_with(~zone.str.starts_with("-"), -seconds).fill_null(0)
    return (east * 1_000_000).cast(pl.Duration("us"))


def from_epoch(text: pl.Series) -> pl.Series:
    """Instants of numbers written as text: seconds since 1970, or milliseconds from 1e11 on."""
    number = text.str.strip_chars().str.to_lowercase()
    number = _where(number.str.contains(EPOCH), number)
    value = pl.lit(number.cast(pl.Float64, strict=False))
    value = pl.when(value.abs() < EPOCH_LIMIT).then(value)
    seconds = pl.when(value.abs() > MILLISECONDS_FROM).then(value / 1_000).otherwise(value)
    return pl.select((seconds * 1_000_000).round().cast(pl.Int64).cast(INSTANT)).to_series()


def from_local(naive: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Instants of local times: the earlier of two where clocks go back, moved past the gap where they go forward."""
    if zone.key == "UTC":
        return naive.dt.replace_time_zone("UTC")
    plausible = naive.is_between(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)).fill_null(False)
    placed = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    skipped = placed.is_null() & plausible
    if skipped.any():
        moved = [_past_the_gap(moment, zone) for moment in naive.filter(skipped)]
        placed = placed.scatter(skipped.arg_true(), pl.Series(moved, dtype=INSTANT))
    return placed.alias(naive.name)


def _past_the_gap(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=zone).astimezone(UTC)


def is_plausible(instant: pl.Expr) -> pl.Expr:
    return (instant >= EARLIEST) & (instant < LATEST)


def text_bounds(window: Window) -> tuple[str, str]:
    """Dates between which, as text, every spelling of an instant in the window lies, whatever its offset."""
    start, end = _plausible_part(window)
    return _dates(start - FARTHEST, end + FARTHEST)


def local_bounds(window: Window, zones: Zones) -> tuple[str, str]:
    """Dates between which, as text, every spelling without offset of an instant in the window lies."""
    edges = [local_edges(window, zone) for zone in {zones.plain, zones.local}]
    return _dates(min(low for low, _ in edges), max(high for _, high in edges))


def local_edges(window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Between which local times, as if they were UTC, an instant of the window may be written.

    A time the clocks skipped is written with the offset before the gap, hence the look back.
    """
    start, end = _plausible_part(window)
    looked = (start - LOOK_BACK, *(start + timedelta(days=n) for n in range((end - start).days + 1)), end)
    offsets = [moment.astimezone(zone).utcoffset() or timedelta() for moment in looked]
    return start + min(offsets), end + max(offsets)


def _plausible_part(window: Window) -> tuple[datetime, datetime]:
    start = min(max(window.start, EARLIEST), LATEST)
    return start, max(start, min(window.end, LATEST))


def _dates(start: datetime, end: datetime) -> tuple[str, str]:
    """The date of the first instant, and the first date after the last one, as text."""
    return str(start.date()), str((end - timedelta(microseconds=1)).date() + timedelta(days=1))


TEXT_RANGE = text_bounds(Window(EARLIEST, LATEST))

# Dates between which, as text, every well-formed time is plausible, whatever its offset or zone.
CERTAIN_RANGE = _dates(EARLIEST + 2 * FARTHEST, LATEST - 2 * FARTHEST)
