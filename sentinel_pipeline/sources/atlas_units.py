"""Units of a fleet's data – an envelope, an export file, a row of a store – as rows of canonical tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import WIDGET_LOGS, Table
from sentinel_pipeline.sources.atlas_envelopes import READABLE, Opened
from sentinel_pipeline.sources.atlas_json import compact, text_of
from sentinel_pipeline.sources.atlas_logs import BadTimeError, Clock, log_row, written_flags
from sentinel_pipeline.sources.lognotes import EPOCH, at
from sentinel_pipeline.sources.quarantine import Quarantine

BATCH_ROWS = 20_000
MICROSECOND = timedelta(microseconds=1)
Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What cannot be used, and the day it belongs to, if any."""

    location: str
    reason: str
    record: str
    occurred_at: datetime | None = None


@dataclass
class Unit:
    """The rows of one unit of data, what is wrong with it, and what became of its seal."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    decryptions: list[Row] = field(default_factory=list)

    @property
    def times(self) -> list[datetime]:
        return [row["logged_at"] for row in self.rows]


@dataclass
class KeyUses:
    """Since when each key has been in use: the first thing it opened among all files met so far."""

    _first: dict[str, int] = field(default_factory=dict)
    _met: dict[str, int] = field(default_factory=dict)

    def meet(self, unit: Unit) -> None:
        """Tells the seals of a unit since when their keys are in use."""
        for row in unit.decryptions:
            key, opened_at = row["key_fingerprint"], row["received_at"]
            if key is not None and isinstance(opened_at, datetime):
                microsecond = (opened_at - EPOCH) // MICROSECOND
                self._met[key] = min(self._met.get(key, microsecond), microsecond)
                self.recall({key: microsecond})
                row["key_since_at"] = at(self._first[key])

    def noted(self) -> dict[str, int]:
        """What was met since this was asked last, for `recall`."""
        met, self._met = self._met, {}
        return met

    def recall(self, noted: Mapping[str, int]) -> None:
        """Meets again what was noted, where its file need not be read."""
        for key, microsecond in noted.items():
            self._first[key] = min(self._first.get(key, microsecond), microsecond)


def unit_of(
    opened: Opened, location: str, record: str, clock: Clock, received_at: datetime | None, kind: str = "envelope"
) -> Unit:
    """The logs of what was opened, each by itself: a bad one costs itself, a bad seal costs all."""
    unit = Unit()
    for number, log in enumerate(opened.logs, 1):
        _add_log(unit, opened, log, f"{location} log {number}", clock, received_at)
    times = unit.times
    latest = max(times) if times else received_at
    if opened.verdict not in READABLE:
        unit.rows, unit.faults = [], [Fault(location, opened.verdict, record, latest)]
    unit.decryptions.append(
        {
            "decryption_id": location,
            "received_at": latest,
            "machine_id": opened.machine_id,
            "unit": kind,
            "verdict": opened.verdict,
            "flags": written_flags(opened.flags),
            "key_fingerprint": opened.fingerprint,
            "logs": len(unit.rows),
        }
    )
    return unit


def _add_log(
    unit: Unit, opened: Opened, log: object, location: str, clock: Clock, received_at: datetime | None
) -> None:
    if not isinstance(log, dict):
        unit.faults.append(Fault(location, "not_an_object", compact(log), received_at))
        return
    serial = text_of(log.get("serial_number"))
    machine = opened.machine_id or text_of(log.get("machine_id")) or serial
    if machine is None:
        unit.faults.append(Fault(location, "missing_machine_id", compact(log), received_at))
        return
    try:
        row = log_row(log, machine, clock, received_at)
    except BadTimeError as error:
        unit.faults.append(Fault(location, str(error), compact(log)))
        return
    row["serial_number"] = serial
    unit.rows.append(row)


def frames(
    units: Iterable[Unit], table: Table, window: Window | None, quarantine: Quarantine
) -> Iterator[pl.DataFrame]:
    """Rows of `widget_logs` or `decryptions` in the window, in batches; faults are kept with the logs only."""
    held: list[Row] = []
    for unit in units:
        if table is WIDGET_LOGS:
            keep_faults(unit.faults, table, window, quarantine)
        rows = unit.rows if table is WIDGET_LOGS else unit.decryptions
        held += [row for row in rows if is_within(row[str(table.time)], window)]
        if len(held) >= BATCH_ROWS:
            yield framed(held, table, quarantine.source)
            held = []
    if held:
        yield framed(held, table, quarantine.source)


def framed(rows: Iterable[Row], table: Table, source: str) -> pl.DataFrame:
    return pl.DataFrame([{"source": source, **row} for row in rows], schema=table.schema, orient="row")


def undated(unit: Unit) -> int:
    """Faults and verdicts that belong to no day."""
    faults = sum(fault.occurred_at is None for fault in unit.faults)
    return faults + sum(row["received_at"] is None for row in unit.decryptions)


def keep_faults(faults: Iterable[Fault], table: Table, window: Window | None, quarantine: Quarantine) -> None:
    """Keeps the faults of the window and those that belong to no day."""
    for fault in faults:
        if fault.occurred_at is None or is_within(fault.occurred_at, window):
            quarantine.keep(table.name, fault.location, fault.reason, fault.record, fault.occurred_at)


def is_within(moment: object, window: Window | None) -> bool:
    return isinstance(moment, datetime) and (window is None or window.start <= moment < window.end)
