"""`retention` of `sentinel.yaml`: how many days each kind of file is kept, and what must not go."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from sentinel_pipeline.delivery_entries import Line
from sentinel_pipeline.domain.retention import KINDS, Kind
from sentinel_pipeline.strict import Day, Strict

# A month's report is compared with the month before: no statistic that it needs may be gone when it is made.
FEWEST_OF_STATISTICS = 93
# Whoever asked for a report is told its correction: who asked must be known as long as days are corrected.
FEWEST_OF_REQUESTS = 93

Days = Annotated[int, Field(ge=1, le=36_600)]


class HoldEntry(Strict):
    """What has to stay for a reason: kinds (none named: all), of the days from `since` to `until`, both included."""

    kinds: list[Kind] = Field(default_factory=list)
    since: Day | None = None
    until: Day | None = None
    reason: Line

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"since before until; {self.since} is after {self.until}")
        return self


class RetentionEntry(Strict):
    """Whole days that a kind is kept after the day it belongs to; a kind without days is kept for ever.

    What is about to go is announced `notice_days` before; below `low_disk_mb` of free space every command says so.
    """

    facts: Days | None = None
    quarantine: Days | None = None
    statistics: Annotated[int, Field(ge=FEWEST_OF_STATISTICS, le=36_600)] | None = None
    daily_editions: Days | None = None
    weekly_editions: Days | None = None
    monthly_editions: Days | None = None
    custom_editions: Days | None = None
    drafts: Days | None = None
    exports: Days | None = None
    outbox: Days | None = None
    requests: Annotated[int, Field(ge=FEWEST_OF_REQUESTS, le=36_600)] | None = None
    runs: Days | None = None
    notice_days: Annotated[int, Field(ge=0, le=366)] = 7
    low_disk_mb: Annotated[int, Field(ge=0)] = 1000
    holds: list[HoldEntry] = Field(default_factory=list)

    @property
    def days(self) -> dict[Kind, int]:
        """Days by kind, of the kinds that are not kept for ever."""
        written = {kind: getattr(self, kind) for kind in KINDS}
        return {kind: days for kind, days in written.items() if days is not None}
