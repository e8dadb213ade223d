"""Figures of the bill."""

from __future__ import annotations

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.billing import billed
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import Statistics, Value
from sentinel_pipeline.sections.section import applied

BILLED = ("energy_charges", "energy_demand", "rate_inventory", "completeness")


def energy_bill(statistics: Statistics, period: Period) -> Value:
    """Total of the bills of the period; None without a currency, or in several."""
    found = [bill for _, bill in applied(billed, statistics, period)]
    currencies = {bill.currency for bill in found}
    return float(sum(bill.total for bill in found)) if len(currencies) == 1 and "" not in currencies else None


def currency_of(statistics: Statistics) -> str:
    """The currency of all energy, else of all rates; none when there are several."""
    for name in ("energy_charges", "rate_inventory"):
        found = statistics[name]["currency"].drop_nulls().unique()
        if not found.is_empty():
            return str(found[0]) if len(found) == 1 else ""
    return ""


FIGURES = (
    Figure(
        "energy_bill",
        "Energy bill",
        "",
        "Energy with all charges, fees and taxes, by billing month; what is due once a month is due by days where a"
        " month is covered in part. Energy without a price is left out; currencies are never added together.",
        "energy_intervals",
        BILLED,
        energy_bill,
        good="down",
        unit_of=currency_of,
    ),
)
