from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.tables import ENERGY_READINGS, RULE_EVENTS, WIDGET_LOGS, Table
from sentinel_pipeline.rendering.layouts import layout
from sentinel_pipeline.rendering.machine_layouts import device_intervals
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import rounded, write_csv, write_csv_as_is

BERLIN = ZoneInfo("Europe/Berlin")
FIRED = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


def lines(table: Table, system: str, path: Path, *rows: dict[str, Any]) -> list[str]:
    frame = pl.DataFrame(list(rows), schema=table.schema).lazy()
    file = path / "layout.csv"
    known = layout(table.name, system)
    write = write_csv if known.is_typed else write_csv_as_is
    assert write(known.select(frame, BERLIN), file, Spelling(BERLIN)) == len(rows)
    text = file.read_bytes().decode()
    assert text.endswith("\r\n")
    return text.removesuffix("\r\n").split("\r\n")


def test_atlas_logs_are_the_documented_sample_to_the_byte(tmp_path: Path) -> None:
    log = {
        "log_id": "1",
        "machine_id": "mac-1",
        "serial_number": "C02AB12CD3F",
        "logged_at": datetime(2024, 11, 25, 13, 30, tzinfo=UTC),
        "level": "INFO",
        "widget_type": "speedtest",
        "raw_widget_type": "speedtest",
        "message": "Speed test completed",
        "data": '{"download":125.5,"upload":45.2}',
        "log_timestamp": "2024-11-25T14:30:00",
    }
    assert lines(WIDGET_LOGS, "atlas", tmp_path, log) == [
        "ID,Serial Number,Timestamp,Level,Widget Type,Message,Data",
        '1,C02AB12CD3F,2024-11-25T14:30:00,INFO,speedtest,Speed test completed,"{""download"":125.5,""upload"":45.2}"',
    ]


def test_atlas_logs_come_newest_first_and_those_that_name_no_time_when_they_arrived(tmp_path: Path) -> None:
    at = {"logged_at": FIRED, "level": "INFO", "widget_type": "ping", "message": "m"}
    rows = lines(
        WIDGET_LOGS,
        "atlas",
        tmp_path,
        at | {"log_id": "9", "machine_id": "b"},
        at | {"log_id": "9", "machine_id": "a", "raw_widget_type": "Ping Monitor", "message": "=1+1"},
        at | {"log_id": "10", "machine_id": "a", "serial_number": "A,1", "message": "two\nlines"},
        at | {"log_id": "1", "machine_id": "z", "logged_at": FIRED + timedelta(seconds=1), "message": None},
    )
    assert rows[1:] == [
        "1,z,2026-03-18T13:00:01+01:00,INFO,ping,,",
        '10,"A,1",2026-03-18T13:00:00+01:00,INFO,ping,"two\nlines",',
        "9,a,2026-03-18T13:00:00+01:00,INFO,Ping Monitor,'=1+1,",
        "9,b,2026-03-18T13:00:00+01:00,INFO,ping,m,",
    ]


@pytest.mark.parametrize(
    ("system", "header"),
    [
        ("iothub", "event_uuid,rule_triggered_at,rule,acknowledged,trigger_device_serial_id,trigger_context"),
        ("iothub_v1", "id,timestamp,rule,acknowledged,trigger_telemetry_id,trigger_device_id"),
        ("iothub_v2", "id,timestamp,rule,acknowledged,trigger_device_serial_id,trigger_context"),
        ("iothub_v3", "id,rule_triggered_at,rule,acknowledged,trigger_device_serial_id,trigger_context"),
    ],
)
def test_the_hubs_header_is_that_of_its_generation_even_without_events(
    system: str, header: str, tmp_path: Path
) -> None:
    assert lines(RULE_EVENTS, system, tmp_path) == [header]


