"""What a tariff is made of.

Prices are decimals in units of the currency per kWh and may be negative; thresholds are kWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Combination = Literal["multiplier", "absolute"]
Scope = Literal["account", "device"]

EVERY_DAY = tuple(range(7))


@dataclass(frozen=True)
class Band:
    """Hours [start_hour, end_hour) of some weekdays (0 = Monday) and their price, or their multiplier.

    A band that starts later than it ends goes over midnight; its part after midnight is on the weekdays named too: the
    weekday is that of the clock when the energy was used. One that ends where it starts is the whole day.
    """

    start_hour: int
    end_hour: int
    value: Decimal
    weekdays: tuple[int, ...] = EVERY_DAY
    description: str = ""

    @property
    def name(self) -> str:
        return self.description or f"{self.start_hour:02}–{self.end_hour:02}"

    def covers(self, weekday: int, hour: int) -> bool:
        if weekday not in self.weekdays:
            return False
        if self.start_hour < self.end_hour:
            return self.start_hour <= hour < self.end_hour
        return self.start_hour == self.end_hour or hour >= self.start_hour or hour < self.end_hour


@dataclass(frozen=True)
class Step:
    """Price of the energy of a billing month from the step before up to and with `up_to` kWh (None: without end)."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True)
class Season:
    """What is charged from one month to another (both included); bands come before steps, steps before the base."""

    start_month: int = 1
    end_month: int = 12
    bands: tuple[Band, ...] = ()
    steps: tuple[Step, ...] = ()
    base: Decimal | None = None
    description: str = ""

    @property
    def name(self) -> str:
        return self.description or f"month {self.start_month}–{self.end_month}"

    def holds(self, month: int) -> bool:
        if self.start_month <= self.end_month:
            return self.start_month <= month <= self.end_month
        return month >= self.start_month or month <= self.end_month


@dataclass(frozen=True)
class Fee:
    """An amount per billing month, or per kWh; untaxed unless it is declared taxable."""

    name: str
    amount: Decimal
    is_per_kwh: bool = False
    is_taxable: bool = False


@dataclass(frozen=True)
class Charges:
    """What is charged beside the price of energy; `tax_percent` is on energy, demand, service and taxable fees."""

    service: Decimal = Decimal(0)
    demand_per_kw: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    fees: tuple[Fee, ...] = ()
    credit_per_kwh: Decimal = Decimal(0)


@dataclass(frozen=True)
class Tariff:
    """One rate; it is valid from an instant (None: always) until the next one begins.

    - `seasons`: in listed order, the first that holds a month decides; a tariff without seasons has one for all months.
    - `flat`: price of the hours and months that nothing else covers; without it their energy is unpriced.
    - `combination`: how bands and steps act together: bands multiply the steps' prices, or stand in their place.
    - `scope`: whose energy climbs the steps; `reset_day`: the local day of the month on which a billing month begins.
    - `is_usable`: False when its prices could not be read; then all of its energy is unpriced.
    """

    rate_id: str
    name: str
    rate_type: str
    currency: str
    valid_from: datetime | None = None
    seasons: tuple[Season, ...] = ()
    flat: Decimal | None = None
    combination: Combination | None = None
    scope: Scope = "account"
    reset_day: int = 1
    charges: Charges = field(default_factory=Charges)
    is_usable: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def is_tiered(self) -> bool:
        """Whether the price depends on what was used before in the billing month."""
        return any(season.steps for season in self.seasons)
