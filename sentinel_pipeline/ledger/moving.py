"""A ledger moved to another database: row by row in one transaction, counted and compared, then closed behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.ledger.audit import checked, history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.migrations import close
from sentinel_pipeline.ledger.schema import METADATA

AT_ONCE = 1_000


@dataclass(frozen=True)
class Content:
    """How many rows a table has, and the sum of the SHA-256 of each."""

    rows: int
    digests: int


def move(source: Ledger, target: Ledger) -> dict[str, int]:
    """Copies a ledger in a file into an empty one and closes the file for writing; returns the rows of each table.

    Cut off in between it can be called again: a target that already holds the same is left as it is. Raises LedgerError
    when the target holds anything else, when what arrived is not what was read, or when the record of acts is broken.
    """
    with source.sole_sender(), source.writing() as old:
        before = contents(old)
        with target.writing() as new:
            if contents(new) != before:
                _require_empty(new, target)
                for table in _tables():
                    _copy(table, old, new)
            if contents(new) != before:
                raise LedgerError(f"{target.place}: what arrived differs from {source.place}; nothing was kept")
            if (broken := checked(history(new)).broken_at) is not None:
                raise LedgerError(f"{source.place}: its record of acts was changed at line {broken}; nothing was moved")
        close(old, target.place)
    return {name: content.rows for name, content in before.items()}


def contents(connection: Connection) -> dict[str, Content]:
    """What each table holds."""
    return {table.name: _content(table, connection) for table in _tables()}


def _content(table: Table, connection: Connection) -> Content:
    # Databases sort texts by rules of their own: added up, the digests of rows need no order.
    rows, added = 0, 0
    for some in _batches(table, connection):
        rows += len(some)
        added += sum(_digest(row) for row in some)
    return Content(rows, added)


def _digest(row: dict[str, Any]) -> int:
    return int.from_bytes(hashlib.sha256(repr(tuple(row.values())).encode()).digest(), "big")


def _copy(table: Table, old: Connection, new: Connection) -> None:
    for some in _batches(table, old):
        new.execute(insert(table), some)


def _batches(table: Table, connection: Connection) -> Iterator[list[dict[str, Any]]]:
    result = connection.execute(select(table), execution_options={"yield_per": AT_ONCE})
    rows = result.mappings()
    while some := [dict(row) for row in islice(rows, AT_ONCE)]:
        yield some


def _require_empty(connection: Connection, target: Ledger) -> None:
    held = [name for name, content in contents(connection).items() if content.rows]
    if held:
        raise LedgerError(f"{target.place}: holds {', '.join(held)} already; name a database without a ledger in it")


def _tables() -> list[Table]:
    """In the order in which they were made, so that what refers comes after what it refers to."""
    return list(METADATA.tables.values())
