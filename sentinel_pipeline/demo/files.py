"""SQLite files that come out the same byte for byte: fixed pages, one transaction, nothing of today in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_database(file: Path, schema: str, indexes: str) -> Iterator[sqlite3.Connection]:
    """A fresh database with a schema; filled in one transaction, indexed at the end, whole or not used at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        # A crash loses the file either way, so no journal is kept while it is made.
        for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF", "encoding='UTF-8'"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(schema)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.executescript(indexes)
    finally:
        connection.close()


def insertion(table: str, columns: tuple[str, ...]) -> str:
    """The INSERT statement of a table of ours; names come from this package, never from data."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
