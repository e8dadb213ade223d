"""A lake with statistics of made-up facts, and editions published from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import RECEIPTS, TABLE
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.composition import facts as facts_of
from sentinel_pipeline.publishing.editions import Edition, publish
from sentinel_pipeline.publishing.figures import key_figures, versions_of
from sentinel_pipeline.publishing.scope import Scope, statistic_asset, statistics_of
from sentinel_pipeline.publishing.signing_keys import KEYS, kept_public_keys
from sentinel_pipeline.publishing.verification import Verdict, verify
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline_tests.sections.worlds import READ, of_status
from sentinel_pipeline_tests.statistics.frames import Row, counted, days_of, facts, of_day

SCOPE = Scope((("home", READ),))


def examined(folder: Path) -> Verdict:
    """An edition checked with the public keys of its own data folder."""
    return verify(folder, kept_public_keys(folder.parents[3] / KEYS))


@dataclass(frozen=True)
class House:
    """A data folder."""

    data: Path

    @property
    def lake(self) -> Lake:
        return Lake(self.data / "lake")

    @property
    def editions(self) -> Path:
        return self.data / "editions"

    def count(self, day: Period, status: str = "received", /, **rows: Sequence[Row]) -> None:
        """Makes all statistics of a day; `status` is that of every table."""
        receipts = facts(RECEIPTS, [{"table": table, "quarantined": 0, **of_status(status)} for table in READ])
        for statistic in STATISTICS:
            frame = (
                receipts
                if statistic.table == "receipts"
                else facts(TABLE[statistic.table], rows.get(statistic.table, []))
            )
            made = counted(statistic.name, of_day(frame, statistic, day), day)
            self.lake.write_keeping(statistic_asset(statistic.name), day.key, made)

    def count_all(self, period: Period, status: str = "received", /, **rows: Sequence[Row]) -> None:
        for day in days_of(period):
            self.count(day, status, **rows)

    def statistics(self, period: Period) -> dict[str, pl.DataFrame]:
        return statistics_of(SCOPE, period, self.lake)

    def figures(self, period: Period, scope: Scope = SCOPE) -> dict[str, KeyFigure]:
        now = statistics_of(scope, period, self.lake)
        before = statistics_of(scope, period.previous, self.lake)
        made = key_figures(scope, period, now, before, versions_of(scope, period, self.lake))
        return {figure.id: figure for figure in made}

    def publish(self, period: Period, more: Mapping[str, bytes] | None = None) -> Edition:
        """An edition of the figures and of further files."""
        files = {"facts.json": json.dumps(facts_of(tuple(self.figures(period).values()))).encode(), **(more or {})}
        paths = {}
        for number, (name, content) in enumerate(files.items()):
            paths[name] = self.data / f"rendered-{number}"
            paths[name].write_bytes(content)
        return publish(self.editions, period, paths, {}, {"figures_hash": "1"})
