"""Cards of devices and machines, each with the exports that have rows of it, found by any part of what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.exports.filters import DEVICE, MACHINE, Filter
from sentinel_pipeline.lake.store import Lake

MOST_SHOWN: Final = 24


class Offered(Protocol):
    """An export by one click."""

    @property
    def table(self) -> str: ...

    @property
    def takes_device(self) -> bool: ...

    @property
    def takes_machine(self) -> bool: ...


@dataclass(frozen=True)
class Inventory:
    """A table that says which there are: its key, and what else people know them by."""

    table: str
    narrows: Filter
    key: str
    name: str
    words: tuple[str, ...]


INVENTORIES: Final = (
    Inventory("devices", DEVICE, "device_ip", "device_name", ("device_type", "manufacturer")),
    Inventory("machines", MACHINE, "machine_id", "machine_name", ("serial_number", "os")),
)


@dataclass(frozen=True)
class Card:
    """One of them: by which option and value exports are narrowed to it, and which exports have rows of it."""

    option: str
    value: str
    name: str
    words: tuple[str, ...]
    exports: tuple[Offered, ...]


@dataclass(frozen=True)
class Cards:
    """Those shown, and how many there are that fit."""

    shown: tuple[Card, ...]
    total: int


def cards(lake: Lake, search: str, offered: Mapping[str, tuple[Offered, ...]]) -> Cards:
    """Of the newest day that was read, devices first, by name; `offered`: exports that each source has rows for."""
    found = [_found(lake, one, search.lower()) for one in INVENTORIES]
    shown = [
        _card(inventory, row, offered)
        for inventory, rows in zip(INVENTORIES, found, strict=True)
        for row in rows.head(MOST_SHOWN).iter_rows(named=True)
    ]
    return Cards(tuple(shown[:MOST_SHOWN]), sum(rows.height for rows in found))


def _card(inventory: Inventory, row: Mapping[str, object], offered: Mapping[str, tuple[Offered, ...]]) -> Card:
    sources = row["source"]
    known = [one for name in (sources if isinstance(sources, list) else ()) for one in offered.get(name, ())]
    option = inventory.narrows.option
    fit = dict.fromkeys(one for one in known if (one.takes_machine if option == MACHINE.option else one.takes_device))
    value = str(row[inventory.key])
    words = [str(row[name]) for name in inventory.words if row[name]]
    return Card(option, value, str(row[inventory.name] or value), (value, *words), tuple(fit))


def _found(lake: Lake, inventory: Inventory, search: str) -> pl.DataFrame:
    """One row for each, its sources a list; none when the lake has no inventory that can be read."""
    columns = (inventory.key, inventory.name, *inventory.words)
    nothing = pl.DataFrame(schema=["source", *columns])
    days = lake.partitions(f"facts/{inventory.table}")
    if not days:
        return nothing
    said = pl.concat_str(columns, separator=" ", ignore_nulls=True).str.to_lowercase()
    first = (pl.col(name).drop_nulls().sort().first() for name in columns if name != inventory.key)
    try:
        rows = lake.scan(f"facts/{inventory.table}", days[-1])
        known = rows.filter(pl.col(inventory.key).is_not_null() & said.str.contains(search, literal=True))
        grouped = known.group_by(inventory.key).agg(pl.col("source").unique().sort(), *first)
        return grouped.sort(inventory.name, inventory.key, nulls_last=True).collect()
    except (SentinelError, pl.exceptions.PolarsError):
        return nothing
