"""The bill of a billing month: what energy costs, what is charged beside it, and each device's share of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import midnight
from sentinel_pipeline.energy.instants import billing_month, billing_month_after
from sentinel_pipeline.energy.money import MICROS, apportioned, minor_digits, rounded
from sentinel_pipeline.energy.structure import Charges, Fee, Tariff
from sentinel_pipeline.energy.tariff import Tariffs

Kind = Literal["energy", "service", "fee", "demand", "tax", "credit"]
QUARTERS_PER_HOUR = 4


@dataclass(frozen=True)
class Line:
    """One line of a bill: so much of a unit, and its amount in the currency's minor unit."""

    kind: Kind
    label: str
    quantity: Decimal | None
    unit: str
    amount: Decimal
    note: str = ""


@dataclass(frozen=True)
class Share:
    """A device's part of the total; what no energy is there to share by belongs to no device (None)."""

    device_ip: str | None
    energy_micro_kwh: int
    amount: Decimal


@dataclass(frozen=True)
class Bill:
    """One account and billing month in one currency; `days` of `month_days` are covered, a month may be partial."""

    first: date
    currency: str
    days: int
    month_days: int
    lines: tuple[Line, ...]
    shares: tuple[Share, ...]
    energy_micro_kwh: int
    unpriced_micro_kwh: int

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0).scaleb(-minor_digits(self.currency)))

    @property
    def is_partial(self) -> bool:
        return self.days < self.month_days

    @property
    def rate_per_kwh(self) -> Decimal | None:
        """What a kWh costs with everything in it, to 4 decimals; None without energy."""
        if not self.energy_micro_kwh:
            return None
        return rounded(Fraction(self.total) * MICROS / self.energy_micro_kwh, 4)


@dataclass(frozen=True)
class _Item:
    """A line before it is rounded, and whether tax is due on it."""

    kind: Kind
    label: str
    quantity: Decimal | None
    unit: str
    amount: Fraction
    note: str = ""
    is_taxed: bool = True


@dataclass(frozen=True)
class Consumption:
    """What one account used, by local day.

    `usage`: columns day (date), device_ip, energy_micro_kwh, cost_micros, unpriced_micro_kwh; and band, tier, where
    energy shall have a line for each. `peaks`: of a day, the account's most energy of a quarter-hour; `sold`: what it
    fed back; both in millionths of a kWh.
    """

    usage: pl.DataFrame
    peaks: Mapping[date, int] = field(default_factory=dict)
    sold: Mapping[date, int] = field(default_factory=dict)

    def on(self, days: Sequence[date]) -> Consumption:
        return Consumption(self.usage.filter(pl.col("day").is_in(days)), self.peaks, self.sold)

    def total(self, column: str) -> int:
        return int(self.usage[column].sum() or 0)

    def by_device(self, column: str) -> dict[str, int]:
        return dict(self.usage.group_by("device_ip").agg(pl.col(column).sum()).sort("device_ip").iter_rows())


@dataclass(frozen=True)
class _Segment:
    """The days of a billing month on which one tariff is valid, what was used on them, and the month's peak demand."""

    tariff: Tariff | None
    days: tuple[date, ...]
    month_days: int
    consumption: Consumption
    sold: int
    demand_kw: Fraction
    note: str

    @property
    def charges(self) -> Charges:
        return self.tariff.charges if self.tariff else Charges()

    @property
    def part(self) -> Fraction:
        return Fraction(len(self.days), self.month_days)

    @property
    def note_of_days(self) -> str:
        days = "" if self.part == 1 else f"{len(self.days)} of {self.month_days} days"
        return ", ".join(said for said in (self.note, days) if said)

    def items(self) -> list[_Item]:
        untaxed = [*_energy(self), *_standing(self), *_metered(self)]
        return [*untaxed, *_tax(self, untaxed)]

    def own(self) -> dict[str, Fraction]:
        """What each device's energy costs, with the tax on it."""
        taxed = (1 + Fraction(self.charges.tax_percent) / 100) / MICROS
        return {device: cost * taxed for device, cost in self.consumption.by_device("cost_micros").items()}


def bills(consumption: Consumption, covered: Iterable[date], tariffs: Tariffs, zone: ZoneInfo) -> list[Bill]:
    """Bills of one account for the covered local days, by billing month; a currency never adds to another.

    What is due once a month is due in parts for a month that is covered in part, or in which the tariff changes; the
    tariff valid when a day ends decides on what the day is charged.
    """
    months: dict[tuple[date, str], dict[Tariff | None, list[date]]] = {}
    for day in sorted(set(covered)):
        tariff = tariffs.at(midnight(day + timedelta(days=1), zone) - timedelta.resolution)
        first = billing_month(day, tariff.reset_day if tariff else 1)
        currency = tariff.currency if tariff else tariffs.currency or ""
        months.setdefault((first, currency), {}).setdefault(tariff, []).append(day)
    return [
        _bill(first, currency, list(_segments(first, days_of, consumption)), consumption)
        for (first, currency), days_of in months.items()
    ]


