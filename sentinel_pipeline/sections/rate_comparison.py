"""What the energy of a report would have cost under each rate that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.energy.bill import Bill, Consumption, bills
from sentinel_pipeline.energy.money import MICROS, minor_digits
from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.tariff import Tariff, always, tariffs_of
from sentinel_pipeline.sections.billing import billed, newest_rates
from sentinel_pipeline.sections.section import Section
from sentinel_pipeline.sections.trends import unseen_days

COMPARED = pl.Schema(
    {
        "rate": pl.String(),
        "rate_type": pl.String(),
        "cost": pl.Float64(),
        "amount": pl.Float64(),
        "difference": pl.Float64(),
        "unpriced_kwh": pl.Float64(),
        "currency": pl.String(),
        "source": pl.String(),
    }
)


def rate_comparison(
    energy_hours: pl.DataFrame,
    energy_charges: pl.DataFrame,
    energy_demand: pl.DataFrame,
    rate_inventory: pl.DataFrame,
    completeness: pl.DataFrame,
    period: Period,
) -> pl.DataFrame:
    """What this month's energy would have cost under each known rate, had it been in force all month, with all charges.

    Difference is to the bill above, in the same currency. Prices are those of whole hours; tiers climb from the first
    day of the month. A rate that leaves energy without a price is no bargain, and stands last.
    """
    charged = billed(energy_charges, energy_demand, rate_inventory, completeness, period)
    rows: list[tuple[object, ...]] = []
    for name in rate_inventory["source"].unique().sort():
        is_its = pl.col("source") == name
        rates = _known(rate_inventory.filter(is_its), period)
        paid = _totals([bill for source, bill in charged if source == name])
        used = Used(energy_hours.filter(is_its), energy_demand.filter(is_its), completeness.filter(is_its))
        rows += _compared(str(name), used, rates, paid, period)
    table = pl.DataFrame(rows, schema=COMPARED, orient="row")
    return table.sort("source", pl.col("unpriced_kwh") > 0, "currency", "amount", "rate")


def _known(rates: pl.DataFrame, period: Period) -> list[Tariff]:
    """The rates that can price energy; nothing where there is but one."""
    usable = [tariff for tariff in tariffs_of(newest_rates(rates), None, period.zone).tariffs if tariff.is_usable]
    return usable if len(usable) > 1 else []


@dataclass(frozen=True)
class Used:
    """What one source metered: energy by the hour, highest demand, and the days that could be read."""

    hours: pl.DataFrame
    demand: pl.DataFrame
    completeness: pl.DataFrame

    def bills(self, tariff: Tariff, period: Period) -> tuple[pl.DataFrame, list[Bill]]:
        """The energy with its cost under a rate, and the bills."""
        unseen = unseen_days(self.completeness, "energy_intervals", period)
        covered = [day for day in period.days if day.isoformat() not in unseen]
        peaks = self.demand.group_by(pl.col("day").str.to_date()).agg(pl.col("demand_micro_kw").max())
        used = self.hours.select("device_ip", "energy_micro_kwh", started_at="hour_at").sort("started_at", "device_ip")
        day = pl.col("started_at").dt.convert_time_zone(period.zone.key).dt.date().alias("day")
        usage = priced(used, always(tariff), period.zone).with_columns(day).drop("band", "tier")
        return usage, bills(Consumption(usage, dict(peaks.iter_rows())), covered, always(tariff), period.zone)


def _compared(
    name: str, used: Used, rates: list[Tariff], charged: dict[str, Decimal], period: Period
) -> Iterator[tuple[object, ...]]:
    for tariff in rates:
        usage, found = used.bills(tariff, period)
        amount = _totals(found).get(tariff.currency)
        if amount is None:
            continue
        before = charged.get(tariff.currency)
        yield (
            tariff.name,
            tariff.rate_type,
            int(usage["cost_micros"].sum()) / MICROS,
            float(amount),
            None if before is None else float(amount - before),
            sum(bill.unpriced_micro_kwh for bill in found) / MICROS,
            tariff.currency,
            name,
        )


def _totals(found: list[Bill]) -> dict[str, Decimal]:
    """What bills come to, by currency."""
    sums: dict[str, Decimal] = {}
    for bill in found:
        sums[bill.currency] = sums.get(bill.currency, Decimal(0)) + bill.total
    return sums


def _finding(table: pl.DataFrame) -> str:
    whole = table.filter((pl.col("unpriced_kwh") == 0) & pl.col("difference").is_not_null())
    if table.is_empty():
        return "No second rate is known to compare with"
    if whole.is_empty():
        return "No known rate has a price for all of this energy in the currency of the bill"
    best = whole.sort("difference", maintain_order=True).row(0, named=True)
    if best["difference"] >= 0:
        return "No known rate would have cost less"
    digits = minor_digits(best["currency"])
    return (
        f"{best['rate']} would have cost {best['amount']:,.{digits}f} {best['currency']},"
        f" {-best['difference']:,.{digits}f} less than was charged"
    )


SECTION = Section(
    "Cost under other rates",
    "energy",
    rate_comparison,
    _finding,
    about="energy_rates",
    cadences=("monthly",),
    hidden=("source",),
)
