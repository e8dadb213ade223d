"""The ledger's database: SQLite in a file or PostgreSQL, the same to whoever reads and writes it.

Writers come one after another in both, so that what one transaction read is true until it has written.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from sentinel_pipeline.domain.errors import LedgerAwayError, LedgerError
from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.ledger.migrations import is_current, migrate

SECONDS_TO_WAIT = 60
# A connection that is kept is made anew now and then: the file may have been put back from a backup meanwhile.
SECONDS_KEPT = 60
MOST_KEPT = 40
READING = "ledger_is_only_read"
SECONDS_BETWEEN_TRIES = 0.5
_patience = {"seconds": 0.0}
# Advisory locks of PostgreSQL are numbers: a class that nobody else in the database uses, and what is locked.
LOCK_CLASS, WRITING_LOCK, OUTBOX_LOCK = 0x53656E74, 1, 2
# They go with their session, which the server ends at once when a process dies, but hours later when a machine does.
NOTICED = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"


@dataclass(frozen=True)
class Ledger:
    """An open ledger; `place` names it to people, without a password.

    `hasty` is the same database for what nobody waits to see on the disk.
    """

    engine: Engine
    place: str
    hasty: Engine
    # SQLite has writers sleep and try again; those of one process take turns instead.
    _turn: RLock = field(default_factory=RLock, compare=False, repr=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view that waits for no writer. Raises LedgerError when the database cannot be used."""
        with self._understood(), self.engine.connect() as connection:
            yield connection.execution_options(**{READING: True})

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer overlaps, kept when the block ends well. Raises LedgerError."""
        with self._writing(self.engine) as connection:
            yield connection

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """Like `writing`, for what a power cut may take back, a death of this process not: the disk is not waited for.

        Raises LedgerError.
        """
        with self._writing(self.hasty) as connection:
            if not self._is_file:
                connection.execute(text("SET LOCAL synchronous_commit TO off"))
            yield connection

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """A transaction of one statement that needs no turn: it waits for no other writer. Raises LedgerError."""
        with self._understood(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Connection]:
        with self._turn if self._is_file else nullcontext(), self._understood(), engine.begin() as connection:
            if not self._is_file:
                connection.execute(_lock("pg_advisory_xact_lock", WRITING_LOCK))
            yield connection

    @contextmanager
    def sole_sender(self) -> Iterator[None]:
        """Waits until no other process works the outbox, and keeps others waiting; a death of the holder frees it."""
        if self._is_file:
            with alone(Path(f"{self.engine.url.database}.outbox.lock")):
                yield
            return
        with self._understood(), self.engine.connect() as connection:
            session = connection.execution_options(isolation_level="AUTOCOMMIT")
            session.execute(_lock("pg_advisory_lock", OUTBOX_LOCK))
            yield

    def close(self) -> None:
        """Lets go of connections that were kept."""
        for engine in (self.engine, self.hasty):
            engine.dispose()

    @property
    def _is_file(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            is_away = not self._is_file and isinstance(error, OperationalError | InterfaceError)
            raise (LedgerAwayError if is_away else LedgerError)(f"{self.place}: {_reason(error)}") from error


def _lock(function: str, what: int) -> Any:
    return text(f"SELECT {function}({LOCK_CLASS}, {what})")


def open_ledger(url: str, *, is_served: bool = False) -> Ledger:
    """Opens a ledger, makes or updates its tables. Raises LedgerError; two processes may open a new one at once.

    `is_served`: many ask it many times a second, in this process only; connections are kept then.
    """
    try:
        address = make_url(with_driver(url))
    except ArgumentError:
        raise LedgerError("the ledger's URL is none; write postgresql://user@host/database") from None
    engine = partial(_engine, address, QueuePool if is_served else NullPool)
    ledger = Ledger(engine("FULL"), f"ledger {_named(address)}", engine("NORMAL"))
    with ledger.reading() as connection:
        is_ready = is_current(connection)
    if not is_ready:
        with ledger.writing() as connection:
            migrate(connection, ledger.place)
    return ledger


def with_driver(url: str) -> str:
    """The URL with the driver that is installed; one that names a driver stays as it is."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)


def _engine(address: URL, pool: type[Pool], synchronous: str) -> Engine:
    """Connections are opened for each use where few are needed: none outlives a fork or a restart of the server."""
    kept = {} if pool is NullPool else {"pool_size": MOST_KEPT, "pool_recycle": SECONDS_KEPT, "pool_pre_ping": True}
    if address.get_backend_name() != "sqlite":
        server = create_engine(address, poolclass=pool, **kept)
        event.listen(server, "do_connect", _connected)
        event.listen(server, "connect", _be_missed)
        return server
    Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    kept.pop("pool_pre_ping", None)
    engine = create_engine(address, poolclass=pool, connect_args={"timeout": SECONDS_TO_WAIT}, **kept)
    event.listen(engine, "connect", partial(_prepare, synchronous))
    event.listen(engine, "begin", _begin)
    return engine


def wait_for_servers(seconds: float) -> None:
    """From now on this process waits so long for a server that is being started again, instead of failing at once."""
    _patience["seconds"] = seconds


def _connected(dialect: Dialect, _record: object, arguments: Any, named: Any) -> Any:
    until = time.monotonic() + _patience["seconds"]
    while True:
        try:
            return dialect.connect(*arguments, **named)
        except dialect.loaded_dbapi.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(SECONDS_BETWEEN_TRIES)


def _be_missed(connection: Any, _record: object) -> None:
    """Has the server look whether this machine is still there: nobody else gets a lock of one that lost its power."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(NOTICED)
    connection.autocommit = False


def _prepare(synchronous: str, connection: Any, _record: object) -> None:
    """Transactions are ours to begin; what is committed survives a power cut; readers do not wait for writers."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    is_read = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


def _named(address: URL) -> str:
    return (
        str(address.database)
        if address.get_backend_name() == "sqlite"
        else f"{address.host or 'localhost'}/{address.database}"
    )


def _reason(error: SQLAlchemyError) -> str:
    """What the database itself said, on one line; never a statement, whose values may be personal."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:300]