def test_hub_events_are_told_as_the_hub_does(tmp_path: Path) -> None:
    rows = lines(
        RULE_EVENTS,
        "iothub",
        tmp_path,
        {"event_id": "b-2", "triggered_at": FIRED, "rule": "Too hot", "is_acknowledged": False, "device": "-SN1"},
        {
            "event_id": "a-1",
            "triggered_at": FIRED,
            "rule": "rule #7 (deleted)",
            "is_acknowledged": True,
            "device": "SN-2",
            "context": '{"metric":"°C","value":"21.5"}',
        },
        {"event_id": "c-3", "triggered_at": FIRED + timedelta(microseconds=1500), "rule": "Ürün"},
    )
    assert rows[1:] == [
        "c-3,2026-03-18 12:00:00.001500+00:00,Ürün,,,",
        'a-1,2026-03-18 12:00:00+00:00,rule #7 (deleted),True,SN-2,"{""metric"":""°C"",""value"":""21.5""}"',
        "b-2,2026-03-18 12:00:00+00:00,Too hot,False,'-SN1,",
    ]


def test_the_hubs_first_generation_names_measurement_and_device_by_id(tmp_path: Path) -> None:
    common = {"triggered_at": FIRED, "rule": "Too hot", "is_acknowledged": True}
    rows = lines(
        RULE_EVENTS,
        "iothub_v1",
        tmp_path,
        common | {"event_id": "9", "device_id": None, "context": None},
        common | {"event_id": "10", "device": "SN-1", "device_id": "4", "context": '{"trigger_telemetry_id":815}'},
    )
    assert rows[1:] == [
        "10,2026-03-18 12:00:00+00:00,Too hot,True,815,4",
        "9,2026-03-18 12:00:00+00:00,Too hot,True,,",
    ]


def test_readings_of_kasa_come_by_device_and_time_in_local_time_with_offset(tmp_path: Path) -> None:
    common = {"device_name": "Fridge", "power_w": 45.25, "voltage_v": 230.1, "current_a": 0.2, "is_on": True}
    rows = lines(
        ENERGY_READINGS,
        "kasa",
        tmp_path,
        common | {"device_ip": "10.0.0.2", "read_at": FIRED, "reading_id": "3", "energy_today_kwh": 0.045},
        common | {"device_ip": "10.0.0.1", "read_at": FIRED + timedelta(seconds=30), "reading_id": "2"},
        {"device_ip": "10.0.0.1", "read_at": FIRED, "reading_id": "10", "is_on": False, "device_name": "=1"},
        {"device_ip": "10.0.0.1", "read_at": FIRED, "reading_id": "9"},
    )
    assert rows == [
        "timestamp,device_ip,device_name,power_w,energy_kwh,voltage,current,cost,is_on",
        "2026-03-18T13:00:00+01:00,10.0.0.1,,,,,,,",
        "2026-03-18T13:00:00+01:00,10.0.0.1,'=1,,,,,,false",
        "2026-03-18T13:00:30+01:00,10.0.0.1,Fridge,45.25,,230.1,0.2,,true",
        "2026-03-18T13:00:00+01:00,10.0.0.2,Fridge,45.25,0.045,230.1,0.2,,true",
    ]


def test_a_metered_quarter_hour_has_the_documented_energy_and_cost(tmp_path: Path) -> None:
    # The documented preview row: 0.045 kWh at 0.12 is 0.0054, shown with three decimals as 0.005.
    quarter = pl.LazyFrame(
        {
            "source": ["plugs"],
            "interval_id": ["1"],
            "device_ip": ["10.0.0.1"],
            "device_name": ["Fridge"],
            "started_at": [FIRED],
            "mean_power_micro_w": [180_000_000],
            "energy_micro_kwh": [45_000],
            "cost_micros": [5_400],
            "on_seconds": [0],
        },
        schema_overrides={"started_at": pl.Datetime("us", "UTC")},
    )
    file = tmp_path / "a.csv"
    write_csv(rounded(device_intervals(quarter, BERLIN), 3), file, Spelling(BERLIN, decimals=3))
    assert file.read_text(encoding="utf-8").splitlines()[1] == (
        "2026-03-18T13:00:00+01:00,10.0.0.1,Fridge,180.000,0.045,,,0.005,false"
    )
