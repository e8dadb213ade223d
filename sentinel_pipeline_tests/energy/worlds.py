"""Rates and quarter-hours for tests: what is not said is a quiet rate in euros, valid always."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import midnight
from sentinel_pipeline.energy.bill import Bill, Consumption, bills
from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.tariff import RATES_SCHEMA, Tariff, Tariffs, tariffs_of
from sentinel_pipeline_tests.clocks import BERLIN

KWH = 1_000_000
QUARTER = timedelta(minutes=15)
QUARTERS = pl.Schema({"device_ip": pl.String(), "started_at": pl.Datetime("us", "UTC"), "energy_micro_kwh": pl.Int64()})

FLAT = {"flat_rate": 0.12}
PEAK = {"start_hour": 6, "end_hour": 22, "rate_per_kwh": 0.15}
OFF_PEAK = {"start_hour": 22, "end_hour": 6, "rate_per_kwh": 0.08}
DAY_AND_NIGHT = {"time_of_use_rates": [PEAK, OFF_PEAK]}
TIERS = [
    {"min_kwh": 0, "max_kwh": 500, "rate_per_kwh": 0.10},
    {"min_kwh": 501, "max_kwh": 1000, "rate_per_kwh": 0.12},
    {"min_kwh": 1001, "rate_per_kwh": 0.15},
]


def rate(rate_type: str, config: Mapping[str, Any] | str | None, **more: Any) -> dict[str, Any]:
    text = config if isinstance(config, str) or config is None else json.dumps(config)
    row = {"source": "home", "rate_id": "1", "name": "Rate", "rate_type": rate_type, "currency": "EUR"}
    return {**row, "is_active": True, "created_at": None, "config": text, **more}


def rates(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=RATES_SCHEMA)


def tariffs(*rows: Mapping[str, Any], zone: ZoneInfo = BERLIN) -> Tariffs:
    """Tariffs of rates without mistakes."""
    read = tariffs_of(rates(*rows), None, zone)
    assert read.problems == ()
    return read


def tariff(rate_type: str, config: Mapping[str, Any], **more: Any) -> Tariff:
    return tariffs(rate(rate_type, config, **more)).tariffs[0]


def price_file(folder: Path, *lines: str, header: str = "from,to,price") -> Path:
    file = folder / "prices.csv"
    file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return file


def quarters(*rows: tuple[str, datetime, int | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=QUARTERS, orient="row").sort("started_at", "device_ip")


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """The UTC instant of a local time; the first of two."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def steady(start: datetime, count: int, energy: int, devices: Sequence[str] = ("10.0.0.1",)) -> pl.DataFrame:
    """The same energy in each of so many quarter-hours, for each device."""
    return quarters(*((device, start + n * QUARTER, energy) for n in range(count) for device in devices))


def whole_day(day: str, energy: int, zone: ZoneInfo = BERLIN) -> pl.DataFrame:
    """The same energy in each quarter-hour of a local day."""
    first = date.fromisoformat(day)
    start = midnight(first, zone)
    return steady(start, (midnight(first + timedelta(days=1), zone) - start) // QUARTER, energy)


def cost(frame: pl.DataFrame, valid: Tariffs, zone: ZoneInfo = BERLIN) -> int:
    return int(priced(frame, valid, zone)["cost_micros"].sum())


def sums(frame: pl.DataFrame, valid: Tariffs, zone: ZoneInfo = BERLIN) -> tuple[int, int]:
    """Cost and unpriced energy."""
    done = priced(frame, valid, zone)
    return int(done["cost_micros"].sum()), int(done["unpriced_micro_kwh"].sum())


def billed(frame: pl.DataFrame, valid: Tariffs, covered: Sequence[date], *by: str, **more: Any) -> list[Bill]:
    """Bills of quarter-hours, with a line of energy for each of `by`."""
    day = pl.col("started_at").dt.convert_time_zone(BERLIN.key).dt.date().alias("day")
    done = priced(frame, valid, BERLIN).with_columns(day)
    usage = done.group_by("day", "device_ip", *by).agg(
        pl.col("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh").sum()
    )
    together = done.group_by("day", "started_at").agg(pl.col("energy_micro_kwh").sum())
    peaks = dict(together.group_by("day").agg(pl.col("energy_micro_kwh").max()).iter_rows())
    return bills(Consumption(usage, peaks, **more), covered, valid, BERLIN)


def days_of(first: str, count: int) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=n) for n in range(count)]
