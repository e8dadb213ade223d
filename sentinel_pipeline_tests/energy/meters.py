"""Readings of meters by hand, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ENERGY_READINGS
from sentinel_pipeline.energy.counters import Meters
from sentinel_pipeline.energy.metering import metered

BERLIN = ZoneInfo("Europe/Berlin")
METERS = Meters(BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def reading(read_at: datetime, *, device: str = "10.0.0.1", number: int | None = None, **values: Any) -> dict[str, Any]:
    """`total`, `today` and `month` are the counters in kWh, `power` W, `on` the switch."""
    names = {"total": "energy_total_kwh", "today": "energy_today_kwh", "month": "energy_month_kwh"}
    names |= {"power": "power_w", "on": "is_on"}
    known = {names[name]: value for name, value in values.items()}
    id_ = str(number if number is not None else int(read_at.timestamp()))
    return {"source": "plugs", "device_ip": device, "read_at": read_at, "reading_id": id_, **known}


def readings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(ENERGY_READINGS.schema) | row for row in rows], schema=ENERGY_READINGS.schema)


def quarters(
    *rows: dict[str, Any], start: datetime, hours: float, meters: Meters = METERS, expected: tuple[str, ...] = ()
) -> pl.DataFrame:
    window = Window(start, start + timedelta(hours=hours))
    return metered(readings(*rows), meters, window, expected)
