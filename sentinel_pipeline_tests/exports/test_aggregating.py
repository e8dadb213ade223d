from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, ENERGY_INTERVALS, ENERGY_READINGS
from sentinel_pipeline.exports.aggregating import with_aggregation
from sentinel_pipeline.exports.computing import with_computed
from sentinel_pipeline.exports.energy_filters import without_outliers
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.preview import preview
from sentinel_pipeline.exports.privacy import ADDRESSES, DEVICES, DROP, PSEUDONYMS, Privacy
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.plugs import Plugs
from sentinel_pipeline_tests.exports.test_rows import exported, rows_of
from sentinel_pipeline_tests.statistics.frames import Row, facts, utc

QUARTER = timedelta(minutes=15)
MIDNIGHT = utc("2025-01-01T23:00:00")


def interval(n: int, **values: Any) -> Row:
    """The n-th quarter-hour after local midnight of 2 January, of the lamp."""
    lamp = {"device_ip": "10.0.0.1", "device_name": "Lamp", "started_at": MIDNIGHT + n * QUARTER}
    return {"interval_id": str(n), "metered_seconds": 900, "unmetered_seconds": 0, **lamp, **values}


def window(since: str, until: str) -> Window:
    return Window(utc(since), utc(until))


def buckets(
    path: Path,
    rows: Sequence[Row],
    grain: str = "hourly",
    *functions: str,
    within: Window | None = None,
    table: Any = None,
) -> list[dict[str, str]]:
    table = table or ENERGY_INTERVALS
    wanted, _ = with_aggregation(Wanted(table, within), grain, functions, BERLIN)
    return rows_of(exported(path / "a.csv", wanted, Plugs(rows={table.name: rows})).path)


def test_an_hour_by_hand(tmp_path: Path) -> None:
    rows = [
        interval(0, energy_micro_kwh=100_000, cost_micros=30_001, currency="EUR", mean_power_micro_w=400_000_000,
                 min_power_micro_w=1_000_000, max_power_micro_w=900_000_000, on_seconds=450),
        interval(1, energy_micro_kwh=200_000, cost_micros=30_002, currency="EUR", mean_power_micro_w=100_000_000,
                 metered_seconds=300, unmetered_seconds=600, on_seconds=300),
        interval(2, unmetered_seconds=900, metered_seconds=0, unpriced_micro_kwh=7),
    ]  # fmt: skip
    (hour,) = buckets(tmp_path, rows)
    assert hour == {
        "source": "home",
        "device_ip": "10.0.0.1",
        "device_name": "Lamp",
        "started_at": "2025-01-02T00:00:00+01:00",
        "power_w": "325",
        "energy_kwh": "0.3",
        "cost": "0.060003",
        "unpriced_kwh": "0.000007",
        "is_on": "0.625",
        "metered_seconds": "1200",
        "unmetered_seconds": "1500",
        "currency": "EUR",
    }
    (hour,) = buckets(tmp_path, rows, "hourly", "power_w=max,energy_kwh=average", "cost=last")
    assert (hour["power_w"], hour["energy_kwh"], hour["cost"]) == ("900", "0.15", "0.030002")
    (hour,) = buckets(tmp_path, rows, "hourly", "power_w=min", "energy_kwh=min", "cost=max")
    assert (hour["power_w"], hour["energy_kwh"], hour["cost"]) == ("1", "0.1", "0.030002")


def test_readings_by_hand(tmp_path: Path) -> None:
    read: list[Row] = [
        {"power_w": 10.0, "voltage_v": 230.0, "is_on": True, "energy_total_kwh": 5.0},
        {"power_w": 20.0, "voltage_v": 0.0, "is_on": False, "energy_total_kwh": 5.5},
        {"power_w": None, "voltage_v": 232.0, "is_on": None, "energy_total_kwh": None},
    ]
    rows = [{"device_ip": "a", "read_at": MIDNIGHT + n * QUARTER, **values} for n, values in enumerate(read)]
    (hour,) = buckets(tmp_path, rows, table=ENERGY_READINGS)
    names = ("power_w", "voltage_v", "current_a", "energy_total_kwh", "is_on", "readings")
    assert [hour[name] for name in names] == ["15", "231", "", "5.5", "0.5", "3"]
    for function, power in {"min": "10", "max": "20", "last": "20"}.items():
        assert buckets(tmp_path, rows, "daily", f"power_w={function}", table=ENERGY_READINGS)[0]["power_w"] == power