def _segments(first: date, days_of: Mapping[Tariff | None, list[date]], consumption: Consumption) -> Iterator[_Segment]:
    covered = [day for days in days_of.values() for day in days]
    peak = Fraction(max(consumption.peaks.get(day, 0) for day in covered) * QUARTERS_PER_HOUR, MICROS)
    for tariff, days in days_of.items():
        yield _Segment(
            tariff,
            tuple(days),
            (billing_month_after(first) - first).days,
            consumption.on(days),
            sum(consumption.sold.get(day, 0) for day in days),
            peak,
            tariff.name if tariff and len(days_of) > 1 else "",
        )


def _bill(first: date, currency: str, segments: list[_Segment], consumption: Consumption) -> Bill:
    digits = minor_digits(currency)
    days = [day for segment in segments for day in segment.days]
    used = consumption.on(days)
    items = [item for segment in segments for item in segment.items()]
    own: dict[str, Fraction] = {}
    for segment in segments:
        for device, amount in segment.own().items():
            own[device] = own.get(device, Fraction()) + amount
    return Bill(
        first,
        currency,
        len(days),
        segments[0].month_days,
        _lines(items, digits),
        _shares(items, own, used.by_device("energy_micro_kwh"), digits),
        used.total("energy_micro_kwh"),
        used.total("unpriced_micro_kwh"),
    )


def _energy(segment: _Segment) -> Iterator[_Item]:
    """A line for each band and tier, where usage tells them."""
    used = segment.consumption.usage
    by = [name for name in ("band", "tier") if name in used.columns]
    sums = used.select(*by, "energy_micro_kwh", "cost_micros")
    sums = sums.group_by(by).sum().sort(by, nulls_last=True) if by else sums.sum()
    for row in sums.iter_rows(named=True):
        band, tier = row.get("band"), row.get("tier")
        label = ", ".join(part for part in ("Energy", band, tier and f"tier {tier}") if part)
        kwh = Decimal(row["energy_micro_kwh"] or 0).scaleb(-6)
        yield _Item("energy", label, kwh, "kWh", Fraction(row["cost_micros"] or 0, MICROS), segment.note)


def _standing(segment: _Segment) -> Iterator[_Item]:
    """What is due once a month, for as many days as there are."""
    charges, part, note = segment.charges, segment.part, segment.note_of_days
    if charges.service:
        yield _Item("service", "Service charge", None, "month", Fraction(charges.service) * part, note)
    if charges.demand_per_kw:
        amount = segment.demand_kw * Fraction(charges.demand_per_kw) * part
        yield _Item("demand", "Demand", rounded(segment.demand_kw, 3), "kW", amount, note)
    for fee in charges.fees:
        if not fee.is_per_kwh:
            yield _Item("fee", fee.name, None, "month", Fraction(fee.amount) * part, note, fee.is_taxable)


def _metered(segment: _Segment) -> Iterator[_Item]:
    charges = segment.charges
    for fee in charges.fees:
        if fee.is_per_kwh:
            yield _per_kwh("fee", fee, segment.consumption.total("energy_micro_kwh"), segment.note)
    if segment.sold and charges.credit_per_kwh:
        yield _per_kwh("credit", Fee("Energy fed back", -charges.credit_per_kwh), segment.sold, segment.note)


def _per_kwh(kind: Kind, fee: Fee, energy: int, note: str) -> _Item:
    amount = Fraction(fee.amount) * energy / MICROS
    return _Item(kind, fee.name, Decimal(energy).scaleb(-6), "kWh", amount, note, fee.is_taxable)


def _tax(segment: _Segment, items: list[_Item]) -> Iterator[_Item]:
    percent = segment.charges.tax_percent
    if percent:
        base = sum((item.amount for item in items if item.is_taxed), Fraction())
        yield _Item("tax", "Tax", percent, "%", base * Fraction(percent) / 100, segment.note)


def _lines(items: list[_Item], digits: int) -> tuple[Line, ...]:
    amounts = apportioned([item.amount for item in items], digits)
    return tuple(
        Line(item.kind, item.label, item.quantity, item.unit, amount, item.note)
        for item, amount in zip(items, amounts, strict=True)
    )


def _shares(items: list[_Item], own: dict[str, Fraction], energy: dict[str, int], digits: int) -> tuple[Share, ...]:
    """Each device pays for its own energy and, by its energy, a part of everything else."""
    rest = sum((item.amount for item in items), Fraction()) - sum(own.values(), Fraction())
    whole = sum(energy.values())
    devices: list[str | None] = list(energy)
    parts = [own.get(device, Fraction()) + (rest * used / whole if whole else 0) for device, used in energy.items()]
    if rest and not whole:
        devices, parts = [*devices, None], [*parts, rest]
    amounts = apportioned(parts, digits)
    return tuple(
        Share(device, energy.get(device or "", 0), amount) for device, amount in zip(devices, amounts, strict=True)
    )
