"""Aggregated exports that go on where the last one ended: each bucket once, when it is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.exports.aggregating import Aggregation
from sentinel_pipeline.exports.buckets import bucket_starts
from sentinel_pipeline.exports.increments import Memory
from sentinel_pipeline.exports.wanted import Wanted

TICK = timedelta(microseconds=1)


@dataclass
class BucketMemory(Memory):
    """Remembers up to which instant buckets have been exported; what comes late for one of them is not told again.

    A bucket is complete when it has ended and a row behind it has been seen, so that a source that is behind loses
    nothing.
    """

    _complete: datetime | None = field(default=None, init=False)

    @property
    def floor(self) -> datetime | None:
        """Where the first bucket begins that has not been exported."""
        written = self.state.get("ended")
        return datetime.fromisoformat(written) if written else None

    def narrowed(self, wanted: Wanted, rows: pl.LazyFrame, folder: Path) -> tuple[Wanted, pl.LazyFrame]:  # noqa: ARG002 - nothing has to be kept aside
        """What is wanted, made of the buckets that became complete, and their rows."""
        aggregation = next(step for step in wanted.transformations if isinstance(step, Aggregation))
        window = self._window(aggregation, rows, wanted.made_at)
        self._complete = window.end if window else self.floor
        time = pl.col(aggregation.time)
        kept = rows.filter((time >= window.start) & (time < window.end)) if window else rows.clear()
        steps = (replace(step, window=window) if step is aggregation else step for step in wanted.transformations)
        return replace(wanted, transformations=tuple(steps)), kept

    def _window(self, aggregation: Aggregation, rows: pl.LazyFrame, now: datetime | None) -> Window | None:
        """From the first bucket that is not exported to the end of the last complete one; None when there is none."""
        time = pl.col(aggregation.time)
        first, last = rows.select(first=time.min(), last=time.max()).collect(engine="streaming").row(0)
        if first is None:
            return None
        since = self.about["since"]
        start = self.floor or (datetime.fromisoformat(since) if since else first)
        end = min(last, now or last)
        if end < start:
            return None
        complete = bucket_starts(Window(start, end + TICK), aggregation.grain, aggregation.zone)[-1]
        return Window(start, complete) if complete > start else None

    def _remembered(self, number: int) -> Mapping[str, Any]:  # noqa: ARG002 - there are no files of keys to number
        ended = self._complete or self.floor
        return {"ended": ended and ended.astimezone(UTC).isoformat()}
