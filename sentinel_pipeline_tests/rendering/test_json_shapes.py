"""JSON of the source systems, as each of them documents it, to the byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import (
    ALERT_RULES,
    ALERTS,
    CONNECTIONS,
    DEVICES,
    ENERGY_INTERVALS,
    ENERGY_READINGS,
    WIDGET_LOGS,
    Table,
)
from sentinel_pipeline.rendering.json_shapes import JsonShape, Occasion, edges
from sentinel_pipeline.rendering.layouts import layout
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import rounded

BERLIN = ZoneInfo("Europe/Berlin")
SINCE, UNTIL = datetime(2024, 1, 15, tzinfo=UTC), datetime(2024, 1, 16, tzinfo=UTC)
OCCASION = Occasion("b1", UNTIL, (SINCE, None), ("10.0.0.1",), 1)
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def shape_of(table: Table, system: str) -> JsonShape:
    shape = layout(table.name, system).shapes["json"]
    assert isinstance(shape, JsonShape)
    return shape


def text(table: Table, system: str, path: Path, rows: list[dict[str, Any]], decimals: int | None = None) -> str:
    frame = rounded(shape_of(table, system).select(pl.LazyFrame(rows, schema=table.schema), BERLIN), decimals)
    file = path / "rows.json"
    written = shape_of(table, system).write(frame, file, Spelling(BERLIN, decimals=decimals), OCCASION)
    assert written == len(rows)
    return file.read_text(encoding="utf-8")


def test_kasa_has_metadata_and_data_as_documented(tmp_path: Path) -> None:
    # The documented preview row: 0.045 kWh at 0.12, shown with three decimals.
    quarter = {
        "device_ip": "10.0.0.1",
        "device_name": "=Fridge",
        "started_at": SINCE,
        "mean_power_micro_w": 180_000_000,
        "energy_micro_kwh": 45_000,
        "cost_micros": 5_400,
        "on_seconds": 900,
    }
    assert (
        text(ENERGY_INTERVALS, "kasa", tmp_path, [quarter], 3)
        == """{
  "metadata": {
    "export_id": "b1",
    "created_at": "2024-01-16T01:00:00+01:00",
    "format": "json",
    "devices": [
      "10.0.0.1"
    ],
    "date_range": {
      "start": "2024-01-15T01:00:00+01:00",
      "end": null
    },
    "aggregation": "raw",
    "fields": [
      "timestamp",
      "device_ip",
      "device_name",
      "power_w",
      "energy_kwh",
      "voltage",
      "current",
      "cost",
      "is_on"
    ],
    "options": {
      "timezone": "Europe/Berlin",
      "decimal_places": 3
    },
    "user": null
  },
  "data": [
{"timestamp":"2024-01-15T01:00:00+01:00","device_ip":"10.0.0.1","device_name":"=Fridge","power_w":180.0,\
"energy_kwh":0.045,"voltage":null,"current":null,"cost":0.005,"is_on":true}
]
}
"""
    )


def test_kasa_names_all_devices_where_none_was_asked_for_and_nothing_where_they_are_kept_back(tmp_path: Path) -> None:
    shape, file = shape_of(ENERGY_READINGS, "kasa"), tmp_path / "a.json"
    for asked, told in (((), "all"), (None, None)):
        rows = shape.select(ENERGY_READINGS.empty().lazy(), BERLIN)
        assert shape.write(rows, file, Spelling(BERLIN), Occasion(devices=asked)) == 0
        found = json.loads(file.read_bytes())
        assert found["metadata"]["devices"] == told
        assert found["data"] == []


@pytest.mark.parametrize(
    ("table", "kind"), [(DEVICES, "devices"), (ALERTS, "alerts"), (CONNECTIONS, "connections"), (ALERT_RULES, "rules")]
)
def test_iotsentinel_tells_the_true_total_and_raw_values(table: Table, kind: str, tmp_path: Path) -> None:
    rows = [{table.key: "1", "source": "home"}]
    found = json.loads(text(table, "iotsentinel", tmp_path, rows))
    assert list(found) == ["export_type", "generated_at", "window", "total_count", kind]
    assert found["export_type"] == kind
    assert found["generated_at"] == "2024-01-16T01:00:00+01:00"
    assert found["window"] == {"start": "2024-01-15T01:00:00+01:00", "end": None, "zone": "Europe/Berlin"}
    assert found["total_count"] == 1
    assert found[kind] == [dict.fromkeys(table.schema) | rows[0]]


def test_logs_of_atlas_are_a_list_with_the_data_as_it_was_posted(tmp_path: Path) -> None:
    log = {"log_id": "1", "machine_id": "mac-1", "serial_number": "C02AB12CD3F", "logged_at": SINCE, "level": "INFO"}
    posted = {
        "log_timestamp": "2024-11-25T14:30:00",
        "raw_widget_type": "Speed Test",
        "widget_type": "speedtest",
        "message": "done",
        "data": '{"download":125.5,"id":9007199254740993}',
    }
    assert text(WIDGET_LOGS, "atlas", tmp_path, [log | posted, log | {"log_id": "0", "data": "cut {"}]) == (
        '[\n{"id":"1","machine_id":"mac-1","serial_number":"C02AB12CD3F","timestamp":"2024-11-25T14:30:00",'
        '"level":"INFO","widget_type":"Speed Test","message":"done",'
        '"data":{"download":125.5,"id":"9007199254740993"}},\n'
        '{"id":"0","machine_id":"mac-1","serial_number":"C02AB12CD3F","timestamp":"2024-01-15T01:00:00+01:00",'
        '"level":"INFO","widget_type":null,"message":null,"data":"cut {"}\n]\n'
    )


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (None, (None, None)),
        (Window(SINCE, UNTIL), (SINCE, UNTIL)),
        (Window(EARLIEST, UNTIL), (None, UNTIL)),
        (Window(SINCE, LATEST), (SINCE, None)),
    ],
)
def test_an_edge_that_nobody_named_is_not_told(
    window: Window | None, told: tuple[datetime | None, datetime | None]
) -> None:
    assert edges(window, EARLIEST, LATEST) == told
