"""What the report says about the cost of energy: the bill line by line, and the tariff that made it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.energy.bill import Bill, Consumption, bills
from sentinel_pipeline.energy.grid import overlaps, week_grid
from sentinel_pipeline.energy.money import MICROS, minor_digits, rounded
from sentinel_pipeline.energy.price_weeks import price_grid
from sentinel_pipeline.energy.structure import Tariff
from sentinel_pipeline.energy.tariff import BY_INTERVAL, Tariffs, tariffs_of
from sentinel_pipeline.sections.findings import nothing
from sentinel_pipeline.sections.section import HeatMap, Section
from sentinel_pipeline.sections.security import with_device_names
from sentinel_pipeline.sections.trends import unseen_days

BILL = pl.Schema(
    {
        "source": pl.String(),
        "billing_month": pl.String(),
        "line": pl.String(),
        "quantity": pl.Float64(),
        "unit": pl.String(),
        "amount": pl.Float64(),
        "currency": pl.String(),
        "note": pl.String(),
    }
)


SHARES = pl.Schema(
    {
        "billing_month": pl.String(),
        "device_ip": pl.String(),
        "energy_kwh": pl.Float64(),
        "amount": pl.Float64(),
        "percentage": pl.Float64(),
        "currency": pl.String(),
        "source": pl.String(),
    }
)


def billed(
    energy_charges: pl.DataFrame,
    energy_demand: pl.DataFrame,
    rate_inventory: pl.DataFrame,
    completeness: pl.DataFrame,
    period: Period,
) -> list[tuple[str, Bill]]:
    """The bills of each source for the days of the period that could be read, by name and billing month."""
    found: list[tuple[str, Bill]] = []
    known = completeness.filter((pl.col("table") == "energy_intervals") & (pl.col("status") != "not in source"))
    for name in known["source"].unique().sort():
        is_its = pl.col("source") == name
        unseen = unseen_days(completeness.filter(is_its), "energy_intervals", period)
        covered = [day for day in period.days if day.isoformat() not in unseen]
        usage = energy_charges.filter(is_its).with_columns(pl.col("day").str.to_date())
        peaks = energy_demand.filter(is_its).group_by(pl.col("day").str.to_date()).agg(pl.col("demand_micro_kw").max())
        consumption = Consumption(usage, dict(peaks.iter_rows()))
        valid = tariffs_in(rate_inventory.filter(is_its), usage, period)
        found += [(str(name), one) for one in bills(consumption, covered, valid, period.zone)]
    return found


def tariffs_in(rates: pl.DataFrame, usage: pl.DataFrame, period: Period) -> Tariffs:
    """The tariffs of one source's newest rates; without any, one without charges in the currency of its energy."""
    valid = tariffs_of(newest_rates(rates), None, period.zone)
    currencies = usage["currency"].drop_nulls().unique()
    if valid.tariffs or len(currencies) != 1:
        return valid
    return Tariffs((Tariff("prices", "Prices by interval", BY_INTERVAL, currencies[0]),))


def energy_bill(
    energy_charges: pl.DataFrame,
    energy_demand: pl.DataFrame,
    rate_inventory: pl.DataFrame,
    completeness: pl.DataFrame,
    period: Period,
) -> pl.DataFrame:
    """The lines of each bill and their total, by source and billing month; a month covered in part says so."""
    rows = [
        row
        for name, bill in billed(energy_charges, energy_demand, rate_inventory, completeness, period)
        for row in _lines(name, bill)
    ]
    return pl.DataFrame(rows, schema=BILL, orient="row")


def _lines(name: str, bill: Bill) -> Iterator[tuple[object, ...]]:
    head, currency = (name, f"{bill.first:%Y-%m-%d}"), bill.currency or None
    for line in bill.lines:
        quantity = None if line.quantity is None else float(line.quantity)
        yield (*head, line.label, quantity, line.unit, float(line.amount), currency, line.note or None)
    if bill.unpriced_micro_kwh:
        yield (*head, "Unpriced energy", bill.unpriced_micro_kwh / MICROS, "kWh", None, currency, "no price covers it")
    partial = f"{bill.days} of {bill.month_days} days" if bill.is_partial else None
    yield (*head, "Total", bill.energy_micro_kwh / MICROS, "kWh", float(bill.total), currency, partial)


