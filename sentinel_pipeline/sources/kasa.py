"""Kasa Monitor: smart plugs polled every 30 seconds into one SQLite database."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import (
    AUDIT_EVENTS,
    DEVICES,
    ENERGY_INTERVALS,
    ENERGY_RATES,
    ENERGY_READINGS,
)
from sentinel_pipeline.sources.databases import unreachable
from sentinel_pipeline.sources.fields import ROW, Field, filled, flags, moments, reals, texts
from sentinel_pipeline.sources.json_text import details_json
from sentinel_pipeline.sources.kasa_metering import KNOWN_DEVICES, KasaSource, maximum_power
from sentinel_pipeline.sources.origins import DatabaseSource, Origin, opened
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

READINGS = "device_readings"
MOST_COUNTED = 1e9  # kWh: no counter of a plug has so many digits, and millionths of it are exact
TYPE_PREFIX = "DeviceType."
LEVELS = {"error": "high", "warning": "medium", "debug": "info"}


def energy_readings(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """A model that cannot measure says 0 V: that is no voltage, and 0 A beside it no current."""
    voltage = pl.when(pl.col("voltage") > 0).then("voltage")
    known = source.looked_up("device_info", "device_ip", KNOWN_DEVICES)
    names = known.select("device_ip", device_name=filled("alias"))
    is_measured = voltage.is_not_null() | (pl.col("current") > 0)
    return rows.join(names, on="device_ip", how="left", maintain_order="left").select(
        "read_at",
        "device_ip",
        "device_name",
        "is_on",
        power_w="current_power_w",
        voltage_v=voltage,
        current_a=pl.when(is_measured).then("current"),
        energy_today_kwh="today_energy_kwh",
        energy_total_kwh="total_energy_kwh",
        rssi_dbm="rssi",
        reading_id=pl.coalesce("id", pl.format("row {}", ROW)),
        energy_month_kwh="month_energy_kwh",
    )


def devices(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Every poll replaces the row, so its time of discovery says nothing."""
    return rows.select(
        "device_ip",
        device_name=filled("alias"),
        device_type=filled("device_type").str.strip_prefix(TYPE_PREFIX),
        mac_address=filled("mac"),
        manufacturer=None,
        first_seen_at=None,
        last_seen_at="last_seen",
        is_trusted=None,
        is_blocked=None,
    )


def energy_rates(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "name",
        "rate_type",
        "is_active",
        "created_at",
        rate_id=pl.coalesce("id", pl.format("row {}", ROW)),
        currency=filled("currency").str.strip_chars().str.to_uppercase().fill_null("USD"),
        config="rate_config",
    )


def audit_events(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    level = pl.col("severity").str.strip_chars().str.to_lowercase().replace(LEVELS)
    said = rows.select("details", "action", "error_message", pl.col("success").cast(pl.Boolean)).iter_rows()
    return rows.select(
        "occurred_at",
        event_id=pl.format("audit_log:{}", pl.coalesce("id", pl.format("row {}", ROW))),
        user=filled("username", "user", "user_id"),
        event_type=filled("event_type", "action"),
        severity=severity(level),
        resource=filled("resource", "resource_type"),
        details=pl.Series([_details(*row) for row in said], dtype=pl.String),
    )


def _details(details: str | None, action: str | None, error: str | None, is_success: bool | None) -> str | None:
    """What the record says besides its columns, as JSON."""
    known = {"action": action, "error_message": error, "success": is_success}
    said = {name: value for name, value in known.items() if value is not None}
    return details_json(details, orjson.dumps(said).decode() if said else None)


def _readings(settings: SourceSettings) -> Origin:
    return Origin(
        ENERGY_READINGS,
        READINGS,
        "id",
        texts("id", "device_ip")
        + flags("is_on")
        + (Field("current_power_w", "real", least=0, most=maximum_power(settings)),)
        + reals(
            "voltage", "current", "today_energy_kwh", "month_energy_kwh", "total_energy_kwh", least=0, most=MOST_COUNTED
        )
        + reals("rssi"),
        energy_readings,
        times=("timestamp",),
    )


DESCRIBING = (
    Origin(
        DEVICES,
        "device_info",
        "device_ip",
        texts("device_ip", "alias", "device_type", "mac") + moments("last_seen"),
        devices,
    ),
    Origin(
        ENERGY_RATES,
        "electricity_rates",
        "id",
        texts("id", "name", "rate_type", "rate_config", "currency") + flags("is_active") + moments("created_at"),
        energy_rates,
    ),
    Origin(
        AUDIT_EVENTS,
        "audit_log",
        "id",
        texts("id", "username", "user", "user_id", "event_type", "action", "severity", "resource", "resource_type")
        + texts("details", "error_message")
        + flags("success"),
        audit_events,
        times=("timestamp",),
        is_local=True,
    ),
)


def open_kasa(settings: SourceSettings, _: Path | None = None) -> KasaSource:
    """Opens the monitor's database. Raises SourceUnreachableError."""
    if not settings.location.startswith("sqlite:"):
        raise unreachable(settings, "Kasa Monitor keeps its data in SQLite", "write 'location' as sqlite:///FILE")
    return opened(settings, "Kasa Monitor", (_readings(settings), *DESCRIBING), (READINGS, "device_info"), KasaSource)


KIND = SourceKind(
    "kasa",
    tables=(DEVICES, ENERGY_READINGS, ENERGY_INTERVALS, ENERGY_RATES, AUDIT_EVENTS),
    open=open_kasa,
)
