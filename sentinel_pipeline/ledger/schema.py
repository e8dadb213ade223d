"""Tables of the ledger as queries see them; `migrations` makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

METADATA = MetaData()


class Instant(TypeDecorator[datetime]):
    """A UTC instant, kept without its zone: SQLite knows none, and a reader with SQL finds UTC in both databases."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its shape
        """Raises ValueError for a time without a zone: it could be any instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its shape
        return None if value is None else value.replace(tzinfo=UTC)


DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("cadence", Text, nullable=False),
    Column("period_key", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claim", Text),
    Column("provider_id", Text),
    Column("error", Text),
    Column("planned_at", Instant, nullable=False),
    Column("tried_at", Instant),
    Column("settled_at", Instant),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("entry", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("owner", Text),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("request_id", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("run_id", Text),
    Column("edition", Text),
    Column("error", Text),
    Column("requested_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("settled_at", Instant),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", Instant, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

RETENTION_NOTICES = Table(
    "retention_notices",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("announced_on", Date, nullable=False),
    Column("announcement", Integer),
)

ANNOUNCEMENTS = Table(
    "announcements",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("announced_on", Date, nullable=False),
    Column("announced_at", Instant, nullable=False),
    Column("said", Text, nullable=False),
    Column("told_at", Instant),
)

PROBLEMS = Table(
    "problems",
    METADATA,
    Column("problem_id", Text, primary_key=True),
    Column("occurrence", Integer, primary_key=True, autoincrement=False),
    Column("what", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("causes", Text, nullable=False),
    Column("mending", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("recovered_at", Instant),
    Column("is_closed", Boolean, nullable=False),
)

USERS = Table(
    "users",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("password_at", Instant, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("token_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

USES = Table(
    "uses",
    METADATA,
    Column("user_id", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("used_at", Instant, nullable=False),
)

EXPORTS = Table(
    "exports",
    METADATA,
    Column("export_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("export_type", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("ordered", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("run_id", Text),
    Column("file", Text),
    Column("sha256", Text),
    Column("bytes", BigInteger),
    Column("rows", BigInteger),
    Column("error", Text),
    Column("downloads", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("settled_at", Instant),
    Column("expires_at", Instant),
    Column("schedule_id", Text),
)

EXPORT_SCHEDULES = Table(
    "export_schedules",
    METADATA,
    Column("schedule_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("cron", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("last_export_id", Text),
)

LINKS = Table(
    "links",
    METADATA,
    Column("link_id", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("user_id", Text),
    Column("recipient", Text),
    Column("subscription", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("used_at", Instant),
    Column("uses", Integer, nullable=False),
)

TALLIES = Table(
    "tallies",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    Column("upto", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
)

# When a lease ends is the database's to say: seconds since 1970 by its own clock.
LEASES = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
)
