"""The made-up plugs, read as a user's own would be."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.demo.kasa import AWAY_DAYS, RESET_DAYS_AGO, write_plugs
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.plugs import PLUGS
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DEVICES, ENERGY_INTERVALS, ENERGY_RATES, Table
from sentinel_pipeline.sources.kasa import KIND
from sentinel_pipeline_tests.sources.worlds import settings, whole

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = date(2026, 10, 27)
DAYS = 14


@pytest.fixture(scope="module")
def plugs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugs")
    write_plugs(folder, Plan(AUTUMN, DAYS, 0.1, BERLIN, 7), silent)
    return folder / "kasa_monitor.db"


def read(path: Path, table: Table) -> pl.DataFrame:
    span = Period("daily", AUTUMN - timedelta(days=DAYS - 1), BERLIN).window.start
    with KIND.open(settings("kasa", path, local_timezone=BERLIN.key), None) as source:
        frame = whole(source, table)
    return frame.filter(pl.col(table.time) >= span) if table.time else frame


def of(frame: pl.DataFrame, trait: str) -> pl.DataFrame:
    return frame.filter(pl.col("device_ip").is_in([plug.ip for plug in PLUGS if trait in plug.traits]))


def test_every_plug_that_measures_has_energy_at_a_price(plugs: Path) -> None:
    frame = read(plugs, ENERGY_INTERVALS)
    used = frame.group_by("device_ip").agg(pl.col("energy_micro_kwh", "cost_micros").sum())
    assert used.height == len(PLUGS) - 1
    assert used.select((pl.all().exclude("device_ip") > 0).all()).row(0) == (True, True)
    assert frame["unpriced_micro_kwh"].sum() == 0
    assert set(frame["band"]) == {"Day", "Night", "Weekend"}
    assert of(frame, "blind").is_empty()


def test_its_day_of_25_hours_is_metered_to_the_end(plugs: Path) -> None:
    window = Period("daily", date(2026, 10, 25), BERLIN).window
    inside = (pl.col("started_at") >= window.start) & (pl.col("started_at") < window.end)
    fridge = read(plugs, ENERGY_INTERVALS).filter(inside & (pl.col("device_ip") == PLUGS[0].ip))
    assert fridge.height == 100
    assert fridge["unmetered_seconds"].sum() == 0


def test_it_tells_of_a_reset_an_absence_and_lost_polls(plugs: Path) -> None:
    frame = read(plugs, ENERGY_INTERVALS)
    resets = frame.filter(pl.col("resets") > 0)
    days = resets["started_at"].dt.convert_time_zone(BERLIN.key).dt.date().unique().to_list()
    assert days == [AUTUMN - timedelta(days=RESET_DAYS_AGO)]
    away = of(frame, "away").filter(pl.col("readings") == 0)
    assert away.height >= len(AWAY_DAYS) * 96
    assert away["energy_micro_kwh"].null_count() == 0
    assert of(frame, "lossy")["is_timing_estimated"].any()


def test_it_has_devices_rates_and_an_audit_log(plugs: Path) -> None:
    assert read(plugs, DEVICES)["device_type"].to_list().count("Strip") == 1
    assert read(plugs, ENERGY_RATES)["rate_type"].to_list() == ["flat", "time_of_use"]
    assert read(plugs, AUDIT_EVENTS)["severity"].unique().sort().to_list() == ["high", "info", "medium"]
