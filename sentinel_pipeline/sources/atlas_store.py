"""The fleet server's SQLite store as a source: fields in plain text or sealed with Fernet, told by their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import polars as pl

from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DECRYPTIONS, MACHINES, WIDGET_LOGS, Table
from sentinel_pipeline.sources.atlas_database import TIME, AtlasDatabase
from sentinel_pipeline.sources.atlas_fields import Sealed, plain_field, sealed_field, worst
from sentinel_pipeline.sources.atlas_files import json_or_text
from sentinel_pipeline.sources.atlas_history import AtlasHistory, histories_in
from sentinel_pipeline.sources.atlas_json import Lenient, compact, text_of
from sentinel_pipeline.sources.atlas_keys import KeyRing
from sentinel_pipeline.sources.atlas_logs import BadTimeError, Clock, log_row, timed, written_flags
from sentinel_pipeline.sources.atlas_rows import StoredRow, location_of, stamp_of, stored_rows, wide
from sentinel_pipeline.sources.atlas_units import Fault, Unit, framed, frames, is_within, keep_faults
from sentinel_pipeline.sources.databases import unreachable
from sentinel_pipeline.sources.fields import ROW
from sentinel_pipeline.sources.marks import Marks
from sentinel_pipeline.sources.origins import connected
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.sieve import first_time
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.sqlite import SqliteDatabase
from sentinel_pipeline.sources.timestamps import Zones

ORIGIN = {WIDGET_LOGS: "widget_logs", DECRYPTIONS: "widget_logs", MACHINES: "machines", AUDIT_EVENTS: "export_logs"}
MACHINE_FIELDS = ("machine_id", "info_json", "info_json_encrypted", "first_seen", "last_seen")
LOG_FIELDS = ("id", "machine_id", "timestamp", "log_level", "widget_type", "message", "message_encrypted")
DATA_FIELDS = ("data_json", "data_encrypted")
EXPORT_FIELDS = ("id", "machine_id", "timestamp", "local_user", "export_type", "export_format", "encrypted")
EXPORT_MORE = ("encryption_mode", "filename", "data_encrypted")
EXPORT_DETAILS = ("machine_id", "export_type", "export_format", "encrypted", "encryption_mode")


class AtlasStore(AtlasDatabase):
    """An opened store; keys of agents that lie in it (`agent_db_keys`) are never read."""

    def has(self, table: Table) -> bool:
        return table in ORIGIN and bool(self._database.columns(ORIGIN[table]))

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        if not self.has(table):
            return
        if table is MACHINES:
            yield self._machines(quarantine)
        elif table is AUDIT_EVENTS:
            yield self._audit_events(window, quarantine)
        else:
            yield from frames(self._units(window), table, window, quarantine)

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:  # noqa: ARG002 - of files
        return self._marks_of(self._logs, days)

    def first_at(self) -> datetime | None:
        zones = Zones(self.settings.zone, self.settings.zone)
        found = [first_time(self._database, table, TIME, zones) for table in self._logs]
        return min((first for first in found if first is not None), default=None)

    def fingerprint(self) -> str | None:
        return sha256(f"{self._database.fingerprint()} {self._ring.fingerprint}".encode()).hexdigest()

    @property
    def _logs(self) -> list[str]:
        return [table for table in ("widget_logs", "export_logs") if TIME in self._database.columns(table)]

    def _rows(self, table: str, key: str, names: tuple[str, ...], window: Window | None = None) -> Iterator[StoredRow]:
        return stored_rows(self._database, table, key, names, self._clock.zone, window)

    def _units(self, window: Window | None) -> Iterator[Unit]:
        clock = Clock(self._clock.zone, self._clock.machines)
        for row in self._rows("widget_logs", "id", LOG_FIELDS + DATA_FIELDS, wide(window)):
            yield self._log_unit(row, clock)

    def _log_unit(self, row: StoredRow, clock: Clock) -> Unit:
        """A row of the store: what can be read of it, field by field."""
        location = location_of("widget_logs", row)
        message = self._field(row, "message", "message_encrypted", "widget_logs")
        data = self._field(row, "data_json", "data_encrypted", "widget_logs")
        record = compact({name: value for name, value in row.items() if value is not None and name != ROW})
        machine, lenient = text_of(row["machine_id"]), Lenient()
        if machine is None:
            return Unit(faults=[Fault(location, "missing_machine_id", record)])
        log = {
            "timestamp": stamp_of(row["timestamp"]),
            "level": row["log_level"],
            "widget_type": row["widget_type"],
            "message": message.text or "",
            "data": json_or_text(data.text or "", lenient),
        }
        try:
            made = log_row(log, machine, clock, None)
        except BadTimeError as error:
            return Unit(faults=[Fault(location, str(error), record)])
        at = made["logged_at"]
        bad = [(name, field) for name, field in (("message", message), ("data", data)) if field.is_lost]
        unit = Unit(faults=[Fault(location, f"{one.verdict}: {name}", record, _instant(at)) for name, one in bad])
        flags = {*str(made["flags"] or "").split(","), *lenient.flags, *(f"lost_{name}" for name, _ in bad)} - {""}
        own = {"log_id": row["id"] or made["log_id"], "serial_number": self._serials.get(machine)}
        lost = {name: None for name, _ in bad}
        unit.rows.append({**made, **own, **lost, "flags": written_flags(flags)})
        unit.decryptions.append(
            {
                "decryption_id": location,
                "received_at": at,
                "machine_id": machine,
                "unit": "row",
                "verdict": worst(message, data),
                "flags": written_flags(lenient.flags),
                "key_fingerprint": message.fingerprint or data.fingerprint,
                "logs": 1,
            }
        )
        return unit

    def _field(self, row: StoredRow, plain: str, sealed: str, table: str) -> Sealed:
        """The sealed column where the store has one, else the plain one."""
        if sealed in self._database.columns(table):
            return sealed_field(row[sealed], self._ring) if row[sealed] else plain_field(row[plain], self._ring)
        return plain_field(row[plain], self._ring)

    @cached_property
    def _serials(self) -> dict[str, str | None]:
        return {machine: text_of(info.get("serial_number")) for machine, info, _ in self._known_machines()}

    def _known_machines(self) -> Iterator[tuple[str, dict[str, object], tuple[StoredRow, Sealed]]]:
        """Machine ids with what the store knows of them (nothing where it cannot be read), and the rows themselves."""
        if not self._database.columns("machines"):
            return
        for row in self._rows("machines", "machine_id", MACHINE_FIELDS):
            field = self._field(row, "info_json", "info_json_encrypted", "machines")
            info = json_or_text(field.text or "", Lenient())
            machine = text_of(row["machine_id"])
            if machine is not None:
                yield machine, info if isinstance(info, dict) else {}, (row, field)

    def _machines(self, quarantine: Quarantine) -> pl.DataFrame:
        found: dict[str, dict[str, object]] = {}
        faults: list[Fault] = []
        for machine, info, (row, field) in self._known_machines():
            if field.is_lost:
                faults.append(Fault(f"machines#{machine}", f"{field.verdict}: info", compact(row)))
            found.setdefault(
                machine,
                {
                    "machine_id": machine,
                    "machine_name": text_of(info.get("computer_name")) or text_of(info.get("hostname")),
                    "serial_number": text_of(info.get("serial_number")),
                    "local_ip": text_of(info.get("local_ip")),
                    "os": text_of(info.get("os")) or text_of(info.get("os_version")),
                    "first_seen_at": self._seen(row["first_seen"]),
                    "last_seen_at": self._seen(row["last_seen"]),
                },
            )
        keep_faults(faults, MACHINES, None, quarantine)
        return framed((found[machine] for machine in sorted(found)), MACHINES, self.settings.name)

    def _seen(self, text: str | None) -> datetime | None:
        """A time the server wrote in its own clock; None when it cannot be read."""
        try:
            return timed(stamp_of(text), "", Clock(self._clock.zone), None)[0]
        except BadTimeError:
            return None

    def _audit_events(self, window: Window | None, quarantine: Quarantine) -> pl.DataFrame:
        """The log of exports: who took what, when, and how it was protected."""
        clock, events, faults = Clock(self._clock.zone, self._clock.machines), [], []
        for row in self._rows("export_logs", "id", EXPORT_FIELDS + EXPORT_MORE, wide(window)):
            location = location_of("export_logs", row)
            try:
                at, _, _ = timed(stamp_of(row["timestamp"]), row["machine_id"] or "", clock, None)
            except BadTimeError as error:
                faults.append(Fault(location, str(error), compact(row)))
                continue
            field = sealed_field(row["data_encrypted"], self._ring)
            if field.is_lost:
                faults.append(Fault(location, f"{field.verdict}: data", compact(row), at))
            if is_within(at, window):
                events.append(_audit_event(row, at, field))
        keep_faults(faults, AUDIT_EVENTS, window, quarantine)
        return framed(events, AUDIT_EVENTS, self.settings.name)


def open_store(settings: SourceSettings, ring: KeyRing, clock: Clock) -> AtlasStore | AtlasHistory:
    """Raises SourceUnreachableError when the file is none of a fleet, or its keys and its class do not fit."""
    database = connected(settings)
    assert isinstance(database, SqliteDatabase)  # noqa: S101 - the caller saw the scheme
    trouble = _trouble(database, ring)
    if trouble is not None:
        database.close()
        raise unreachable(settings, *trouble)
    kind = AtlasStore if _is_store(database) else AtlasHistory
    return kind(settings, ring, clock, database)


def _is_store(database: SqliteDatabase) -> bool:
    return bool(database.columns("widget_logs") or database.columns("machines"))


def _trouble(database: SqliteDatabase, ring: KeyRing) -> tuple[str, str] | None:
    columns, histories = database.columns("widget_logs"), histories_in(database)
    if not _is_store(database) and not histories:
        return (
            "the database holds none of the fleet's tables (widget_logs, machines, speedtest_results, metrics)",
            "give fleet_data.sqlite3, speedtest.sqlite3 or metrics.db in 'location'",
        )
    sealed = {"message_encrypted", "data_encrypted"} & columns.keys()
    if not _is_store(database):
        sealed = {one.table for one in histories} & {"metrics_v2"}
    if sealed and not ring.store:
        return "its fields are encrypted and no key is configured", "give 'database_keys', such as [env:FLEET_DB_KEY]"
    return None


def _audit_event(row: StoredRow, at: datetime, field: Sealed) -> dict[str, object]:
    details: dict[str, object] = {name: row[name] for name in EXPORT_DETAILS if row[name] is not None}
    if field.text:
        details["data"] = json_or_text(field.text, Lenient())
    return {
        "event_id": f"export_logs:{row['id'] or 'row ' + str(row[ROW])}",
        "occurred_at": at,
        "user": text_of(row["local_user"]),
        "event_type": "export",
        "severity": "info",
        "resource": text_of(row["filename"]),
        "details": compact(details),
    }


def _instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
