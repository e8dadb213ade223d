"""Bodies as Kasa Monitor documents them become the files it documents: a plug of one kilowatt, counted by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import DateRangeError, UsageError
from sentinel_pipeline.domain.export_order import order_from
from sentinel_pipeline.exports.documented import understood
from sentinel_pipeline.exports.documented_entry import FIELDS, ExportEntry
from sentinel_pipeline.exports.requested import Commission
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.sources.plugs import kasa_database, polls, rate

NOW = datetime(2025, 4, 2, 9, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 3, 29, 23, tzinfo=UTC)
DAY = {"start": "2025-03-30", "end": "2025-03-30"}
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-03-29
sources:
  - {name: plugs, kind: kasa, location: sqlite:///kasa.db}
privacy: {key: "file:config/privacy.key"}
"""


def make_plug(data: Path) -> Path:
    """One kilowatt from an hour before the day on which clocks go forward to three hours after it, at 0.3 EUR."""
    (data / "config").mkdir(parents=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    (data / "config" / "privacy.key").write_text("a key of the test\n")
    readings = polls(
        MIDNIGHT - timedelta(hours=1), 27 * 12 + 1, timedelta(minutes=5), total_energy_kwh=lambda n: n / 12,
        current_power_w=lambda _: 1000.0, is_on=lambda _: 1, voltage=lambda n: 229.0 + n % 3, current=lambda _: 4.5,
    )  # fmt: skip
    rates = [rate("flat", {"flat_rate": 0.3}, created_at="2025-01-01 00:00:00")]
    kasa_database(data / "kasa.db", readings=readings, rates=rates)
    return data


@pytest.fixture(scope="module")
def plug(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(make_plug(tmp_path_factory.mktemp("house") / "plug"))


def commission(plug: Settings, **body: Any) -> Commission:
    order = understood(ExportEntry.model_validate(body))
    assert order_from(order.text) == order
    return Commission(order, plug, NOW, "export_1")


def file_of(plug: Settings, folder: Path, **body: Any) -> Path:
    made = commission(plug, **body)
    made.require_possible()
    path = folder / f"made{made.suffix}"
    made.made(path)
    assert [one.name for one in folder.iterdir()] == [path.name]
    return path


def rows_of(plug: Settings, folder: Path, **body: Any) -> list[dict[str, str]]:
    with file_of(plug, folder, **body).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def device_data(**more: Any) -> dict[str, Any]:
    return {"export_type": "device_data", "date_range": DAY, **more}


def test_readings_have_the_documented_fields_in_the_order_asked_for(plug: Settings, tmp_path: Path) -> None:
    fields = ["timestamp", "voltage", "power_w", "device_ip"]
    rows = rows_of(plug, tmp_path, **device_data(fields=fields))
    assert list(rows[0]) == fields
    assert len(rows) == 23 * 12
    assert rows[0]["timestamp"] == "2025-03-30T00:00:00+01:00"
    assert rows[-1]["timestamp"] == "2025-03-30T23:55:00+02:00"


def test_what_has_a_cost_is_metered(plug: Settings, tmp_path: Path) -> None:
    rows = rows_of(plug, tmp_path, **device_data(fields=["timestamp", "power_w", "energy_kwh", "cost"]))
    assert len(rows) == 23 * 4
    assert {(row["power_w"], row["energy_kwh"], row["cost"]) for row in rows} == {("1000", "0.25", "0.075")}


def test_every_hour_of_a_day_is_there_with_voltage_energy_and_cost(plug: Settings, tmp_path: Path) -> None:
    end = {"start": "2025-03-30T00:00:00", "end": "2025-03-30T23:59:59"}
    body = device_data(date_range=end, aggregation="hourly", fields=list(FIELDS), options={"decimal_places": 2})
    rows = rows_of(plug, tmp_path, **body)
    assert len(rows) == 23
    told = {tuple(row[name] for name in FIELDS[3:]) for row in rows}
    assert told == {("1000.00", "1.00", "230.00", "4.50", "0.30", "1.00")}
    assert rows[0]["timestamp"] == "2025-03-30T00:00:00+01:00"


def test_a_function_for_a_field(plug: Settings, tmp_path: Path) -> None:
    body = device_data(aggregation="daily", fields=["voltage", "power_w", "energy_kwh"])
    functions = {"voltage": "max", "power_w": "max", "energy_kwh": "sum"}
    (row,) = rows_of(plug, tmp_path, **body, aggregation_functions=functions, options={"decimal_places": 1})
    assert row == {"voltage": "231.0", "power_w": "1000.0", "energy_kwh": "23.0"}


def test_filters_custom_fields_and_options(plug: Settings, tmp_path: Path) -> None:
    filters = {
        "min_power": 10,
        "max_power": 1500,
        "device_states": ["on"],
        "exclude_outliers": True,
        "time_of_day": {"start": "06:00", "end": "22:00"},
        "days_of_week": [6, 7],
    }
    custom = [{"name": "per_day", "formula": "SUM(energy_kwh) / COUNT(DISTINCT DATE(timestamp))", "unit": "kWh"}]
    body = device_data(aggregation="hourly", fields=["timestamp", "energy_kwh"], filters=filters, custom_fields=custom)
    rows = rows_of(plug, tmp_path, **body, options={"timezone": "UTC", "decimal_places": 1})
    assert {row["per_day [kWh]"] for row in rows} == {"16.0"}
    assert rows[0]["timestamp"] == "2025-03-30T00:00:00+00:00"


def test_json_says_what_it_holds(plug: Settings, tmp_path: Path) -> None:
    said = json.loads(file_of(plug, tmp_path, **device_data(format="json", fields=["timestamp", "cost"])).read_bytes())
    assert said["metadata"]["export_id"] == "export_1"
    assert said["metadata"]["fields"] == ["timestamp", "cost"]
    assert len(said["data"]) == 92


@pytest.mark.parametrize(("format_name", "start"), [("excel", b"PK"), ("pdf", b"%PDF"), ("parquet", b"PAR1")])
def test_every_format_can_be_had(plug: Settings, tmp_path: Path, format_name: str, start: bytes) -> None:
    assert file_of(plug, tmp_path, **device_data(format=format_name)).read_bytes().startswith(start)


def test_costs_by_month_device_band_and_tier_add_up(plug: Settings, tmp_path: Path) -> None:
    asked = {"export_type": "cost_analysis", "grouping": "monthly", "options": {"decimal_places": 2}}
    (row,) = rows_of(plug, tmp_path, **asked, date_range=DAY, breakdown_by=["device", "time_of_use", "rate_tier"])
    assert (row["timestamp"], row["energy_kwh"], row["cost"], row["rate_per_kwh"], row["currency"]) == (
        "2025-03-01T00:00:00+01:00",
        "23.00",
        "6.90",
        "0.30",
        "EUR",
    )
    assert {"device_ip", "device_name", "time_of_use", "rate_tier", "unpriced_kwh"} <= {*row}
    days = rows_of(plug, tmp_path, **{**asked, "grouping": "daily"}, breakdown_by=[])
    assert [one["energy_kwh"] for one in days] == ["1.00", "23.00", "3.00"]


def test_devices_can_be_called_by_pseudonyms_in_every_bucket(plug: Settings, tmp_path: Path) -> None:
    privacy = {"hash_device_identifiers": True}
    body = device_data(aggregation="daily", fields=["device_ip", "voltage"], privacy_options=privacy)
    (row,) = rows_of(plug, tmp_path, **body, options={"decimal_places": 0})
    assert row["voltage"] == "230"
    assert "192." not in row["device_ip"]


def test_without_a_key_people_and_devices_are_left_out(plug: Settings, tmp_path: Path) -> None:
    whole = commission(plug, **device_data(fields=["device_ip", "device_name", "timestamp", "power_w"]))
    order = replace(whole.order, options={**whole.order.options, "privacy": ["drop"]})
    made = replace(whole, order=order)
    made.require_possible()
    made.made(path := tmp_path / "made.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert (lines[0], len(lines)) == ("timestamp,power_w", 23 * 12 + 1)


def test_a_preview_is_the_beginning_of_the_file(plug: Settings) -> None:
    seen = commission(plug, **device_data(aggregation="hourly")).previewed(5)
    assert (seen.rows, seen.head.height, seen.head.columns) == (23, 5, list(FIELDS))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fields": ["timestamp", "colour"]}, "there is no colour; choose from timestamp"),
        ({"aggregation_functions": {"power_w": "max"}}, "choose an aggregation too"),
        ({"users": ["ann"]}, "users: device_data knows only"),
        ({"aggregation": "daily", "aggregation_functions": {"colour": "max"}}, "names no column"),
        ({"date_range": {"start": "tomorrow"}}, "is no time"),
        ({"options": {"timezone": "Mars/Base"}}, "is no time zone"),
        ({"custom_fields": [{"name": "x", "formula": "rated_power * 2"}]}, "rated_power"),
    ],
)
def test_a_mistake_is_told(plug: Settings, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        commission(plug, **device_data(**more)).require_possible()


def test_a_range_that_ends_before_it_begins_is_none(plug: Settings) -> None:
    with pytest.raises(DateRangeError):
        commission(plug, **device_data(date_range={"start": "2025-03-31", "end": "2025-03-30"})).require_possible()


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("audit_logs", {"severity_levels": ["warning"], "event_types": ["login_success"], "users": ["anna"]}),
        ("devices", {"devices": "all", "fields": ["device_ip", "device_name"]}),
        ("energy_rates", {}),
    ],
)
def test_other_tables_come_as_they_are(plug: Settings, tmp_path: Path, table: str, more: dict[str, Any]) -> None:
    file_of(plug, tmp_path, export_type=table, **more)


def test_severities_are_those_of_the_document(plug: Settings) -> None:
    order = commission(plug, export_type="audit_logs", severity_levels=["info", "warning", "error"]).order
    assert order.options["severity"] == ["info", "medium", "high"]
    with pytest.raises(UsageError, match="no such level"):
        commission(plug, export_type="audit_logs", severity_levels=["loud"])
