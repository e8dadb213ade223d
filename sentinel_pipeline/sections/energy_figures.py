"""Figures of energy and its cost."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.energy.money import MICROS, minor_digits
from sentinel_pipeline.sections.energy import MICRO, MINUTE, one_currency
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import Statistics, Value, total
from sentinel_pipeline.sections.shares import ratio

HOURS = "energy_hours"


def energy_kwh(statistics: Statistics) -> Value:
    """Metered energy; None when none could be metered."""
    return _known(statistics[HOURS], "energy_micro_kwh", MICRO, 6)


def energy_cost(statistics: Statistics) -> Value:
    """Cost of energy; None when nothing is priced, or in several currencies."""
    currency = one_currency(statistics[HOURS])
    return None if currency is None else _known(statistics[HOURS], "cost_micros", MICROS, minor_digits(currency))


def unpriced_kwh(statistics: Statistics) -> Value:
    """Energy without a price."""
    return _known(statistics[HOURS], "unpriced_micro_kwh", MICRO, 6)


def unmetered_minutes(statistics: Statistics) -> Value:
    """Minutes of devices of which nothing is known."""
    return ratio(total(statistics[HOURS], "unmetered_seconds"), MINUTE)


def peak_demand(statistics: Statistics) -> Value:
    """Highest mean power of a quarter-hour of any source."""
    return _highest(statistics["energy_demand"]["demand_micro_kw"])


def standby_power(statistics: Statistics) -> Value:
    """Sum of what each device draws at least."""
    lowest = statistics["energy_standby"].group_by("source", "device_ip").agg(pl.col("standby_micro_w").min())
    return None if lowest.is_empty() else ratio(total(lowest, "standby_micro_w"), MICRO)


def currency_of(statistics: Statistics) -> str:
    """The unit of the cost: its currency, none when there are several."""
    return one_currency(statistics[HOURS]) or ""


def _known(frame: pl.DataFrame, column: str, scale: int, decimals: int) -> Value:
    if frame[column].is_null().all():
        return None
    return ratio(total(frame, column), scale, decimals=decimals)


def _highest(values: pl.Series) -> Value:
    highest = values.max()
    return ratio(highest, MICRO, decimals=6) if isinstance(highest, int) else None


FIGURES = (
    Figure(
        "energy_kwh",
        "Energy used",
        "kWh",
        "Energy that the devices' counters counted in the period, as differences of readings; time that could not be"
        " metered counts nothing.",
        "energy_intervals",
        (HOURS,),
        energy_kwh,
        good="down",
        course=(HOURS, pl.col("energy_micro_kwh")),
    ),
    Figure(
        "energy_cost",
        "Energy cost",
        "",
        "Energy charges: each quarter-hour at the price valid in it; monthly charges are in the bill. Energy without a"
        " price is left out; currencies are never added together.",
        "energy_intervals",
        (HOURS,),
        energy_cost,
        good="down",
        course=(HOURS, pl.col("cost_micros")),
        unit_of=currency_of,
    ),
    Figure(
        "peak_demand_kw",
        "Highest demand",
        "kW",
        "Highest mean power of a quarter-hour of all devices of a source together.",
        "energy_intervals",
        ("energy_demand",),
        peak_demand,
        good="down",
    ),
    Figure(
        "standby_w",
        "Standby power",
        "W",
        "Sum over devices of the lowest mean power of an hour that was metered without a gap.",
        "energy_intervals",
        ("energy_standby",),
        standby_power,
        good="down",
    ),
    Figure(
        "unpriced_kwh",
        "Energy without a price",
        "kWh",
        "Energy that no tariff prices; it is in the energy used and not in its cost.",
        "energy_intervals",
        (HOURS,),
        unpriced_kwh,
    ),
    Figure(
        "unmetered_minutes",
        "Time not metered",
        "minutes",
        "Minutes, summed over devices, of which no counter reading says anything.",
        "energy_intervals",
        (HOURS,),
        unmetered_minutes,
        good="down",
    ),
)
