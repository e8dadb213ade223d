"""Steps from an empty database to today's tables: each is applied once, in order, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from sentinel_pipeline.domain.errors import LedgerError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE deliveries (
            delivery_id TEXT PRIMARY KEY,
            cadence TEXT NOT NULL,
            period_key TEXT NOT NULL,
            revision INTEGER NOT NULL,
            manifest_sha256 TEXT NOT NULL,
            subscription TEXT NOT NULL,
            recipient TEXT NOT NULL,
            channel TEXT NOT NULL,
            message_id TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'sent', 'refused', 'uncertain')),
            attempts INTEGER NOT NULL,
            claim TEXT,
            provider_id TEXT,
            error TEXT,
            planned_at TIMESTAMP NOT NULL,
            tried_at TIMESTAMP,
            settled_at TIMESTAMP,
            UNIQUE (cadence, period_key, revision, subscription, recipient)
        )
        """,
        "CREATE INDEX deliveries_by_state ON deliveries (state)",
        """
        CREATE TABLE subscriptions (
            name TEXT PRIMARY KEY,
            entry TEXT NOT NULL,
            is_active BOOLEAN NOT NULL,
            changed_at TIMESTAMP NOT NULL,
            changed_by TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE audit (
            number BIGINT PRIMARY KEY,
            recorded_at TIMESTAMP NOT NULL,
            act TEXT NOT NULL,
            subject TEXT NOT NULL,
            details TEXT NOT NULL,
            previous TEXT NOT NULL,
            digest TEXT NOT NULL
        )
        """,
    ),
    (
        """
        CREATE TABLE retention_notices (
            kind TEXT NOT NULL,
            item TEXT NOT NULL,
            announced_on DATE NOT NULL,
            PRIMARY KEY (kind, item)
        )
        """,
    ),
    (
        """
        CREATE TABLE problems (
            problem_id TEXT NOT NULL,
            occurrence INTEGER NOT NULL,
            what TEXT NOT NULL,
            kind TEXT NOT NULL,
            asset TEXT NOT NULL,
            partition TEXT NOT NULL,
            job TEXT NOT NULL,
            causes TEXT NOT NULL,
            mending TEXT NOT NULL,
            run TEXT NOT NULL,
            times INTEGER NOT NULL,
            first_at TIMESTAMP NOT NULL,
            last_at TIMESTAMP NOT NULL,
            last_run TEXT NOT NULL,
            recovered_at TIMESTAMP,
            is_closed BOOLEAN NOT NULL,
            PRIMARY KEY (problem_id, occurrence)
        )
        """,
        "CREATE INDEX problems_by_end ON problems (is_closed)",
    ),
    (
        """
        CREATE TABLE users (
            user_id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('admin', 'analyst', 'viewer')),
            password TEXT NOT NULL,
            is_active BOOLEAN NOT NULL,
            failures INTEGER NOT NULL,
            locked_until TIMESTAMP,
            created_at TIMESTAMP NOT NULL,
            password_at TIMESTAMP NOT NULL
        )
        """,
        """
        CREATE TABLE sessions (
            digest TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (user_id),
            begun_at TIMESTAMP NOT NULL,
            used_at TIMESTAMP NOT NULL
        )
        """,
        """
        CREATE TABLE tokens (
            token_id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (user_id),
            label TEXT NOT NULL,
            scopes TEXT NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            made_at TIMESTAMP NOT NULL,
            expires_at TIMESTAMP NOT NULL,
            used_at TIMESTAMP,
            revoked_at TIMESTAMP
        )
        """,
        """
        CREATE TABLE uses (
            user_id TEXT NOT NULL REFERENCES users (user_id),
            act TEXT NOT NULL,
            used_at TIMESTAMP NOT NULL
        )
        """,
        "CREATE INDEX uses_by_user ON uses (user_id, act, used_at)",
    ),
    (
        """
        CREATE TABLE requests (
            request_id TEXT PRIMARY KEY,
            request TEXT NOT NULL,
            requested_by TEXT NOT NULL,
            state TEXT NOT NULL CHECK (
                state IN ('requested', 'running', 'done', 'failed', 'cancelled', 'rejected')
            ),
            attempts INTEGER NOT NULL,
            run_id TEXT,
            edition TEXT,
            error TEXT,
            requested_at TIMESTAMP NOT NULL,
            started_at TIMESTAMP,
            settled_at TIMESTAMP
        )
        """,
        "CREATE INDEX requests_by_state ON requests (state)",
    ),
    (
        "ALTER TABLE retention_notices ADD COLUMN announcement INTEGER",
        """
        CREATE TABLE announcements (
            number INTEGER PRIMARY KEY,
            announced_on DATE NOT NULL,
            announced_at TIMESTAMP NOT NULL,
            said TEXT NOT NULL,
            told_at TIMESTAMP
        )
        """,
    ),
    ("ALTER TABLE subscriptions ADD COLUMN owner TEXT",),
    (
        """
        CREATE TABLE exports (
            export_id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (user_id),
            export_type TEXT NOT NULL,
            format TEXT NOT NULL,
            ordered TEXT NOT NULL,
            state TEXT NOT NULL CHECK (
                state IN ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired', 'deleted')
            ),
            attempts INTEGER NOT NULL,
            progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
            run_id TEXT,
            file TEXT,
            sha256 TEXT,
            bytes BIGINT,
            rows BIGINT,
            error TEXT,
            downloads INTEGER NOT NULL,
            created_at TIMESTAMP NOT NULL,
            started_at TIMESTAMP,
            settled_at TIMESTAMP,
            expires_at TIMESTAMP,
            schedule_id TEXT
        )
        """,
        """
        CREATE TABLE export_schedules (
            schedule_id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (user_id),
            name TEXT NOT NULL,
            cron TEXT NOT NULL,
            entry TEXT NOT NULL,
            recipients TEXT NOT NULL,
            subject TEXT NOT NULL,
            is_active BOOLEAN NOT NULL,
            created_at TIMESTAMP NOT NULL,
            next_at TIMESTAMP,
            last_export_id TEXT
        )
        """,
        "CREATE INDEX exports_by_state ON exports (state, created_at)",
        "CREATE INDEX exports_by_user ON exports (user_id, created_at)",
        """
        CREATE TABLE links (
            link_id TEXT PRIMARY KEY,
            file TEXT NOT NULL,
            user_id TEXT REFERENCES users (user_id),
            recipient TEXT,
            subscription TEXT,
            made_by TEXT NOT NULL,
            made_at TIMESTAMP NOT NULL,
            expires_at TIMESTAMP NOT NULL,
            revoked_at TIMESTAMP,
            used_at TIMESTAMP,
            uses INTEGER NOT NULL,
            CHECK ((user_id IS NULL) <> (recipient IS NULL))
        )
        """,
        "CREATE INDEX links_by_file ON links (file)",
    ),
    (
        """
        CREATE TABLE tallies (name TEXT NOT NULL, labels TEXT NOT NULL, upto TEXT NOT NULL,
            number BIGINT NOT NULL, total BIGINT NOT NULL, PRIMARY KEY (name, labels, upto))
        """,
    ),
    (
        "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, detail TEXT NOT NULL,"
        " expires_at DOUBLE PRECISION NOT NULL)",
    ),
)

