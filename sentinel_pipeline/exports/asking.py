"""What a person asked to export, understood precisely or refused with one line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window, midnight
from sentinel_pipeline.domain.tables import QUARANTINE, TABLES, Table
from sentinel_pipeline.exports.rows import CANONICAL, Wanted
from sentinel_pipeline.settings import Settings, source_settings
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def asked_table(name: str) -> Table:
    """Raises UsageError for a table that is none of the canonical ones."""
    for table in TABLES:
        if table.name == name:
            return table
    raise UsageError(f"'{name}' is no table; choose one of {', '.join(table.name for table in TABLES)}")


def asked_columns(columns: str | None) -> tuple[str, ...] | None:
    """Names in the order given; raises UsageError for an empty or repeated one."""
    if columns is None:
        return None
    names = tuple(name.strip() for name in columns.split(","))
    if "" in names or len(set(names)) != len(names):
        raise UsageError(f"--columns '{columns}': every name once, separated by commas")
    return names


def asked_window(since: str | None, until: str | None, zone: ZoneInfo) -> Window | None:
    """Half-open window in UTC; None when neither edge is given. Raises UsageError when it is empty."""
    if since is None and until is None:
        return None
    start = EARLIEST if since is None else instant(since, zone, "--since")
    end = LATEST if until is None else instant(until, zone, "--until", whole_day=True)
    if start >= end:
        raise UsageError(f"--since {since or 'the beginning'} is not before --until {until or 'the end'}")
    return Window(start, end)


def instant(text: str, zone: ZoneInfo, option: str, *, whole_day: bool = False) -> datetime:
    """An ISO 8601 date or date-time, without an offset in the zone. `whole_day`: a date stands for its end."""
    try:
        day = _day(text)
        if day is not None:
            return midnight(day + timedelta(days=1) if whole_day else day, zone)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} '{text}' is no time; write 2025-01-31, 2025-01-31T13:00 or 2025-01-31T13:00:00+01:00"
        ) from None


def _day(text: str) -> date | None:
    """The day, in any spelling of ISO 8601, when there is no time beside it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def asked_sources(table: Table, names: tuple[str, ...], settings: Settings) -> list[tuple[SourceKind, SourceSettings]]:
    """The sources that give the table, all or those named. Raises UsageError when there is none."""
    entries = [settings.source(name) for name in dict.fromkeys(names)] if names else list(settings.sources)
    giving = [entry for entry in entries if table is QUARANTINE or table in KINDS[entry.kind].tables]
    if not giving:
        asked = f"source {', '.join(names)}" if names else "any configured source"
        raise UsageError(f"no {table.name} to be had from {asked}")
    return [(KINDS[entry.kind], source_settings(entry, settings.data)) for entry in giving]


def default_output(wanted: Wanted, suffix: str, settings: Settings, now: datetime) -> Path:
    """A dated file in `exports/`; the name may be taken by the time it is written, see `export`'s `is_new`."""
    prefix = "" if wanted.layout == CANONICAL else f"{wanted.layout}_"
    return settings.exports / f"{prefix}{wanted.table.name}_{now:%Y%m%d_%H%M%S}{suffix}"
