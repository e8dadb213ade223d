"""Subscriptions as a portal changes them: rows of the ledger, checked like those of the file, and listed with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as with_owner
from datetime import datetime
from typing import Literal

from sentinel_pipeline.delivery.subscriptions import entry_of, kept_subscriptions, understood
from sentinel_pipeline.delivery_entries import SubscriptionEntry
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.subscriptions import Subscription as Row
from sentinel_pipeline.ledger.subscriptions import add as add_row
from sentinel_pipeline.ledger.subscriptions import kept, remove, replace, set_active
from sentinel_pipeline.settings import Settings

STOPPED = "whose it is may not have reports any more, so that nothing goes out by it"


@dataclass(frozen=True)
class Listed:
    """A subscription as it is written, and where; `entry` is None for a row that cannot be read.

    `problem` says in a line why nobody is served by it, nothing when they are. Who changed a row, when, and whose it is
    (user id) is None for those of the file.
    """

    name: str
    origin: Literal["file", "ledger"]
    entry: SubscriptionEntry | None
    is_active: bool
    problem: str = ""
    changed_at: datetime | None = None
    changed_by: str | None = None
    owner: str | None = None


def listed(settings: Settings, ledger: Ledger) -> list[Listed]:
    """Those of the file as they stand there, then those of the ledger by name. Raises LedgerError."""
    of_file = [Listed(entry.name, "file", entry, entry.active) for entry in settings.subscriptions]
    with ledger.reading() as connection:
        rows = kept(connection)
    return of_file + [_of_row(row, settings) for row in rows]


def add(
    settings: Settings,
    ledger: Ledger,
    written: Mapping[str, object],
    at: datetime,
    by: str,
    owner: str | None = None,
) -> SubscriptionEntry:
    """Adds a subscription. Raises UsageError with a line for each mistake, or for a name that is taken."""
    entry = _checked(settings, written)
    if not add_row(ledger, with_owner(_row(entry, at, by), owner=owner)):
        raise UsageError(f"name: found '{entry.name}'; there is a subscription of that name")
    return entry


def change(
    settings: Settings, ledger: Ledger, name: str, written: Mapping[str, object], at: datetime, by: str
) -> SubscriptionEntry:
    """Puts another in the place of the subscription `name`, whose name stays. Raises UsageError; LedgerError."""
    entry = _checked(settings, written)
    if entry.name != name:
        raise UsageError(f"name: found '{entry.name}'; a subscription keeps its name, which is '{name}'")
    if not replace(ledger, _row(entry, at, by)):
        raise UsageError(_unknown(settings, name))
    return entry


def activate(settings: Settings, ledger: Ledger, name: str, at: datetime, by: str, *, is_active: bool) -> None:
    """Puts a subscription in force or out of it; what it was sent stays known. Raises UsageError; LedgerError."""
    if not set_active(ledger, name, at, by, is_active=is_active):
        raise UsageError(_unknown(settings, name))


def withdraw(settings: Settings, ledger: Ledger, name: str, at: datetime) -> None:
    """Takes a subscription away; what it was sent stays known. Raises UsageError; LedgerError."""
    if not remove(ledger, name, at):
        raise UsageError(_unknown(settings, name))


def _checked(settings: Settings, written: Mapping[str, object]) -> SubscriptionEntry:
    entry = entry_of(written)
    understood(entry, settings)
    if entry.name in {one.name for one in settings.subscriptions}:
        raise UsageError(f"name: found '{entry.name}'; sentinel.yaml has a subscription of that name")
    return entry


def _unknown(settings: Settings, name: str) -> str:
    if name in {entry.name for entry in settings.subscriptions}:
        return f"'{name}' stands in {settings.file} and is changed there"
    return f"there is no subscription '{name}'"


def _row(entry: SubscriptionEntry, at: datetime, by: str) -> Row:
    return Row(entry.name, entry.model_dump_json(exclude_unset=True), entry.active, at, by)


def _of_row(row: Row, settings: Settings) -> Listed:
    served, problems = kept_subscriptions([row], settings)
    try:
        entry = entry_of(row.entry).model_copy(update={"active": row.is_active})
    except UsageError:
        entry = None
    problem = problems[0].partition(": ")[2].partition(": ")[2] if problems else "" if row.is_entitled else STOPPED
    is_active = row.is_active and row.is_entitled and bool(served)
    return Listed(row.name, "ledger", entry, is_active, problem, row.changed_at, row.changed_by, row.owner)
