"""Energy of a plug by the hour, from its readings to the file, by the command."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline_tests.sources.plugs import kasa_database, polls, rate
from sentinel_pipeline_tests.walks.household import sentinel

DAY = ("--since", "2025-03-30", "--until", "2025-03-30")
MIDNIGHT = datetime(2025, 3, 29, 23, tzinfo=UTC)
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-03-29
sources:
  - {name: plugs, kind: kasa, location: sqlite:///kasa.db}
"""


@pytest.fixture(scope="module")
def plug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One kilowatt from an hour before the day on which clocks go forward to three hours after it, at 0.3 EUR."""
    data = tmp_path_factory.mktemp("plug")
    (data / "config").mkdir()
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    count = 27 * 12 + 1
    readings = polls(
        MIDNIGHT - timedelta(hours=1), count, timedelta(minutes=5), total_energy_kwh=lambda n: n / 12,
        current_power_w=lambda _: 1000.0, is_on=lambda _: 1, voltage=lambda n: 229.0 + n % 3,
    )  # fmt: skip
    kasa_database(
        data / "kasa.db", readings=readings, rates=[rate("flat", {"flat_rate": 0.3}, created_at="2025-01-01 00:00:00")]
    )
    return data


def aggregated(data: Path, table: str, *asked: str) -> list[dict[str, str]]:
    target = data / "asked.csv"
    said = sentinel(data, "export", table, *DAY, "--output", str(target), *asked)
    assert said.code == 0, said.err
    with target.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_day_of_23_hours_has_23_rows_and_23_kilowatt_hours(plug: Path) -> None:
    asked = ("--aggregate", "hourly", "--decimals", "2", "--compute", "all [kWh] = SUM(energy_kwh)")
    hours = aggregated(plug, "energy_intervals", *asked)
    assert len(hours) == 23
    assert [hour["started_at"][11:] for hour in hours[-4:]] == [
        f"0{n}:00:00+0{2 if n > 2 else 1}:00" for n in (4, 3, 1, 0)
    ]
    told = {(hour["power_w"], hour["energy_kwh"], hour["is_on"], hour["all [kWh]"]) for hour in hours}
    assert told == {("1000.00", "1.00", "1.00", "23.00")}
    (day,) = aggregated(plug, "energy_intervals", "--aggregate", "daily", "--decimals", "2")
    assert (day["energy_kwh"], day["cost"], day["currency"], day["metered_seconds"]) == (
        "23.00",
        "6.90",
        "EUR",
        "82800",
    )


def test_conditions_narrow_what_is_aggregated(plug: Path) -> None:
    asked = ("--aggregate", "daily", "--decimals", "2", "--outliers", "exclude", "--power", "999..1001")
    (day,) = aggregated(plug, "energy_intervals", *asked, "--hours", "08-18", "--weekdays", "7", "--switched", "on")
    assert day["energy_kwh"] == "10.00"
    assert aggregated(plug, "energy_intervals", *asked, "--weekdays", "1-6") == []
    (day,) = aggregated(plug, "energy_readings", *asked, "--function", "voltage_v=max,power_w=last")
    assert (day["voltage_v"], day["power_w"], day["readings"]) == ("231.00", "1000.00", "276")


def test_other_tables_are_refused_in_one_line(plug: Path) -> None:
    said = sentinel(plug, "export", "audit_events", "--aggregate", "daily")
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert "--aggregate is for energy_readings and energy_intervals" in said.err