def energy_bill_by_device(
    energy_charges: pl.DataFrame,
    energy_demand: pl.DataFrame,
    rate_inventory: pl.DataFrame,
    completeness: pl.DataFrame,
    device_inventory: pl.DataFrame,
    period: Period,
) -> pl.DataFrame:
    """Each device's part of each bill: what its energy costs, and by its energy a part of everything else.

    The parts add up to the bill to the smallest coin; what no energy is there to share by belongs to no device.
    """
    rows = [
        (f"{bill.first:%Y-%m-%d}", share.device_ip, share.energy_micro_kwh / MICROS, float(share.amount), part, *of)
        for name, bill in billed(energy_charges, energy_demand, rate_inventory, completeness, period)
        for of in [(bill.currency or None, name)]
        for share, part in zip(bill.shares, _parts(bill), strict=True)
    ]
    table = pl.DataFrame(rows, schema=SHARES, orient="row")
    named = table.with_columns(device_name=pl.lit(None, pl.String)).pipe(with_device_names, device_inventory)
    order = [False, False, False, True, False]
    return named.sort("source", "billing_month", "currency", "amount", "device_ip", descending=order).select(
        *("billing_month", "device_ip", "device_name", "energy_kwh", "amount", "percentage", "currency", "source")
    )


def _parts(bill: Bill) -> list[float | None]:
    """Each share in percent of the total; nothing where parts are of both signs, and so no parts of it."""
    amounts = [share.amount for share in bill.shares]
    if bill.total <= 0 or min(amounts, default=Decimal(0)) < 0:
        return [None] * len(amounts)
    return [float(rounded(Fraction(amount) * 100 / Fraction(bill.total), 2)) for amount in amounts]


def _shares_finding(table: pl.DataFrame) -> str:
    known = table.filter(pl.col("currency").is_not_null())
    if known.is_empty():
        return "No price is known for the energy of this period" if table.height else nothing("bills")
    first = known.sort("amount", descending=True, maintain_order=True).row(0, named=True)
    amount = f"{first['amount']:,.{minor_digits(first['currency'])}f} {first['currency']}"
    name = f"{first['device_name']} ({first['device_ip']})" if first["device_ip"] else "What no device used"
    return f"{name} owes most, {amount}" + ("" if first["percentage"] is None else f" ({first['percentage']:.2f} %)")


def _bill_finding(table: pl.DataFrame) -> str:
    totals = table.filter(pl.col("line") == "Total")
    known = totals.filter(pl.col("currency").is_not_null())
    if known.is_empty():
        return "No price is known for the energy of this period" if totals.height else nothing("bills")
    sums = known.group_by("currency").agg(pl.col("amount").sum()).sort("currency")
    said = " and ".join(f"{amount:,.{minor_digits(currency)}f} {currency}" for currency, amount in sums.iter_rows())
    unpriced = float(table.filter(pl.col("line") == "Unpriced energy")["quantity"].sum() or 0)
    partial = "; months covered in part are charged by days" if totals["note"].drop_nulls().len() else ""
    missing = f"; {unpriced:,.2f} kWh have no price" if unpriced else ""
    return f"Energy costs {said} with all charges{partial}{missing}"


