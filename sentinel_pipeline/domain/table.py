"""What a canonical table is: columns in order, their types, what identifies a row, and what identifies a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    name: str
    dtype: pl.DataType | type[pl.DataType]
    is_personal: bool = False


@dataclass(frozen=True)
class Table:
    """A canonical table. `time` is the column that decides the day a row belongs to; None for a snapshot."""

    name: str
    columns: tuple[Column, ...]
    key: str
    time: str | None = None

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def is_snapshot(self) -> bool:
        return self.time is None

    @property
    def personal(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_personal)

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)


def texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.String) for name in names)


def personal(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.String, is_personal=True) for name in names)


def integers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Int64) for name in names)


def reals(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Float64) for name in names)


def flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Boolean) for name in names)


def instants(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, INSTANT) for name in names)
