"""What is due in a data folder now: what lies there, what the ledger knows of it, and what the rules say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.delivery.directory import file_name
from sentinel_pipeline.domain.delivery import State
from sentinel_pipeline.domain.period import CUSTOM, day_of
from sentinel_pipeline.domain.request import STATES
from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.lake.closures import closed_at
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.deliveries import in_state
from sentinel_pipeline.ledger.requests import Filed
from sentinel_pipeline.ledger.requests import in_state as requests_in_state
from sentinel_pipeline.ledger.retention import announced, mailed
from sentinel_pipeline.publishing.scope import statistic_asset
from sentinel_pipeline.retention.old_requests import old_requests, why_it_stays
from sentinel_pipeline.retention.planning import Decision, Fate, Notices, plan
from sentinel_pipeline.retention.stock import Item, stock
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.statistics import STATISTICS

# The only copy of what a source held that day may be what was read of it.
UNCOUNTED = "its day was not counted yet"
UNSETTLED = "a delivery of it is not settled"
OPEN: tuple[State, ...] = ("planned", "sending", "uncertain")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Survey:
    """Decisions on items of some kinds, oldest first, the notices they were made with, and free bytes of the disk."""

    today: date
    kinds: frozenset[Kind]
    decisions: tuple[Decision, ...]
    notices: Notices
    free_bytes: int
    low_bytes: int

    def of(self, *fates: Fate) -> tuple[Decision, ...]:
        return tuple(one for one in self.decisions if one.fate in fates)

    @property
    def is_disk_low(self) -> bool:
        return self.free_bytes < self.low_bytes


def survey(settings: Settings, ledger: Ledger | None, runs: Iterable[Item], today: date) -> Survey:
    """Looks, and changes nothing; without a ledger nothing was announced."""
    kinds = frozenset(settings.retention.days)
    filed = {row.request_id: row for row in _filed(ledger)} if "requests" in kinds else {}
    requests = old_requests(settings.data, settings.zone, filed.values()) if "requests" in kinds else []
    items = [*stock(settings.data, settings.zone, kinds), *requests, *runs]
    lake = Lake(settings.lake)
    editions, mails = _unsettled(ledger)
    obstacles: dict[tuple[Kind, str], str] = {}
    for item in items:
        if item.kind in ("facts", "quarantine") and not item.is_begun and not _is_counted(lake, item.name):
            obstacles[item.identity] = UNCOUNTED
        elif item.kind == "requests":
            obstacles |= _of_request(item, filed.get(item.name), editions, settings.editions)
        elif item.name in editions or (item.kind == "outbox" and mails & _names(item)):
            obstacles[item.identity] = UNSETTLED
    notices = _notices(ledger)
    given = _given(ledger, settings.zone, today) if settings.alerts.recipients else notices
    decisions = plan(items, settings.retention, given, obstacles, today)
    return Survey(
        today, kinds, tuple(decisions), notices, settings.free_bytes, settings.retention.low_disk_mb * MEGABYTE
    )


def _of_request(item: Item, row: Filed | None, unsettled: set[str], editions: Path) -> dict[tuple[Kind, str], str]:
    why = why_it_stays(row, editions) or (UNSETTLED if f"{CUSTOM}/{item.name}" in unsettled else "")
    return {item.identity: why} if why else {}


def _filed(ledger: Ledger | None) -> list[Filed]:
    if ledger is None:
        return []
    with ledger.reading() as connection:
        return requests_in_state(connection, STATES)


def _is_counted(lake: Lake, day: str) -> bool:
    """Whether every table that was united for a day has its statistics, or had."""
    if closed_at(lake, "statistics", day) is not None:
        return True
    made = [one for one in STATISTICS if lake.exists(f"facts/{one.table}", day)]
    return bool(made) and all(lake.exists(statistic_asset(one.name), day) for one in made)


def _notices(ledger: Ledger | None) -> Notices:
    if ledger is None:
        return {}
    with ledger.reading() as connection:
        return announced(connection)


def _given(ledger: Ledger | None, zone: ZoneInfo, today: date) -> Notices:
    """Where notice goes by mail too: the days on which it went; today while it has not, so that nothing goes."""
    if ledger is None:
        return {}
    with ledger.reading() as connection:
        told = mailed(connection)
    return {item: today if at is None else day_of(at, zone) for item, at in told.items()}


def _unsettled(ledger: Ledger | None) -> tuple[set[str], set[str]]:
    """Editions (`daily/2026-01-05`) and files in the outbox that a delivery may still need."""
    if ledger is None:
        return set(), set()
    with ledger.reading() as connection:
        rows = in_state(connection, OPEN)
    return {f"{row.cadence}/{row.period_key}" for row in rows}, {file_name(row.message_id) for row in rows}


def _names(item: Item) -> set[str]:
    return {file.path.rpartition("/")[2] for file in item.files}
