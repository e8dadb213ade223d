"""Which tariff is valid when: the rates of a source in order of time, and prices by interval from a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.instants import billing_month_start
from sentinel_pipeline.energy.price_file import interval_prices
from sentinel_pipeline.energy.reading import DEFAULT_CURRENCY, tariff_of
from sentinel_pipeline.energy.structure import Tariff

__all__ = ["RATES_SCHEMA", "Tariff", "Tariffs", "always", "tariffs_of"]

RATES_SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "rate_id": pl.String(),
        "name": pl.String(),
        "rate_type": pl.String(),
        "currency": pl.String(),
        "is_active": pl.Boolean(),
        "created_at": INSTANT,
        "config": pl.String(),
    }
)
# What a file of prices by interval is called among the rates of its source.
BY_INTERVAL = "intervals"
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Tariffs:
    """Tariffs of one account, ordered by when they begin to be valid.

    `prices` (columns from_at, to_at, price_picos), when there are any, stand in the place of the tariffs' own prices of
    energy; the tariffs' charges remain. `problems`: one line for each mistake in what they were read from.
    """

    tariffs: tuple[Tariff, ...] = ()
    prices: pl.DataFrame | None = field(default=None, compare=False)
    problems: tuple[str, ...] = ()

    def at(self, moment: datetime) -> Tariff | None:
        """The tariff valid at an instant; None before the first one."""
        valid = [tariff for tariff in self.tariffs if (tariff.valid_from or EARLIEST) <= moment]
        return valid[-1] if valid else None

    @property
    def currency(self) -> str | None:
        """The currency of all tariffs; None when they differ, or there are none."""
        found = {tariff.currency for tariff in self.tariffs}
        return found.pop() if len(found) == 1 else None

    def looks_back(self, started_at: datetime, zone: ZoneInfo) -> datetime:
        """From when on energy must be known to price what is used from an instant on.

        The start of the billing month for prices that depend on what was used before in it; else the instant itself.
        """
        if self.prices is not None:
            return started_at
        needed = [started_at]
        ends = [*(tariff.valid_from or EARLIEST for tariff in self.tariffs[1:]), None]
        for tariff, end in zip(self.tariffs, ends, strict=False):
            if tariff.is_tiered and (end is None or end > started_at):
                first = max(started_at, tariff.valid_from or EARLIEST)
                needed.append(billing_month_start(first, tariff.reset_day, zone))
        return min(needed)


def tariffs_of(rates: pl.DataFrame, csv: Path | None, zone: ZoneInfo, *, currency: str = DEFAULT_CURRENCY) -> Tariffs:
    """Tariffs of the rates of one source (columns of RATES_SCHEMA), and prices by interval of a CSV file, if any.

    `zone` is that of dates and times without an offset. A rate is valid from its effective date, else from when it was
    created, to the next one; of rates that begin together the one created last. A rate with mistakes keeps its place in
    time, but prices nothing; one that stands for a file of prices is none. `currency` is that of a file without any
    rate beside it. Never raises for what is read.
    """
    read = [(row, *tariff_of(row, zone)) for row in rates.iter_rows(named=True) if row["rate_type"] != BY_INTERVAL]
    tariffs = tuple(tariff for _, tariff, _ in sorted(read, key=lambda one: _begins(one[0], one[1])))
    problems = [mistake for _, _, mistakes in read for mistake in mistakes]
    if csv is None:
        return Tariffs(tariffs, None, tuple(problems))
    prices, mistakes = interval_prices(csv, zone)
    alone = Tariff("prices", csv.name, BY_INTERVAL, currency)
    return Tariffs(tariffs or (alone,), prices, (*problems, *mistakes))


def always(tariff: Tariff) -> Tariffs:
    """One tariff as if it had been valid at all times: what energy would have cost under it."""
    return Tariffs((replace(tariff, valid_from=None),))


def _begins(row: dict[str, Any], tariff: Tariff) -> tuple[datetime, datetime, int, str]:
    created = row["created_at"] or EARLIEST
    return (
        tariff.valid_from or EARLIEST,
        created if created.tzinfo else created.replace(tzinfo=UTC),
        len(tariff.rate_id),
        tariff.rate_id,
    )