def test_every_bucket_of_the_window_has_a_row_of_every_device(tmp_path: Path) -> None:
    rows = [interval(0, energy_micro_kwh=1), interval(40, energy_micro_kwh=2, device_ip="10.0.0.2", device_name="Fan")]
    within = window("2025-01-01T22:30:00", "2025-01-02T23:00:00")
    found = buckets(tmp_path, rows, within=within)
    assert len(found) == 2 * 25
    assert [row["started_at"] for row in found[::2]] == sorted({row["started_at"] for row in found}, reverse=True)
    empty = found[-1]
    assert (empty["started_at"], empty["device_name"]) == ("2025-01-01T23:00:00+01:00", "Fan")
    assert {
        value for name, value in empty.items() if name not in ("source", "device_ip", "device_name", "started_at")
    } == {""}


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-10-27", 24)])
def test_days_have_the_hours_they_have(day: str, hours: int, tmp_path: Path) -> None:
    start = utc(f"{day}T00:00:00") - timedelta(hours=1 if day in ("2025-03-30", "2025-10-27") else 2)
    rows = [interval(0, started_at=start, energy_micro_kwh=1)]
    within = Window(start, start + timedelta(hours=hours))
    assert len(buckets(tmp_path, rows, within=within)) == hours
    assert len(buckets(tmp_path, rows, "daily", within=within)) == 1


def test_a_repeated_hour_is_kept_apart(tmp_path: Path) -> None:
    rows = [
        interval(n, started_at=utc(f"2025-10-26T0{n}:30:00"), energy_micro_kwh=(n + 1) * 1_000_000) for n in range(2)
    ]
    found = [(row["started_at"], row["energy_kwh"]) for row in buckets(tmp_path, rows)]
    assert found == [("2025-10-26T02:00:00+01:00", "2"), ("2025-10-26T02:00:00+02:00", "1")]


def test_weeks_are_those_of_iso_and_months_those_of_the_calendar(tmp_path: Path) -> None:
    days = ("2024-12-29", "2024-12-30", "2025-01-05", "2025-01-06")
    rows = [
        interval(n, started_at=utc(f"{one}T12:00:00"), energy_micro_kwh=10**n * 1_000_000) for n, one in enumerate(days)
    ]
    weeks = [(row["started_at"][:10], row["energy_kwh"]) for row in buckets(tmp_path, rows, "weekly")]
    assert weeks == [("2025-01-06", "1000"), ("2024-12-30", "110"), ("2024-12-23", "1")]
    months = [(row["started_at"][:10], row["energy_kwh"]) for row in buckets(tmp_path, rows, "monthly")]
    assert months == [("2025-01-01", "1100"), ("2024-12-01", "11")]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.none() | st.integers(0, 10**12), min_size=1, max_size=200), st.sampled_from(["hourly", "daily"]))
def test_buckets_add_up_to_the_whole_exactly(tmp_path: Path, energies: list[int | None], grain: str) -> None:
    frame = facts(ENERGY_INTERVALS, [interval(n, energy_micro_kwh=energy) for n, energy in enumerate(energies)])
    wanted, schema = with_aggregation(Wanted(ENERGY_INTERVALS), grain, (), BERLIN)
    found = wanted.transformations[0](frame.lazy()).collect()
    assert found.schema == schema
    summed = [round(energy * 10**6) for energy in found["energy_kwh"].drop_nulls()]
    assert sum(summed) == sum(filter(None, energies))
    assert found["energy_kwh"].is_null().all() == all(energy is None for energy in energies)


def test_the_preview_has_the_buckets_and_their_number() -> None:
    system = Plugs(rows={"energy_intervals": [interval(n, energy_micro_kwh=n) for n in range(3_000)]}, batch=1_000)
    wanted, _ = with_aggregation(Wanted(ENERGY_INTERVALS), "hourly", (), BERLIN)
    origin = Sources([(system.kind, system.settings)], BERLIN)
    seen = preview(wanted, origin, Spelling(BERLIN), 1)
    assert seen.rows == 750
    assert seen.head["energy_kwh"].to_list() == [(2996 + 2997 + 2998 + 2999) / 10**6]
    assert 50_000 < seen.bytes < 90_000


