"""Connections to SQLite databases, and what the driver says when there is none."""

from __future__ import annotations

from pathlib import Path

from adbc_driver_manager import Error
from adbc_driver_sqlite import dbapi

from sentinel_pipeline.sources.sqlite_files import Opening, copied, opening

PATIENCE_MS = 15_000


def opened(path: Path) -> tuple[Opening, dbapi.Connection]:
    """A connection with its snapshot already taken; to a private copy where the file itself cannot be read.

    Raises adbc_driver_manager.Error and OSError.
    """
    way = opening(path)
    try:
        return way, _connected(way)
    except (Error, OSError) as error:
        if way.copy is not None or not _needs_recovery(error):
            raise
        way = copied(path)
        return way, _connected(way)


def _connected(way: Opening) -> dbapi.Connection:
    """A connection whose transaction has begun."""
    connection = dbapi.connect(way.uri, autocommit=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
            cursor.fetchall()
            cursor.execute("SELECT count(*) FROM sqlite_schema")
            cursor.fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _needs_recovery(error: Exception) -> bool:
    return any(sign in str(error) for sign in ("readonly", "unable to open", "locking protocol"))


def is_locked(error: Exception) -> bool:
    return any(sign in str(error) for sign in ("locked", "busy"))


def gist(error: Exception) -> str:
    """What the driver says went wrong, without its prefixes and without the query."""
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return line.rsplit(": ", 1)[-1].strip()