def tariff_grid(rate_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """What a kWh costs at each hour of the week under the tariff in force when the period ends, by source.

    Bands in listed order, the first that covers an hour decides; of tiers the first; of seasons the one of that day. Of
    prices by interval the mean of the month in which the period ends.
    """
    charged: dict[str, Tariff | dict[str, Any]] = dict(_in_force(rate_inventory, period)) | dict(_files(rate_inventory))
    parts = [_grid(name, one, period, is_alone=len(charged) == 1) for name, one in sorted(charged.items())]
    return pl.concat(parts) if parts else _grid("", Tariff("", "", "", "", is_usable=False), period).clear()


def _files(rate_inventory: pl.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """The newest file of prices of each source that has one; it stands in the place of its rates' prices."""
    for name in rate_inventory["source"].unique().sort():
        newest = newest_rates(rate_inventory.filter(pl.col("source") == name)).filter(
            pl.col("rate_type") == BY_INTERVAL
        )
        if newest.height:
            yield str(name), newest.row(0, named=True)


def newest_rates(rates: pl.DataFrame) -> pl.DataFrame:
    """The rates as they were when they were read last."""
    return rates.filter(pl.col("day") == pl.col("day").max())


def _in_force(rate_inventory: pl.DataFrame, period: Period) -> Iterator[tuple[str, Tariff]]:
    for name in rate_inventory["source"].unique().sort():
        rates = rate_inventory.filter(pl.col("source") == name)
        valid = tariffs_of(newest_rates(rates), None, period.zone)
        tariff = valid.at(period.window.end - timedelta.resolution)
        if tariff is not None:
            yield str(name), tariff


def _grid(name: str, charged: Tariff | dict[str, Any], period: Period, *, is_alone: bool = True) -> pl.DataFrame:
    if isinstance(charged, Tariff):
        tariff, grid = charged.name, week_grid(charged, period.last.month)
    else:
        tariff, grid = charged["name"], price_grid(charged["config"], f"{period.last:%Y-%m}", charged["currency"])
    weekday = pl.col("weekday") if is_alone else pl.format("{} ({})", "weekday", pl.lit(name))
    return grid.with_columns(weekday, source=pl.lit(name), tariff=pl.lit(tariff)).select(
        "weekday", "hour", "price", "band", "currency", "tariff", "source"
    )


def _grid_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No tariff is known"
    sources = table["source"].n_unique()
    prices = table["price"].drop_nulls().to_list()
    unpriced = table.height - len(prices)
    missing = (
        f"; {counted(unpriced, 'hour')} of the week {'has' if unpriced == 1 else 'have'} no price" if unpriced else ""
    )
    if sources > 1 or not prices:
        return f"{counted(sources, 'tariff')} in force{missing}"
    low, high = min(prices), max(prices)
    first = table.row(0, named=True)
    price = f"{low:g}" if low == high else f"from {low:g} to {high:g}"
    return f"{first['tariff']}: {price} {first['currency']} per kWh{missing}"


def tariff_notes(rate_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """What a reader of each tariff in force should know: bands that overlap, hours and months that nothing covers."""
    files = {name: file["name"] for name, file in _files(rate_inventory)}
    rows = [
        (note, tariff.name, name)
        for name, tariff in _in_force(rate_inventory, period)
        for note in (overlaps(tariff) if name not in files else [f"{files[name]} has the prices of energy instead"])
    ]
    return pl.DataFrame(rows, schema={"note": pl.String, "tariff": pl.String, "source": pl.String}, orient="row")


def _notes_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "Nothing overlaps, and every hour has a price"
    return f"{counted(table.height, 'thing')} to know about the tariff"


SECTIONS = (
    Section("Bill", "energy", energy_bill, _bill_finding, about="energy_intervals", is_told=True),
    Section(
        "Bill by device",
        "energy",
        energy_bill_by_device,
        _shares_finding,
        shown=10,
        about="energy_intervals",
        cadences=("weekly", "monthly"),
    ),
    Section(
        "Tariff by weekday and hour",
        "energy",
        tariff_grid,
        _grid_finding,
        chart=HeatMap("weekday", "hour", "price"),
        shown=0,
        about="energy_rates",
        cadences=("weekly", "monthly"),
    ),
    Section(
        "Notes on the tariff",
        "energy",
        tariff_notes,
        _notes_finding,
        about="energy_rates",
        cadences=("weekly", "monthly"),
    ),
)