def test_no_rows_are_no_buckets(tmp_path: Path) -> None:
    assert buckets(tmp_path, [], within=window("2025-01-01T00:00:00", "2025-01-02T00:00:00")) == []


def test_formulas_and_columns_are_of_the_buckets(tmp_path: Path) -> None:
    rows = [interval(0, energy_micro_kwh=2_000_000, cost_micros=500_000)]
    wanted = Wanted(ENERGY_INTERVALS, columns=("price", "energy_kwh"))
    wanted, schema = with_aggregation(wanted, "daily", (), BERLIN)
    computed = with_computed(wanted, ["price [EUR/kWh] = cost / energy_kwh"], BERLIN, schema)
    path = exported(tmp_path / "a.csv", computed, Plugs(rows={"energy_intervals": rows})).path
    assert rows_of(path) == [{"price [EUR/kWh]": "0.25", "energy_kwh": "2"}]
    with pytest.raises(UsageError, match="energy_intervals has no column price; it has source, device_ip"):
        with_computed(wanted, (), BERLIN, schema)


def test_currencies_are_not_added(tmp_path: Path) -> None:
    rows = [interval(0, currency="EUR"), interval(1, currency="USD"), interval(2)]
    with pytest.raises(UsageError, match="--aggregate cannot add EUR, USD; narrow the rows to one currency"):
        buckets(tmp_path, rows)


@pytest.mark.parametrize(
    ("wanted", "grain", "functions", "refusal"),
    [
        (Wanted(ALERTS), "daily", (), "--aggregate is for energy_readings and energy_intervals, .* not for alerts"),
        (Wanted(ENERGY_READINGS), "yearly", (), "'yearly' is none; choose from hourly, daily, weekly, monthly"),
        (Wanted(ENERGY_READINGS), None, ("power_w=max",), "--function says how rows become one; add --aggregate"),
        (Wanted(ENERGY_READINGS), "daily", ("energy_total_kwh=sum",), "energy_total_kwh can be last, min, max"),
        (Wanted(ENERGY_INTERVALS), "daily", ("voltage_v=max",), "'voltage_v=max' names no column; write it as"),
        (Wanted(ENERGY_INTERVALS), "daily", ("cost=sum", "cost=max"), "cost has a function already"),
        (Wanted(ENERGY_READINGS, layout="kasa"), "daily", (), "the layout 'kasa' is of rows as they are"),
        (
            Wanted(ENERGY_READINGS, layout="kasa", transformations=(without_outliers(ENERGY_READINGS, BERLIN),)),
            None,
            (),
            "the layout 'kasa' is of rows as they are; leave --aggregate and --outliers out",
        ),
    ],
)
def test_what_cannot_be_aggregated_is_refused(wanted: Wanted, grain: Any, functions: Any, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        with_aggregation(wanted, grain, functions, BERLIN)


@pytest.mark.parametrize("measures", [{ADDRESSES}, {DROP}, {ADDRESSES, PSEUDONYMS}, {DEVICES, DROP}])
def test_privacy_that_makes_devices_one_is_refused(measures: set[str]) -> None:
    with pytest.raises(UsageError, match="--aggregate tells devices apart; with --privacy choose devices or pseudo"):
        with_aggregation(Wanted(ENERGY_READINGS, privacy=Privacy(frozenset(measures), b"k" * 16)), "daily", (), BERLIN)


def test_pseudonyms_keep_devices_apart(tmp_path: Path) -> None:
    rows = [interval(n, energy_micro_kwh=1_000_000, device_ip=f"10.0.0.{n}", device_name=f"d-{n}") for n in range(2)]
    guarded = Wanted(ENERGY_INTERVALS, privacy=Privacy(frozenset({PSEUDONYMS}), b"k" * 16))
    wanted, _ = with_aggregation(guarded, "daily", (), BERLIN)
    found = rows_of(exported(tmp_path / "a.csv", wanted, Plugs(rows={"energy_intervals": rows})).path)
    assert [row["energy_kwh"] for row in found] == ["1", "1"]
    assert "10.0.0." not in str(found)