# The version of a ledger that goes on elsewhere.
MOVED = -1


class MovedError(LedgerError):
    """This ledger goes on elsewhere; `to` names where."""

    def __init__(self, place: str, to: str) -> None:
        super().__init__(f"{place}: was moved to {to}; set SENTINEL_POSTGRESQL_URL to use it there")
        self.to = to


def migrate(connection: Connection, place: str) -> None:
    """Brings the tables up to date, in the caller's transaction.

    Raises LedgerError when they are newer than this, MovedError when the ledger goes on elsewhere.
    """
    known = _version(connection)
    if known is None:
        connection.execute(text("CREATE TABLE ledger_version (version INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO ledger_version VALUES (0)"))
    if where := _moved_to(connection):
        raise MovedError(place, where)
    if (known or 0) > len(MIGRATIONS):
        raise LedgerError(
            f"{place}: was written by a newer version (its tables are of version {known}, this one knows"
            f" {len(MIGRATIONS)}); update Sentinel Pipeline"
        )
    for statement in (statement for step in MIGRATIONS[known or 0 :] for statement in step):
        connection.execute(text(statement))
    connection.execute(text("UPDATE ledger_version SET version = :version"), {"version": len(MIGRATIONS)})


def close(connection: Connection, place: str) -> None:
    """Makes a SQLite ledger that was moved refuse to be opened, and to be written by who opened it before."""
    connection.execute(text("CREATE TABLE ledger_moved (place TEXT NOT NULL)"))
    connection.execute(text("INSERT INTO ledger_moved VALUES (:place)"), {"place": place})
    connection.execute(text("UPDATE ledger_version SET version = :version"), {"version": MOVED})
    for table in inspect(connection).get_table_names():
        for act in ("INSERT", "UPDATE", "DELETE"):
            refusal = "SELECT RAISE(ABORT, 'this ledger was moved to another database')"
            connection.execute(text(f"CREATE TRIGGER moved_{act}_{table} BEFORE {act} ON {table} BEGIN {refusal}; END"))


def _moved_to(connection: Connection) -> str | None:
    """Where a ledger was moved to, if it was."""
    if _version(connection) != MOVED:
        return None
    return str(connection.execute(text("SELECT place FROM ledger_moved")).scalar_one())


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to migrate."""
    return _version(connection) == len(MIGRATIONS)


def _version(connection: Connection) -> int | None:
    """The version of the tables, None before the first."""
    if not inspect(connection).has_table("ledger_version"):
        return None
    return int(connection.execute(text("SELECT version FROM ledger_version")).scalar_one())
