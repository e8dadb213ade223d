"""Dagster's history of runs as retention sees it: ended runs by the day they ended on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from sentinel_pipeline.domain.period import day_of, midnight
from sentinel_pipeline.retention.planning import ALONG
from sentinel_pipeline.retention.stock import Item
from sentinel_pipeline.settings import Settings

AT_ONCE = 500


def ended_runs(instance: dg.DagsterInstance, settings: Settings, today: date) -> list[Item]:
    """Days on which runs ended, as far as retention will soon ask for them; none when runs are kept for ever."""
    kept = settings.retention.days.get("runs")
    if kept is None:
        return []
    soon = today - timedelta(days=kept - settings.retention.notice_days) + ALONG
    ended: defaultdict[date, int] = defaultdict(int)
    for at, _ in _ended_before(instance, midnight(soon, settings.zone)):
        ended[day_of(at, settings.zone)] += 1
    return [Item("runs", day.isoformat(), day, day, day, number, 0) for day, number in sorted(ended.items())]


def deleting_runs(instance: dg.DagsterInstance, settings: Settings) -> Callable[[Item], int]:
    """Deletes runs that ended on the day of an item, and their logs; what they made stays made."""

    def delete(item: Item) -> int:
        number = 0
        for at, run_id in _ended_before(instance, midnight(item.last + timedelta(days=1), settings.zone)):
            if day_of(at, settings.zone) == item.last:
                instance.delete_run(run_id)
                instance.compute_log_manager.delete_logs(prefix=[run_id])
                number += 1
        return number

    return delete


def _ended_before(instance: dg.DagsterInstance, end: datetime) -> list[tuple[datetime, str]]:
    """When each run ended, and its id; a run that was created before an instant but ended later is none."""
    found: list[tuple[datetime, str]] = []
    wanted = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=end)
    cursor: str | None = None
    while records := instance.get_run_records(wanted, limit=AT_ONCE, cursor=cursor):
        cursor = records[-1].dagster_run.run_id
        for record in records:
            at = record.update_timestamp if record.end_time is None else datetime.fromtimestamp(record.end_time, UTC)
            if at.astimezone(UTC) < end:
                found.append((at.astimezone(UTC), record.dagster_run.run_id))
    return found
