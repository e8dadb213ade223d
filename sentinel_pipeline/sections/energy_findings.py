"""Sentences that say what the tables about energy show."""

from __future__ import annotations

import math

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.findings import nothing
from sentinel_pipeline.sections.section import named
from sentinel_pipeline.sections.weeks import WEEKDAYS

SUSPICIOUS_RESETS = 3


def cost_of_one_currency(table: pl.DataFrame) -> float | None:
    """Total of a cost column; None when it is in several currencies, or unknown."""
    known = table.filter(pl.col("cost").is_not_null())
    return math.fsum(known["cost"]) if known["currency"].n_unique() == 1 else None


def _sum(values: pl.Series) -> float:
    return math.fsum(value for value in values if value is not None)


def device_finding(table: pl.DataFrame) -> str:
    """Which device used most, and what all of it costs."""
    total = _sum(table["energy_kwh"])
    if not total:
        return nothing("energy") if table["energy_kwh"].is_not_null().any() else "No energy could be metered"
    first = table.with_columns(named("device_name", "device_ip")).row(0, named=True)
    of_all = f"{first['energy_kwh']:,.2f} of {total:,.2f} kWh ({first['percentage']:.2f} %)"
    cost = cost_of_one_currency(table)
    currency = next(iter(table["currency"].drop_nulls()), "")
    return f"{first['device_name']} leads with {of_all}" + ("" if cost is None else f"; {cost:,.2f} {currency} in all")


def trend_finding(table: pl.DataFrame, period: Period) -> str:
    """How much was used, and when most."""
    known = table.drop_nulls("energy_kwh")
    if known.is_empty():
        return "No energy could be metered in this period"
    unseen = "" if known.height == table.height else "; part of the period was not metered"
    top = known.sort("energy_kwh", "timestamp", descending=[True, False]).row(0, named=True)
    local = top["timestamp"].astimezone(period.zone)
    when = f"from {local:%H:%M}" if period.is_day else f"on {local:%A} {local.day} {local:%B}"
    return f"{_sum(known['energy_kwh']):,.2f} kWh, most {when} ({top['energy_kwh']:,.2f} kWh){unseen}"


def peak_finding(table: pl.DataFrame, period: Period) -> str:
    """When most was drawn at once, and by what."""
    if table.is_empty():
        return "No demand could be metered"
    top = table.with_columns(named("device_name", "device_ip")).row(0, named=True)
    local = top["timestamp"].astimezone(period.zone)
    when = f"{local:%A} {local.day} {local:%B} from {local:%H:%M}"
    share = f"{top['device_kw']:,.2f} kW of it for {top['device_name']}"
    return f"Highest demand {top['demand_kw']:,.2f} kW in the quarter-hour of {when}, {share}"


def week_finding(table: pl.DataFrame) -> str:
    """The hour of the week in which most is used."""
    known = table.drop_nulls("energy_kwh")
    if known.is_empty() or not _sum(known["energy_kwh"]):
        return nothing("energy")
    order = pl.col("weekday").replace_strict({day: n for n, day in enumerate(WEEKDAYS)}, return_dtype=pl.Int64)
    top = known.sort("energy_kwh", order, "hour", descending=[True, False, False]).row(0, named=True)
    return f"Most energy is used on {top['weekday']} from {top['hour']:02d}:00 ({top['energy_kwh']:,.2f} kWh)"


def band_finding(table: pl.DataFrame) -> str:
    """The band in which most is used, and what has no price."""
    unpriced = _sum(table["unpriced_kwh"])
    if not _sum(table["energy_kwh"]):
        return nothing("energy")
    first = table.row(0, named=True)
    band = first["band"] or "no band"
    said = f"{first['energy_kwh']:,.2f} kWh ({first['percentage']:.2f} %) in {band}"
    return f"{said}; {unpriced:,.2f} kWh without a price" if unpriced else f"{said}; all energy has a price"


def metering_finding(table: pl.DataFrame) -> str:
    """How much time was not metered, and whose zone seems to be wrong."""
    missing = table.filter(pl.col("unmetered_minutes") >= 1)
    said = (
        f"{counted(missing.height, 'device')} not metered all the time, {_sum(missing['unmetered_minutes']):,.0f}"
        " minutes together"
        if missing.height
        else "Every device was metered all the time"
    )
    wrong = table.filter(pl.col("resets") >= SUSPICIOUS_RESETS)
    if wrong.height:
        said += f"; counters of {', '.join(wrong['device_ip'])} often reset: their time zone may be wrong"
    return said
