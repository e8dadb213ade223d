"""Databases beside the fleet's store, as logs: the server's speed tests, an agent's own measurements and alerts.

They have no logs of their own; what they measured is told as the agents would have told it. An agent's database names
no machine: there the name of the source stands for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import polars as pl

from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import DECRYPTIONS, MACHINES, WIDGET_LOGS, Table
from sentinel_pipeline.sources.atlas_database import TIME, AtlasDatabase
from sentinel_pipeline.sources.atlas_fields import LOST, Sealed, sealed_field
from sentinel_pipeline.sources.atlas_files import json_or_text
from sentinel_pipeline.sources.atlas_inventory import inventories, known_since
from sentinel_pipeline.sources.atlas_json import Lenient, compact, text_of
from sentinel_pipeline.sources.atlas_logs import BadTimeError, Clock, log_row, written_flags
from sentinel_pipeline.sources.atlas_rows import StoredRow, location_of, stamp_of, stored_rows, wide
from sentinel_pipeline.sources.atlas_units import Fault, Unit, frames
from sentinel_pipeline.sources.fields import ROW
from sentinel_pipeline.sources.marks import Marks
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.sieve import first_time
from sentinel_pipeline.sources.sqlite import SqliteDatabase
from sentinel_pipeline.sources.timestamps import Zones

SEALED = "encrypted_data"


@dataclass(frozen=True)
class History:
    """A table whose rows are logs of one type; `data` are its columns by their names in the data of a log.

    `machine` is the column that names the machine. Without `data` every column that is left is taken.
    """

    table: str
    widget_type: str
    level: str = "INFO"
    machine: str | None = None
    data: tuple[tuple[str, str], ...] = ()


HISTORIES = (
    History(
        "speedtest_results",
        "speedtest",
        machine="machine_id",
        data=(
            ("download", "download_mbps"),
            ("upload", "upload_mbps"),
            ("ping", "ping_ms"),
            ("jitter", "jitter_ms"),
            ("packet_loss", "packet_loss"),
            ("server", "server_name"),
            ("server_location", "server_location"),
            ("isp", "isp"),
            ("external_ip", "external_ip"),
            ("result_url", "result_url"),
            ("test_duration_seconds", "test_duration_seconds"),
        ),
    ),
    History("metrics", "health"),
    History("metrics_v2", "health"),
    History("alerts", "alert", level="WARNING"),
)


class AtlasHistory(AtlasDatabase):
    """An opened `speedtest.sqlite3` or `metrics.db`."""

    def has(self, table: Table) -> bool:
        return table in (WIDGET_LOGS, MACHINES, DECRYPTIONS)

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        if table is MACHINES:
            yield from self.inventories(table, [window])
        elif self.has(table):
            yield from frames(self._units(window), table, window, quarantine)

    def inventories(self, table: Table, windows: Sequence[Window | None]) -> list[pl.DataFrame]:  # noqa: ARG002 - one
        """Machines known at the end of each window."""
        return inventories(self._units(known_since(windows)), windows, self.settings.name)

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:  # noqa: ARG002 - of files
        return self._marks_of((one.table for one in histories_in(self._database)), days)

    def first_at(self) -> datetime | None:
        zones = Zones(self._clock.zone, self._clock.zone)
        found = [first_time(self._database, one.table, TIME, zones) for one in histories_in(self._database)]
        return min((first for first in found if first is not None), default=None)

    def fingerprint(self) -> str | None:
        return sha256(f"{self._database.fingerprint()} {self._ring.fingerprint}".encode()).hexdigest()

    def _units(self, window: Window | None) -> Iterator[Unit]:
        """The zone of a machine does not count: the server writes its own wall time, an agent seconds since 1970."""
        clock = Clock(self._clock.zone)
        for history in histories_in(self._database):
            names = tuple(dict.fromkeys(("id", *self._database.columns(history.table))))
            for row in stored_rows(self._database, history.table, "id", names, self._clock.zone, wide(window)):
                yield self._unit(history, row, clock)

    def _unit(self, history: History, row: StoredRow, clock: Clock) -> Unit:
        location = location_of(history.table, row)
        record = compact({name: value for name, value in row.items() if value is not None and name != ROW})
        machine = text_of(row.get(history.machine)) if history.machine else self.settings.name
        if machine is None:
            return Unit(faults=[Fault(location, "missing_machine_id", record)])
        lenient = Lenient()
        field = sealed_field(row[SEALED], self._ring) if SEALED in row else Sealed(None, "plaintext")
        data = json_or_text(field.text or "", lenient) if SEALED in row else _measured(history, row)
        log = {
            "timestamp": stamp_of(row["timestamp"]),
            "level": history.level,
            "widget_type": history.widget_type,
            "message": row.get("message") or history.widget_type,
            "data": data,
        }
        try:
            made = log_row(log, machine, clock, None)
        except BadTimeError as error:
            return Unit(faults=[Fault(location, str(error), record)])
        is_lost = field.verdict in LOST
        flags = {*str(made["flags"] or "").split(","), *lenient.flags, *(["lost_data"] if is_lost else [])} - {""}
        lost = {"data": None} if is_lost else {}
        unit = Unit(rows=[{**made, **lost, "log_id": location, "flags": written_flags(flags)}])
        if is_lost:
            unit.faults.append(Fault(location, f"{field.verdict}: data", record, made["logged_at"]))
        unit.decryptions.append(
            {
                "decryption_id": location,
                "received_at": made["logged_at"],
                "machine_id": machine,
                "unit": "row",
                "verdict": field.verdict,
                "flags": written_flags(lenient.flags),
                "key_fingerprint": field.fingerprint,
                "logs": 1,
            }
        )
        return unit


def histories_in(database: SqliteDatabase) -> list[History]:
    """The tables that are there, each with the column that makes it one of the fleet's."""
    marks = {"speedtest_results": "download_mbps", "metrics": "cpu_usage", "metrics_v2": SEALED, "alerts": "alert_type"}
    found = [one for one in HISTORIES if {"timestamp", marks[one.table]} <= database.columns(one.table).keys()]
    return [] if [one.table for one in found] == ["alerts"] else found


def _measured(history: History, row: StoredRow) -> dict[str, object]:
    """What a row measured; what it left out is left out."""
    taken = history.data or tuple((name, name) for name in row if name not in ("id", "timestamp", "message", ROW))
    return {name: _value(text) for name, column in taken if (text := row.get(column)) is not None}


def _value(text: str) -> object:
    """A number where it is one, and can be written as JSON."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return None
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else number
