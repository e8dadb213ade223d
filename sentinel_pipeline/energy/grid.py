"""What a tariff charges at each hour of the week, resolved: bands in listed order, seasons, what nothing covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from sentinel_pipeline.energy.money import price
from sentinel_pipeline.energy.structure import EVERY_DAY, Band, Season, Step, Tariff

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(range(24))
GRID = pl.Schema(
    {
        "season": pl.String,
        "weekday": pl.String,
        "hour": pl.Int64,
        "price": pl.Float64,
        "band": pl.String,
        "currency": pl.String,
    }
)


@dataclass(frozen=True)
class Slot:
    """What is charged in an hour: the steps that the energy climbs, one without end unless tiered; none: unpriced."""

    season: Season | None = None
    band: Band | None = None
    steps: tuple[Step, ...] = ()
    is_tiered: bool = False


def slot(tariff: Tariff, month: int, weekday: int, hour: int) -> Slot:
    """The slot of a local hour; the first season and the first band that cover it decide."""
    if not tariff.is_usable:
        return Slot()
    season = next((season for season in tariff.seasons if season.holds(month)), None)
    if season is None:
        return Slot(steps=_single(tariff.flat))
    band = next((band for band in season.bands if band.covers(weekday, hour)), None)
    below = Slot(season, band, season.steps or _single(_base(tariff, season)), bool(season.steps))
    if band is None:
        return below
    if tariff.combination == "multiplier":
        return replace(below, steps=tuple(replace(step, price=price(step.price * band.value)) for step in below.steps))
    return Slot(season, band, _single(band.value))


def _base(tariff: Tariff, season: Season) -> Decimal | None:
    return tariff.flat if season.base is None else season.base


def _single(amount: Decimal | None) -> tuple[Step, ...]:
    return () if amount is None else (Step(None, amount),)


def week_grid(tariff: Tariff) -> pl.DataFrame:
    """Resolved price of each weekday and hour, one grid for each season in listed order.

    Returns columns season ('' for the whole year), weekday (Mon first), hour, price (per kWh, of the first tier; NULL
    where energy is unpriced), band (NULL where no band covers the hour), currency.
    """
    rows = []
    for name, month in _months(tariff):
        for weekday in EVERY_DAY:
            for hour in HOURS:
                found = slot(tariff, month, weekday, hour)
                first = float(found.steps[0].price) if found.steps else None
                band = found.band.name if found.band else None
                rows.append((name, WEEKDAYS[weekday], hour, first, band, tariff.currency))
    return pl.DataFrame(rows, schema=GRID, orient="row")


def _months(tariff: Tariff) -> Iterator[tuple[str, int]]:
    """Each season that applies at all, with a month it applies in; months without season as 'other months'."""
    deciding = {month: next((s for s in tariff.seasons if s.holds(month)), None) for month in range(1, 13)}
    if len(set(deciding.values())) == 1:
        yield "", 1
        return
    for season in dict.fromkeys([*tariff.seasons, None]):
        months = [month for month, decided in deciding.items() if decided is season or decided == season]
        if months:
            yield season.name if season else "other months", months[0]


def overlaps(tariff: Tariff) -> list[str]:
    """What a reader of the tariff should know: bands and seasons that overlap, hours and months that nothing covers."""
    if not tariff.is_usable:
        return ["its prices cannot be read; all of its energy is unpriced"]
    warnings = [*tariff.remarks, *_seasons_that_overlap(tariff)]
    for season in tariff.seasons:
        prefix = f"season {season.name}: " if len(tariff.seasons) > 1 else ""
        warnings += [prefix + warning for warning in (*_bands_that_overlap(season), *_uncovered(tariff, season))]
    return warnings


def _bands_that_overlap(season: Season) -> Iterator[str]:
    shared: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for weekday in EVERY_DAY:
        for hour in HOURS:
            first, *later = [n for n, band in enumerate(season.bands) if band.covers(weekday, hour)] or [-1]
            for other in later:
                shared.setdefault((first, other), []).append((weekday, hour))
    for (first, other), cells in sorted(shared.items()):
        winner, loser = season.bands[first].name, season.bands[other].name
        yield f"'{winner}' and '{loser}' overlap in {_said(cells)}; '{winner}' is listed first and decides"


def _uncovered(tariff: Tariff, season: Season) -> Iterator[str]:
    cells = [(d, h) for d in EVERY_DAY for h in HOURS if not any(band.covers(d, h) for band in season.bands)]
    base = _base(tariff, season)
    if season.bands and cells:
        if season.steps:
            means = "they cost the tiers' prices"
        else:
            means = "their energy is unpriced" if base is None else f"they cost {base:f}"
        yield f"no band covers {_said(cells)}; {means}"
    if not season.bands and not season.steps and base is None:
        yield "it has no price; its energy is unpriced"
    if season.steps and season.steps[-1].up_to is not None:
        yield f"no tier goes above {season.steps[-1].up_to:f} kWh; energy above is unpriced"


def _seasons_that_overlap(tariff: Tariff) -> Iterator[str]:
    for month in range(1, 13):
        names = [season.name for season in tariff.seasons if season.holds(month)]
        if len(names) > 1:
            yield f"month {month} is in seasons {', '.join(names)}; '{names[0]}' is listed first and decides"
        if not names:
            means = "its energy is unpriced" if tariff.flat is None else f"it costs {tariff.flat:f}"
            yield f"month {month} is in no season; {means}"


def _said(cells: list[tuple[int, int]]) -> str:
    """Hours of the week as a reader says them: '16 hours a week (Sat 00–06 22–24, Sun …)'."""
    by_day: dict[tuple[str, ...], list[str]] = {}
    for weekday in EVERY_DAY:
        spans = tuple(_spans([hour for day, hour in cells if day == weekday]))
        if spans:
            by_day.setdefault(spans, []).append(WEEKDAYS[weekday])
    days = ", ".join(f"{' '.join(names)} {' and '.join(spans)}" for spans, names in by_day.items())
    return f"{len(cells)} hours a week ({days})"


def _spans(hours: list[int]) -> Iterator[str]:
    start: int | None = None
    for hour in range(25):
        if hour in hours and start is None:
            start = hour
        if hour not in hours and start is not None:
            yield f"{start:02}–{hour:02}"
            start = None
