"""What Kasa Monitor's tables become."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import (
    AUDIT_EVENTS,
    DEVICES,
    ENERGY_INTERVALS,
    ENERGY_RATES,
    ENERGY_READINGS,
    Table,
)
from sentinel_pipeline.sources.kasa import KIND
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.plugs import PLUG, kasa_database, polls, rate, spelled
from sentinel_pipeline_tests.sources.worlds import Kept, Row, at, day, settings, whole

DAY = day("2026-11-20")
MINUTE = timedelta(minutes=1)
BERLIN: dict[str, Any] = {"local_timezone": "Europe/Berlin"}


def read(
    path: Path, table: Table, window: Window | None = DAY, kept: Kept | None = None, **options: Any
) -> pl.DataFrame:
    with KIND.open(settings("kasa", path, **options), None) as source:
        return whole(source, table, window, Quarantine("home", kept or Kept()))


def test_a_reading_keeps_every_value(tmp_path: Path) -> None:
    row = {
        "id": 7, "timestamp": "2026-11-20 12:00:00.250000+00:00", "is_on": 1, "current_power_w": 61.5, "voltage": 230.1,
        "current": 0.27, "today_energy_kwh": 1.5, "month_energy_kwh": 20.25, "total_energy_kwh": 300.125, "rssi": -61,
    }  # fmt: skip
    assert read(kasa_database(tmp_path / "k.db", readings=[row]), ENERGY_READINGS).to_dicts() == [
        {
            "source": "home", "device_ip": PLUG, "device_name": "Fridge", "read_at": at("2026-11-20 12:00:00.250000"),
            "is_on": True, "power_w": 61.5, "voltage_v": 230.1, "current_a": 0.27, "energy_today_kwh": 1.5,
            "energy_total_kwh": 300.125, "rssi_dbm": -61.0, "reading_id": "7", "energy_month_kwh": 20.25,
        }
    ]  # fmt: skip


def test_no_volts_are_a_model_that_cannot_measure(tmp_path: Path) -> None:
    rows: list[Row] = [{"voltage": 0, "current": 0}, {"voltage": None, "current": 0}, {"voltage": 230, "current": 0}]
    frame = read(kasa_database(tmp_path / "k.db", readings=rows), ENERGY_READINGS)
    assert frame.select("voltage_v", "current_a").rows() == [(None, None), (None, None), (230.0, 0.0)]


def test_times_with_and_without_a_fraction_lie_in_their_day(tmp_path: Path) -> None:
    times = ("2026-11-19 23:59:59.999999+00:00", "2026-11-20 00:00:00+00:00", "2026-11-21 00:00:00+00:00")
    frame = read(kasa_database(tmp_path / "k.db", readings=[{"timestamp": time} for time in times]), ENERGY_READINGS)
    assert frame["read_at"].to_list() == [at("2026-11-20 00:00:00")]


def test_what_a_plug_cannot_draw_is_kept_in_quarantine(tmp_path: Path) -> None:
    rows: list[Row] = [{"current_power_w": watts} for watts in (4_000, 4_000.5, -1, "NaN", None)]
    path, kept = kasa_database(tmp_path / "k.db", readings=rows), Kept()
    assert read(path, ENERGY_READINGS, kept=kept)["power_w"].to_list() == [4_000.0, None, None, None, None]
    assert {row["reason"] for row in kept.rows} == {"bad_current_power_w"}
    assert len(kept.rows) == 3
    assert read(path, ENERGY_READINGS, maximum_power_w=5_000)["power_w"].to_list()[1] == 4_000.5


def test_a_counter_beyond_every_meter_is_kept_in_quarantine(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 3, MINUTE, total_energy_kwh=lambda n: (1.0, 1e300, 1.01)[n])
    path, kept = kasa_database(tmp_path / "k.db", readings=rows), Kept()
    counted = read(path, ENERGY_READINGS, kept=kept).sort("read_at")["energy_total_kwh"].to_list()
    assert counted == [1.0, None, 1.01]
    assert {row["reason"] for row in kept.rows} == {"bad_total_energy_kwh"}
    assert read(path, ENERGY_INTERVALS)["energy_micro_kwh"].to_list() == [10_000]


def test_a_device_loses_the_prefix_of_its_type_and_nothing_of_its_name(tmp_path: Path) -> None:
    row = {
        "device_ip": PLUG, "alias": '=cmd|"/c calc"!A1', "device_type": "DeviceType.Strip", "mac": "02:00:5e:00:00:01",
        "last_seen": "2026-11-20 12:00:00+00:00",
    }  # fmt: skip
    device = read(kasa_database(tmp_path / "k.db", devices=[row]), DEVICES).row(0, named=True)
    assert (device["device_type"], device["device_name"]) == ("Strip", '=cmd|"/c calc"!A1')
    assert (device["first_seen_at"], device["last_seen_at"]) == (None, at("2026-11-20 12:00:00"))


def test_the_audit_log_is_on_the_clock_of_its_host_with_and_without_a_fraction(tmp_path: Path) -> None:
    rows = [
        {
            "id": n, "event_type": "system.error", "severity": "error", "username": "anna", "action": "poll",
            "details": '{"tries": 3}', "success": 0, "error_message": "timed out", "timestamp": time,
        }
        for n, time in enumerate(("2026-11-20 01:00:00.500000", "2026-11-20 01:00:00", "2026-11-20 00:30:00"), 1)
    ]  # fmt: skip
    frame = read(kasa_database(tmp_path / "k.db", audit_log=rows), AUDIT_EVENTS, **BERLIN)
    assert frame["occurred_at"].to_list() == [at("2026-11-20 00:00:00.500000"), at("2026-11-20 00:00:00")]
    said = frame.row(0, named=True)
    assert (said["event_id"], said["user"], said["severity"]) == ("audit_log:1", "anna", "high")
    assert '"tries":3' in said["details"]
    assert "timed out" in said["details"]


def test_secrets_are_never_read(tmp_path: Path) -> None:
    path = kasa_database(tmp_path / "k.db", readings=[{}], rates=[rate("flat", {"flat_rate": 0.3})])
    everything = "".join(str(read(path, table, None).to_dicts()) for table in KIND.tables)
    assert "SECRET" not in everything


def test_rates_are_as_the_source_has_them_and_their_mistakes_are_said(tmp_path: Path) -> None:
    path, kept = kasa_database(tmp_path / "k.db", rates=[rate("flat", {"flat_rate": "dear"}, currency="eur")]), Kept()
    row = read(path, ENERGY_RATES, kept=kept).row(0, named=True)
    assert (row["config"], row["currency"]) == ('{"flat_rate": "dear"}', "EUR")
    assert {one["reason"] for one in kept.rows} == {"bad_tariff"}


def test_an_interval_costs_its_energy_at_the_price_of_its_hour(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 21:30:00"), 61, MINUTE, total_energy_kwh=lambda n: 5 + n / 100)
    bands = [
        {"start_hour": 6, "end_hour": 23, "rate_per_kwh": 0.3, "description": "Day"},
        {"start_hour": 23, "end_hour": 6, "rate_per_kwh": 0.2, "description": "Night"},
    ]
    rates = [rate("time_of_use", {"time_of_use_rates": bands})]
    found = read(kasa_database(tmp_path / "k.db", readings=rows, rates=rates), ENERGY_INTERVALS, **BERLIN)
    assert found.select("energy_micro_kwh", "cost_micros", "band", "currency").rows() == [
        (150_000, 45_000, "Day", "EUR"),
        (150_000, 45_000, "Day", "EUR"),
        (150_000, 30_000, "Night", "EUR"),
        (150_000, 30_000, "Night", "EUR"),
    ]
    assert found["interval_id"][0] == f"{PLUG}@2026-11-20T21:30:00Z"


def test_without_a_tariff_the_cost_is_unknown_and_all_energy_unpriced(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 31, MINUTE, total_energy_kwh=lambda n: n / 100)
    found = read(kasa_database(tmp_path / "k.db", readings=rows), ENERGY_INTERVALS).head(2)
    assert found.select("cost_micros", "unpriced_micro_kwh").rows() == [(None, 150_000), (None, 150_000)]


def test_a_tiered_price_knows_what_was_used_before_in_the_billing_month(tmp_path: Path) -> None:
    """4.8 kWh a day since the 1st: on the 20th 91.2 kWh are used, the step at 93.6 is reached at noon."""
    rows = polls(at("2026-11-01 00:00:00"), 20 * 24 + 1, 60 * MINUTE, total_energy_kwh=lambda n: n / 5)
    steps = [{"min_kwh": 0, "max_kwh": 93.6, "rate_per_kwh": 0.1}, {"min_kwh": 93.6, "rate_per_kwh": 0.4}]
    path = kasa_database(tmp_path / "k.db", readings=rows, rates=[rate("tiered", {"tier_rates": steps})])
    found = read(path, ENERGY_INTERVALS)
    assert (found["energy_micro_kwh"].sum(), found["cost_micros"].sum()) == (4_800_000, 240_000 + 960_000)
    assert_frame_equal(found, read(path, ENERGY_INTERVALS, None).filter(pl.col("started_at") >= DAY.start).head(96))


def test_prices_of_a_file_stand_in_the_place_of_the_rates_and_other_prices_are_another_state(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 31, MINUTE, total_energy_kwh=lambda n: n / 100)
    path, prices = kasa_database(tmp_path / "k.db", readings=rows), tmp_path / "prices.csv"
    states = []
    for price, cost in ((0.5, 75_000), (-0.1, -15_000)):
        prices.write_text(f"from,to,price\n2026-11-20T12:00:00Z,2026-11-20T12:30:00Z,{price}\n")
        with KIND.open(settings("kasa", path, tariff=str(prices)), None) as source:
            assert whole(source, ENERGY_INTERVALS, DAY)["cost_micros"].to_list()[:2] == [cost, cost]
            states.append(source.fingerprint())
    assert len(set(states)) == 2


def test_a_file_of_prices_without_any_rate_has_the_currency_that_its_source_is_given(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 31, MINUTE, total_energy_kwh=lambda n: n / 100)
    path, prices = kasa_database(tmp_path / "k.db", readings=rows), tmp_path / "prices.csv"
    prices.write_text("from,to,price\n2026-11-20T12:00:00Z,2026-11-20T12:30:00Z,0.5\n")
    states = []
    for options, currency in (({}, "USD"), ({"currency": "EUR"}, "EUR")):
        with KIND.open(settings("kasa", path, tariff=str(prices), **options), None) as source:
            assert set(whole(source, ENERGY_INTERVALS, DAY)["currency"]) == {currency}
            states.append(source.fingerprint())
    assert len(set(states)) == 2


def test_a_file_of_prices_is_one_of_the_rates(tmp_path: Path) -> None:
    path, prices = kasa_database(tmp_path / "k.db", rates=[rate("flat", {"flat_rate": 0.3})]), tmp_path / "spot.csv"
    prices.write_text("from,to,price\n2026-11-20T12:00:00Z,2026-11-20T12:30:00Z,0.1\n")
    with KIND.open(settings("kasa", path, tariff=str(prices)), None) as source:
        rows = whole(source, ENERGY_RATES, None)
    assert rows["rate_type"].to_list() == ["flat", "intervals"]
    assert rows.select("rate_id", "name", "is_active", "created_at").row(1) == ("file:spot.csv", "spot.csv", True, None)
    assert json.loads(rows["config"][1])["weeks"]["2026-11"][4][12] == 0.1


@pytest.mark.parametrize("is_indexed", [True, False], ids=["indexed", "not indexed"])
def test_days_read_one_by_one_give_what_all_of_them_give_at_once(tmp_path: Path, is_indexed: bool) -> None:
    """A device that is away for two days, one that comes late, one whose counter is daily, over a change of clocks."""
    first = at("2026-10-24 00:00:00")

    def counting(ip: str, begins: int, every: int, step: int) -> list[Row]:
        count = 5 * 1_440 // every
        counted = polls(first + begins * MINUTE, count, every * MINUTE, total_energy_kwh=lambda n: n * step / 1_000)
        return [{**row, "device_ip": ip} for row in counted]

    rows = [*counting("a", 0, 7, 5), *counting("c", 5, 13, 2)]
    rows += [r for r in counting("b", 30, 11, 3) if not "2026-10-25 10" < str(r["timestamp"]) < "2026-10-27 11"]
    daily = polls(first, 130, 10 * MINUTE, today_energy_kwh=lambda n: (n * 10 + 120) % 1_440 / 1_000)
    rows += [{**row, "device_ip": "d"} for row in daily]
    listed = [{"device_ip": ip} for ip in "abcd"]
    path = kasa_database(tmp_path / "k.db", readings=rows, devices=listed, is_indexed=is_indexed)
    at_once = read(path, ENERGY_INTERVALS, day("2026-10-24", 5), **BERLIN)
    one_by_one = [read(path, ENERGY_INTERVALS, day(f"2026-10-{date}"), **BERLIN) for date in range(24, 29)]
    assert_frame_equal(pl.concat(one_by_one), at_once)
    assert at_once.filter(pl.col("device_ip") == "b")["is_timing_estimated"].sum() > 190


def test_a_window_off_the_quarters_has_those_that_begin_in_it(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 121, MINUTE, total_energy_kwh=lambda n: n / 100)
    window = Window(at("2026-11-20 12:10:00"), at("2026-11-20 12:40:00"))
    found = read(kasa_database(tmp_path / "k.db", readings=rows), ENERGY_INTERVALS, window)
    assert found.select("started_at", "energy_micro_kwh").rows() == [
        (at("2026-11-20 12:15:00"), 150_000),
        (at("2026-11-20 12:30:00"), 150_000),
    ]


def test_nothing_is_known_after_the_newest_reading_and_a_plug_not_polled_is_not_missed(tmp_path: Path) -> None:
    rows: list[Row] = [
        {
            "device_ip": ip,
            "timestamp": spelled(at("2026-11-20 00:00:00") + n * 10 * MINUTE),
            "total_energy_kwh": n / 100,
        }
        for ip, count in (("here", 61), ("gone", 4), ("sold", 4))
        for n in range(count)
    ]
    listed: list[Row] = [{"device_ip": "here"}, {"device_ip": "gone"}, {"device_ip": "sold", "is_monitored": 0}]
    found = read(kasa_database(tmp_path / "k.db", readings=rows, devices=listed), ENERGY_INTERVALS)
    hours = found.group_by("device_ip").agg(pl.len() / 4, pl.col("unmetered_seconds").sum() / 3_600).sort("device_ip")
    assert hours.rows() == [("gone", 10.0, 9.5), ("here", 10.0, 0.0), ("sold", 0.5, 0.0)]


def test_each_plug_has_the_midnight_of_its_own_zone(tmp_path: Path) -> None:
    rows: list[Row] = [{"device_ip": ip, "today_energy_kwh": 1.2} for ip in ("a", "b")]
    path = kasa_database(tmp_path / "k.db", readings=rows)
    found = read(path, ENERGY_INTERVALS, device_timezones={"b": "America/New_York"})
    starts = found.group_by("device_ip").agg(pl.col("started_at").min()).sort("device_ip")["started_at"].to_list()
    assert starts == [at("2026-11-20 00:00:00"), at("2026-11-20 05:00:00")]


def test_readings_that_cannot_be_read_leave_a_gap_that_the_counter_bridges(tmp_path: Path) -> None:
    rows = polls(at("2026-11-20 12:00:00"), 31, MINUTE, total_energy_kwh=lambda n: n / 100)
    broken = [{**row, "total_energy_kwh": "much"} if 5 <= n < 10 else row for n, row in enumerate(rows)]
    broken[20] = {**broken[20], "timestamp": "yesterday"}
    found = read(kasa_database(tmp_path / "k.db", readings=broken), ENERGY_INTERVALS)
    assert found["energy_micro_kwh"].to_list()[:2] == [150_000, 150_000]


def test_a_database_without_readings_has_no_intervals(tmp_path: Path) -> None:
    path = kasa_database(tmp_path / "k.db")
    assert read(path, ENERGY_INTERVALS).is_empty()
    assert read(path, ENERGY_INTERVALS, None).is_empty()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device_timezones": {"a": "Mars/Olympus"}}, "'Mars/Olympus' in device_timezones is no time zone"),
        ({"tariff_timezone": "Nowhere"}, "'Nowhere' in tariff_timezone is no time zone"),
        ({"local_timezone": "Nowhere"}, "'Nowhere' in local_timezone is no time zone"),
    ],
)
def test_a_zone_that_there_is_none_of_is_told(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    path = kasa_database(tmp_path / "k.db", readings=[{"today_energy_kwh": 1.0}])
    with pytest.raises(SourceUnreachableError, match=said):
        read(path, ENERGY_INTERVALS, **options)


def test_another_database_is_told_from_this_one() -> None:
    with pytest.raises(SourceUnreachableError, match="keeps its data in SQLite"):
        KIND.open(settings("kasa", "postgresql://host/db"), None)
