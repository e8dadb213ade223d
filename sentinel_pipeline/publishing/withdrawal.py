"""Editions whose files retention deleted: their manifests stay, so that the chain holds and nothing is made twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.domain.period import BEFORE, Period
from sentinel_pipeline.lake.closures import closed_on, is_closed
from sentinel_pipeline.lake.store import Lake, read_json, write_json
from sentinel_pipeline.publishing.claims import claimed
from sentinel_pipeline.publishing.scope import statistic_asset
from sentinel_pipeline.statistics import STATISTICS

NOTE = ".withdrawn.json"


def withdraw(folder: Path, at: datetime) -> None:
    """Notes that the files of an edition (the folder of its period) are deleted from now on; the first note stands."""
    if withdrawn_at(folder) is None:
        write_json(folder / NOTE, {"withdrawn_at": at.isoformat()})


def withdrawn_at(folder: Path) -> datetime | None:
    """When retention deleted the files of an edition; None when it did not."""
    written = read_json(folder / NOTE).get("withdrawn_at")
    return None if written is None else datetime.fromisoformat(str(written))


def deleted_on(at: datetime, zone: ZoneInfo) -> str:
    """`deleted by retention on 2026-11-21 02:00 CET`, on the clock of the zone."""
    return f"deleted by retention on {at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def require_not_withdrawn(folder: Path, period: Period) -> None:
    """Raises PublishingError for an edition (`folder` is its period's) whose files retention deleted."""
    at = withdrawn_at(folder)
    if at is not None:
        said = deleted_on(at, period.zone)
        raise PublishingError(f"{period.cadence} {period.key} was {said}; it is neither made nor sent again")


def require_kept(folder: Path, period: Period, lake: Lake) -> None:
    """Raises PublishingError for an edition (`folder` is its period's) that would say less than it did or could.

    That is one whose files retention deleted; one of whose own days it deleted statistics, or facts of which this
    version counts more than was counted; and a published one that would lose its comparison with the period before.
    """
    require_not_withdrawn(folder, period)
    name = f"{period.cadence} {period.key}"
    gone = closed_on(lake, "statistics", period.day_keys)
    if gone:
        raise PublishingError(f"{name} cannot be made: {_said(gone, period)}")
    uncounted = [day for day in period.day_keys if is_closed(lake, day) and _counts_more(lake, day)]
    if uncounted:
        raise PublishingError(
            f"{name} cannot be made: {uncounted[0]} was counted by an earlier version, which counted less, and what it"
            " was read from was deleted by retention"
        )
    claimed(folder)
    is_published = any(folder.glob("r[1-9]*/manifest.json"))
    before = closed_on(lake, "statistics", period.previous.day_keys) if is_published else {}
    if before:
        raise PublishingError(
            f"{name} stays as it was published: of {BEFORE[period.cadence]}, which it is compared with,"
            f" {_said(before, period)}"
        )


def _counts_more(lake: Lake, day: str) -> bool:
    """Whether this version counts something of a table that was counted, and it was not."""
    made = {one: lake.exists(statistic_asset(one.name), day) for one in STATISTICS}
    counted_tables = {one.table for one, is_there in made.items() if is_there}
    return any(one.table in counted_tables and not is_there for one, is_there in made.items())


def _said(gone: Mapping[str, datetime], period: Period) -> str:
    days = counted(len(gone), "day")
    return f"the statistics of {days} were {deleted_on(max(gone.values()), period.zone)}"
