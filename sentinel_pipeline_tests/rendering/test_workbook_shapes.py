"""Workbooks of the source systems, as each of them documents it, cell by cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest
from openpyxl.workbook import Workbook

from sentinel_pipeline.domain.tables import (
    ALERT_RULES,
    ALERTS,
    CONNECTIONS,
    DEVICES,
    ENERGY_INTERVALS,
    ENERGY_READINGS,
    INCIDENTS,
    Table,
)
from sentinel_pipeline.rendering.json_shapes import Occasion
from sentinel_pipeline.rendering.layouts import layout
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.rendering.papers import run

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
LOCAL_NOON = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001 - a cell has no zone
OCCASION = Occasion("b1", NOON, (NOON - timedelta(days=1), None), (), 2)


def book(table: Table, system: str, path: Path, *rows: dict[str, Any], decimals: int | None = None) -> Workbook:
    shape = layout(table.name, system).shapes["xlsx"]
    frame = shape.select(pl.DataFrame(list(rows), schema=table.schema).lazy(), BERLIN)
    file = path / "a.xlsx"
    assert shape.write(frame, file, Spelling(BERLIN, decimals=decimals), OCCASION) == len(rows)
    return openpyxl.load_workbook(file)


def cells(workbook: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(workbook[sheet].iter_rows(values_only=True))


def charts(file: Path) -> list[str]:
    return [name for name in ZipFile(file).namelist() if name.startswith("xl/charts/chart")]


def facts(workbook: Workbook) -> dict[Any, Any]:
    return {row[0]: row[1] for row in cells(workbook, "Summary")}


def quarter(number: int, **more: Any) -> dict[str, Any]:
    """0.045 kWh at 0.12: the documented preview row."""
    return {
        "source": "plugs",
        "interval_id": str(number),
        "device_ip": "10.0.0.1",
        "device_name": "=Fridge",
        "started_at": NOON + number * timedelta(minutes=15),
        "mean_power_micro_w": 180_000_000,
        "energy_micro_kwh": 45_000,
        "cost_micros": 5_400,
        "currency": "EUR",
        "on_seconds": 900,
        **more,
    }


def test_kasa_has_device_data_summary_and_devices(tmp_path: Path) -> None:
    made = book(ENERGY_INTERVALS, "kasa", tmp_path, quarter(0), quarter(1, on_seconds=0), decimals=3)
    assert made.sheetnames == ["Device Data", "Summary", "Devices"]
    assert cells(made, "Device Data") == [
        (
            *("timestamp", "device_ip", "device_name", "power_w", "energy_kwh", "voltage", "current", "cost", "is_on"),
            *("currency", "source"),
        ),
        (LOCAL_NOON, "10.0.0.1", "=Fridge", 180, 0.045, None, None, 0.005, True, "EUR", "plugs"),
        (
            LOCAL_NOON + timedelta(minutes=15),
            "10.0.0.1",
            "=Fridge",
            180,
            0.045,
            None,
            None,
            0.005,
            False,
            "EUR",
            "plugs",
        ),
    ]
    assert made["Device Data"]["C2"].data_type == "s"
    assert made["Device Data"].freeze_panes == "A2"


def test_kasas_sums_are_of_values_before_they_are_rounded(tmp_path: Path) -> None:
    # 2 x 0.0054 is 0.0108, and 0.011 with three decimals; two rounded halves would be 0.010.
    made = book(ENERGY_INTERVALS, "kasa", tmp_path, quarter(0), quarter(1, on_seconds=0), decimals=3)
    told = facts(made)
    assert (told["Cost (EUR)"], told["Energy (kWh)"], told["Records"]) == (0.011, 0.09, 2)
    assert told["Time zone"] == "Europe/Berlin (times in all sheets are local wall time)"
    assert told["From"] == LOCAL_NOON - timedelta(days=1)
    assert (told["Devices"], told["Export ID"], told["Until (not included)"]) == ("all", "b1", None)
    header, row = cells(made, "Devices")
    found = dict(zip(header, row, strict=True))
    assert (found["records"], found["energy_kwh"], found["cost"], found["share_on"]) == (2, 0.09, 0.011, 0.5)
    assert (found["first_record"], found["last_record"]) == (LOCAL_NOON, LOCAL_NOON + timedelta(minutes=15))
    assert charts(tmp_path / "a.xlsx") == ["xl/charts/chart1.xml"]


def test_kasa_never_adds_currencies_and_counts_what_has_no_price(tmp_path: Path) -> None:
    rows = (quarter(0), quarter(1, currency="USD"), quarter(2, cost_micros=None))
    told = facts(book(ENERGY_INTERVALS, "kasa", tmp_path, *rows))
    assert (told["Cost (EUR)"], told["Cost (USD)"], told["Records without price"]) == (0.0054, 0.0054, 1)
    made = book(ENERGY_INTERVALS, "kasa", tmp_path, *rows)
    header, *devices = cells(made, "Devices")
    assert [dict(zip(header, row, strict=True))["cost"] for row in devices] == [0.0054, 0.0054]
    assert not charts(tmp_path / "a.xlsx")


def test_kasa_never_adds_up_the_counter_of_a_reading(tmp_path: Path) -> None:
    reading = {"reading_id": "1", "device_ip": "10.0.0.1", "read_at": NOON, "power_w": 5.0, "energy_today_kwh": 3.5}
    made = book(ENERGY_READINGS, "kasa", tmp_path, reading, reading | {"reading_id": "2", "power_w": 10.0})
    assert cells(made, "Device Data")[1][4] == 3.5
    assert "Energy (kWh)" not in facts(made)
    header, row = cells(made, "Devices")
    found = dict(zip(header, row, strict=True))
    assert "energy_kwh" not in found
    assert (found["mean_power_w"], found["max_power_w"]) == (7.5, 10)


def test_kasa_tells_two_sources_apart_that_know_a_device_by_one_address(tmp_path: Path) -> None:
    rows = [quarter(number, source=source) for number in (1, 0) for source in ("shed", "house")]
    made = book(ENERGY_INTERVALS, "kasa", tmp_path, *rows)
    assert [row[-1] for row in cells(made, "Device Data")[1:]] == ["house", "shed", "house", "shed"]
    assert [row[2:5] for row in cells(made, "Devices")[1:]] == [("house", "EUR", 2), ("shed", "EUR", 2)]


@pytest.mark.parametrize("columns", [("timestamp",), ("device_ip", "power_w"), ("cost", "energy_kwh")])
def test_kasas_sheets_speak_of_the_fields_that_were_asked_for(columns: tuple[str, ...], tmp_path: Path) -> None:
    shape, file = layout("energy_intervals", "kasa").shapes["xlsx"], tmp_path / "a.xlsx"
    frame = shape.select(pl.DataFrame([quarter(0)], schema=ENERGY_INTERVALS.schema).lazy(), BERLIN).select(columns)
    assert shape.write(frame, file, Spelling(BERLIN), OCCASION) == 1
    made = openpyxl.load_workbook(file)
    assert cells(made, "Device Data")[0] == columns
    assert facts(made)["Fields"] == ", ".join(columns)
    assert "Cost (EUR)" not in facts(made)


@pytest.mark.parametrize(
    ("table", "system"),
    [
        *((table, "iotsentinel") for table in (DEVICES, ALERTS, CONNECTIONS, ALERT_RULES)),
        (INCIDENTS, "cybersentinel"),
        *((table, "kasa") for table in (ENERGY_READINGS, ENERGY_INTERVALS)),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_workbook_without_rows_still_has_its_documented_header(table: Table, system: str, tmp_path: Path) -> None:
    made = book(table, system, tmp_path)
    (header,) = cells(made, made.sheetnames[0])
    documented = layout(table.name, system).select(table.empty().lazy(), BERLIN).collect_schema().names()
    assert list(header)[: len(documented)] == documented
    assert "Summary" in made.sheetnames


def test_iotsentinels_devices_have_dates_and_are_blocked_before_they_are_trusted(tmp_path: Path) -> None:
    device = {"source": "home", "device_ip": "10.0.0.1", "first_seen_at": NOON, "is_trusted": True}
    made = book(
        DEVICES,
        "iotsentinel",
        tmp_path,
        device | {"last_seen_at": NOON, "is_blocked": True},
        device | {"device_ip": "10.0.0.2", "is_blocked": False, "device_name": "@x"},
    )
    assert cells(made, "Devices")[1:] == [
        ("10.0.0.1", "Unknown", "Unknown", "Unknown", "Unknown", LOCAL_NOON, LOCAL_NOON, "Yes", "Yes"),
        ("10.0.0.2", "@x", "Unknown", "Unknown", "Unknown", LOCAL_NOON, None, "Yes", "No"),
    ]
    assert cells(made, "Summary")[-4:] == [
        ("Status", "Count", "Share"),
        ("Blocked", 1, 0.5),
        ("Trusted", 1, 0.5),
        ("Active", 0, 0),
    ]
    head = made["Devices"]["A1"]
    assert (head.font.bold, head.fill.start_color.rgb, head.font.color.rgb) == (True, "FF808080", "FFF5F5F5")


def test_iotsentinels_alerts_have_numbers_and_their_share_by_severity(tmp_path: Path) -> None:
    alert = {"source": "home", "raised_at": NOON, "device_ip": "10.0.0.1"}
    made = book(
        ALERTS,
        "iotsentinel",
        tmp_path,
        alert | {"alert_id": "1", "severity": "critical", "anomaly_score": 0.0},
        alert | {"alert_id": "10", "severity": None},
    )
    sheet = made["Alerts"]
    assert [row[0] for row in cells(made, "Alerts")[1:]] == ["10", "1"]
    assert (sheet["F2"].value, sheet["F3"].value, sheet["F3"].number_format) == (None, 0, "0.0000")
    assert (sheet["B2"].value, sheet["B2"].number_format) == (LOCAL_NOON, "yyyy-mm-dd hh:mm:ss")
    assert sheet.conditional_formatting
    told = {row[0]: row[1:3] for row in cells(made, "Summary")}
    assert (told["CRITICAL"], told["HIGH"], told["UNKNOWN"]) == ((1, 0.5), (0, 0), (1, 0.5))
    assert told["Total count"][0] == 2


def test_iotsentinels_connections_leave_an_unknown_volume_empty(tmp_path: Path) -> None:
    connection = {"source": "home", "connection_id": "1", "started_at": NOON, "protocol": "tcp", "bytes_sent": 1 << 20}
    made = book(CONNECTIONS, "iotsentinel", tmp_path, connection, connection | {"bytes_sent": None})
    assert [row[7] for row in cells(made, "Connections")[1:]] == [1 << 20, None]
    assert facts(made)["Data transferred (MB)"] == 1
    assert cells(made, "Summary")[-1] == ("tcp", 2, 1 << 20, 0)


def test_cybersentinels_trends_are_filled_above_the_documented_thresholds(tmp_path: Path) -> None:
    at = [NOON] * 51 + [NOON + timedelta(days=3)]
    rows = [
        {"source": "dlp", "incident_id": str(n), "occurred_at": time, "severity": "critical"}
        for n, time in enumerate(at)
    ]
    made = book(INCIDENTS, "cybersentinel", tmp_path, *rows)
    assert made.sheetnames == ["Incidents", "Incident Trends", "Summary"]
    header, *days = cells(made, "Incident Trends")
    assert header == ("timestamp", "critical", "high", "medium", "low", "info", "unknown", "total")
    assert [(row[0].isoformat(), row[1], row[7]) for row in days] == [
        ("2026-07-01T00:00:00", 51, 51),
        ("2026-07-02T00:00:00", 0, 0),
        ("2026-07-03T00:00:00", 0, 0),
        ("2026-07-04T00:00:00", 1, 1),
    ]
    rules = {
        str(ground.sqref): (rule.operator, rule.formula, rule.dxf.fill.bgColor.rgb)
        for ground in made["Incident Trends"].conditional_formatting
        for rule in ground.rules
    }
    assert rules == {
        "B2:B5": ("greaterThan", ["50"], "FFFFC7CE"),
        "C2:C5": ("greaterThan", ["100"], "FFFFEB9C"),
    }


def test_trends_of_a_day_are_by_the_hour_and_count_the_hour_that_the_clock_shows_twice(tmp_path: Path) -> None:
    # In Berlin the clock goes back from 3:00 to 2:00 at 1:00 UTC.
    times = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    rows = [{"source": "dlp", "incident_id": str(n), "occurred_at": time} for n, time in enumerate(times)]
    _, *hours = cells(book(INCIDENTS, "cybersentinel", tmp_path, *rows), "Incident Trends")
    assert [(row[0].hour, row[7]) for row in hours] == [(2, 1), (2, 1), (3, 1)]


def test_a_layout_on_paper_has_its_documented_header_and_words(tmp_path: Path) -> None:
    shape, file = layout("alerts", "iotsentinel").shapes["pdf"], tmp_path / "a.pdf"
    alert = {"source": "home", "alert_id": "7", "raised_at": NOON, "device_ip": "10.0.0.1", "explanation": "=now"}
    frame = shape.select(pl.DataFrame([alert], schema=ALERTS.schema).lazy(), BERLIN)
    assert shape.write(frame, file, Spelling(BERLIN), OCCASION) == 1
    paper = run("pdftotext", "-layout", file, "-")
    for words in ("IoTSentinel alerts: 1 rows", "Anomaly", "2026-07-01 12:00:00", "N/A", "UNKNOWN", " =now"):
        assert words in paper
