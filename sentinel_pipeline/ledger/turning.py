"""Rows that are in one state at a time: how a state changes, with the act on record in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Table, update

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger


@dataclass(frozen=True)
class Turn:
    """A change to `state` of a row that is in one of `states`: values kept with it, the act as the record calls it."""

    states: Sequence[str]
    state: str
    values: Mapping[str, object]
    act: str
    details: Mapping[str, object]


def turn(ledger: Ledger, key: Column[str], name: str, change: Turn, at: datetime) -> bool:
    """Changes the row whose `key` is `name`; False when it is in none of the states."""
    with ledger.writing() as connection:
        return turn_within(connection, key, name, change, at)


def turn_within(connection: Connection, key: Column[str], name: str, change: Turn, at: datetime) -> bool:
    """The same in the caller's transaction."""
    table = key.table
    if not isinstance(table, Table):
        raise TypeError("only rows of a table have states")
    turned = connection.execute(
        update(table).where(key == name, table.c.state.in_(change.states)).values(state=change.state, **change.values)
    )
    if turned.rowcount:
        record(connection, at, change.act, name, change.details)
    return bool(turned.rowcount)
