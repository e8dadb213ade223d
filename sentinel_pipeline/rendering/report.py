"""The report as a value: everything a document says, before any format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.section import Section

Number = int | float
# What kind of period a report tells of: something happened, nothing did, nothing arrived, a source was away.
State = Literal["eventful", "empty", "no data", "unreachable"]


@dataclass(frozen=True)
class KeyFigure:
    """One figure with its change; `value` None means it cannot be told (no data), never zero.

    `previous` is the same figure of the period before, None when that period has no complete data. `change` is
    absolute, `change_percent` relative to `previous` (None when the base is below 10 or unknown). `is_good_when` says
    which direction a reader wants: 'down', 'up' or None. `sparkline` holds the figure per bucket, None = gap.
    """

    id: str
    label: str
    unit: str
    value: Number | str | None
    definition: str
    previous: Number | str | None = None
    change: Number | None = None
    change_percent: float | None = None
    is_good_when: str | None = None
    is_lower_bound: bool = False
    sparkline: tuple[Number | None, ...] = ()
    inputs: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class SectionResult:
    """A section's table for one period; `failure` says why there is none.

    `awaits_before`: it compares with the period before, of which nothing whole was ever read; the finding says so.
    """

    section: Section
    table: pl.DataFrame
    finding: str
    failure: str | None = None
    awaits_before: bool = False

    @property
    def is_made(self) -> bool:
        """Whether its table tells something, be it that nothing happened."""
        return self.failure is None and not self.awaits_before


@dataclass(frozen=True)
class Report:
    """All of one edition. `figures_hash` (12 hex digits) names the figures it was made from."""

    organisation: str
    period: Period
    revision: int
    headline: str
    narrative: tuple[str, ...]
    key_figures: tuple[KeyFigure, ...]
    completeness: pl.DataFrame
    completeness_words: str
    is_complete: bool
    sections: tuple[SectionResult, ...]
    figures_hash: str
    summary: str = ""
    is_detailed: bool = False
    methods: tuple[tuple[str, str], ...] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        return f"{self.period.cadence.capitalize()} security report"

    @property
    def strip(self) -> tuple[KeyFigure, ...]:
        """The figures on the first page: the first eight."""
        return self.key_figures[:8]
