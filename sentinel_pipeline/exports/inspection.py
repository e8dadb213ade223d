"""What a source holds: tables, rows, first and last time, and how much could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.reasons import meaning
from sentinel_pipeline.domain.tables import DECRYPTIONS, Table
from sentinel_pipeline.exports.key_ages import KeyAges
from sentinel_pipeline.exports.once import Once, ignore
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.log_source import LogSource
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceSettings


def inspect(settings: SourceSettings, zone: ZoneInfo) -> Iterator[str]:
    """A line per table and per reason for quarantine. Raises SourceUnreachableError."""
    kind = KINDS[settings.kind]
    quarantine = Quarantine(settings.name)
    with kind.open(settings, None) as source:
        ages = KeyAges()
        for table in kind.tables:
            yield _line(source, table, quarantine, zone, ages.hear if table is DECRYPTIONS else ignore)
        yield from ages.lines(zone)
        if isinstance(source, LogSource) and (left := source.left_alone()):
            said = ", ".join(
                f"{count:,} {word}" for word, count in sorted(left.items(), key=lambda one: (-one[1], one))
            )
            yield f"other events, left alone: {said}"
    for (name, reason), count in sorted(quarantine.counts.items()):
        yield f"quarantined: {count:,} of {name}: {reason} ({meaning(reason)})"


def _line(
    source: Source, table: Table, quarantine: Quarantine, zone: ZoneInfo, heard: Callable[[pl.DataFrame], None]
) -> str:
    if not source.has(table):
        return f"{table.name}: not in this source"
    rows = 0
    times: list[datetime] = []
    once = Once(source, table, None, zone, heard)
    for batch in once.read(quarantine):
        rows += batch.height
        if table.time is not None and batch.height:
            times += [time for time in (batch[table.time].min(), batch[table.time].max()) if isinstance(time, datetime)]
            times = [min(times), max(times)] if times else []
    rows -= once.keep_copies(quarantine).height
    span = f", {_written(times[0], zone)} to {_written(times[-1], zone)}" if times else ""
    return f"{table.name}: {counted(rows, 'row')}{span}, {quarantine.total(table.name):,} quarantined"


def _written(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat(timespec="seconds")
