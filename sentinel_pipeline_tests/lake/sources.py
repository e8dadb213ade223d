"""A source system in memory that keeps the whole promise of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Literal, Self

import polars as pl

from sentinel_pipeline.domain.errors import SourceChangedError, SourceUnreachableError
from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, DEVICES, Table
from sentinel_pipeline.sources.marks import Marks
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceKind, SourceSettings
from sentinel_pipeline_tests.statistics.frames import Row, facts

GIVEN = (CONNECTIONS, ALERTS, DEVICES)


@dataclass(frozen=True)
class Bad:
    """A record that cannot be read."""

    table: str
    location: str
    reason: str = "bad_time"
    occurred_at: datetime | None = None


@dataclass
class System:
    """What the system holds now; `reads` remembers which tables were asked for."""

    name: str = "home"
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)
    lacks: tuple[str, ...] = ()
    is_away: bool = False
    breaks_at: str | None = None
    changes: int = 0
    state: str | None = "1"
    batch: int = 2
    reads: list[str] = field(default_factory=list)

    @property
    def settings(self) -> SourceSettings:
        return SourceSettings(name=self.name, kind="memory", location="memory:", place="memory")

    @property
    def kind(self) -> SourceKind:
        return SourceKind("memory", GIVEN, self.opened)

    def opened(self, settings: SourceSettings, notes: Path | None) -> Source:
        if self.is_away:
            raise SourceUnreachableError(f"{settings.place}: nobody answers; is it switched on?")
        return Opened(self, settings)


@dataclass
class Opened:
    system: System
    settings: SourceSettings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def has(self, table: Table) -> bool:
        return table.name not in self.system.lacks

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        self.system.reads.append(table.name)
        if self.system.changes:
            self.system.changes -= 1
            raise SourceChangedError("memory: was changed while it was read")
        frame = facts(table, [{"source": self.system.name, **row} for row in self.system.rows.get(table.name, [])])
        if table.time is not None and window is not None:
            frame = frame.filter((pl.col(table.time) >= window.start) & (pl.col(table.time) < window.end))
        for bad in self.system.bad:
            if bad.table == table.name:
                quarantine.keep(bad.table, bad.location, bad.reason, "as it was", bad.occurred_at)
        for start in range(0, frame.height, self.system.batch):
            yield frame[start : start + self.system.batch]
            if self.system.breaks_at == table.name:
                raise SourceUnreachableError("memory: the line went dead")

    def first_at(self) -> datetime | None:
        return None

    def fingerprint(self) -> str | None:
        return self.system.state

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:
        return {day.key: {} for day in days}


@dataclass
class Paused:
    """A reader of a system who stops once until it goes on: when it is told the state, has rows, or asks for marks."""

    system: System
    at: Literal["fingerprint", "read", "marks"]
    is_there: Event = field(default_factory=Event)
    goes_on: Event = field(default_factory=Event)

    @property
    def kind(self) -> SourceKind:
        return SourceKind("memory", GIVEN, lambda settings, _: OpenedByPaused(self.system, settings, self))

    def stop_at(self, place: str) -> None:
        if place == self.at and not self.goes_on.is_set():
            self.is_there.set()
            assert self.goes_on.wait(10)


@dataclass
class OpenedByPaused(Opened):
    reader: Paused

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        frames = super().read(table, window, quarantine)
        if table == ALERTS:
            first = next(frames)
            self.reader.stop_at("read")
            yield first
        yield from frames

    def fingerprint(self) -> str | None:
        known = super().fingerprint()
        self.reader.stop_at("fingerprint")
        return known

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:
        self.reader.stop_at("marks")
        return super().marks(days, before)
