from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ALERTS, DEVICES, ENERGY_INTERVALS, ENERGY_READINGS, Table
from sentinel_pipeline.exports.energy_filters import asked_energy, without_outliers
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.statistics.frames import Row, facts, utc

NOTHING: Mapping[str, Any] = dict.fromkeys(("power", "switched", "hours", "weekdays"))
MONDAY = utc("2025-01-05T23:00:00")


def kept(table: Table, rows: list[Row], **asked: Any) -> list[int]:
    """Places of the rows that are kept."""
    keeps = [condition.keeps for condition in asked_energy(table, {**NOTHING, **asked}, BERLIN)]
    return facts(table, rows).with_row_index("place").filter(keeps or True)["place"].to_list()


@pytest.mark.parametrize(("text", "places"), [("5..10", [1, 2]), ("..5", [0, 1]), ("5.5..", [2, 3]), ("5..5", [1])])
def test_power_is_between_both_edges(text: str, places: list[int]) -> None:
    readings: list[Row] = [{"power_w": power} for power in (0.0, 5.0, 10.0, 11.0, None)]
    assert kept(ENERGY_READINGS, readings, power=text) == places
    micros: list[Row] = [{"mean_power_micro_w": power} for power in (0, 5_000_000, 10_000_000, 11_000_000, None)]
    assert kept(ENERGY_INTERVALS, micros, power=text) == places


def test_a_state_that_is_not_known_is_neither() -> None:
    readings: list[Row] = [{"is_on": True}, {"is_on": False}, {"is_on": None}]
    intervals: list[Row] = [{"on_seconds": 1}, {"on_seconds": 0}, {"on_seconds": None}]
    for table, rows in ((ENERGY_READINGS, readings), (ENERGY_INTERVALS, intervals)):
        assert kept(table, rows, switched="on") == [0]
        assert kept(table, rows, switched="off") == [1]


def hours(text: str) -> list[int]:
    """Local hours of a Monday whose first minute is kept."""
    return kept(ENERGY_READINGS, [{"read_at": MONDAY + timedelta(hours=n)} for n in range(24)], hours=text)


def test_hours_are_local_and_may_go_over_midnight() -> None:
    assert hours("08-11") == [8, 9, 10]
    assert hours("22-2") == [0, 1, 22, 23]
    assert hours("21:30-24") == [22, 23]
    assert hours("0-24") == list(range(24))


def test_weekdays_are_local_and_monday_is_the_first() -> None:
    days: list[Row] = [{"raised_at": MONDAY + timedelta(days=n, minutes=1)} for n in range(7)]
    assert kept(ALERTS, days, weekdays="1-5") == [0, 1, 2, 3, 4]
    assert kept(ALERTS, days, weekdays="7, 2-3") == [1, 2, 6]
    assert kept(ALERTS, days, weekdays="1", hours="0-1") == [0]


def test_the_rule_of_outliers_by_hand() -> None:
    """Median 102 W, deviations 2 1 0 1 2 10 and the last: their median is 2, so that 10 W off stays, 11 goes."""
    powers = (100.0, 101.0, 102.0, 103.0, 104.0, 112.0, None)
    for last, count in ((92.0, 8), (91.0, 7)):
        rows: list[Row] = [{"device_ip": "a", "read_at": MONDAY, "power_w": power} for power in (*powers, last)]
        found = without_outliers(ENERGY_READINGS, BERLIN)(facts(ENERGY_READINGS, rows).lazy()).collect()
        assert (found.height, last in found["power_w"]) == (count, count == 8)
        assert found["power_w"].null_count() == 1
        assert found.schema == ENERGY_READINGS.schema


def test_an_outlier_is_one_of_its_device_and_hour_of_the_week_and_of_five_rows() -> None:
    def left(*rows: Row) -> int:
        return without_outliers(ENERGY_READINGS, BERLIN)(facts(ENERGY_READINGS, rows).lazy()).collect().height

    usual = [{"device_ip": "a", "read_at": MONDAY, "power_w": power} for power in (1.0, 2.0, 3.0, 4.0)]
    high = {"device_ip": "a", "read_at": MONDAY + timedelta(days=7), "power_w": 900.0}
    assert left(*usual, high) == 4
    assert left(*usual, {**high, "device_ip": "b"}) == 5
    assert left(*usual, {**high, "read_at": MONDAY + timedelta(hours=1)}) == 5
    assert left(*usual[:3], high) == 4
    assert left(*[usual[0]] * 5, high) == 6


@pytest.mark.parametrize(
    ("table", "asked", "refusal"),
    [
        (ALERTS, {"power": "1..2"}, "--power does not narrow alerts; it does narrow energy_readings, energy_intervals"),
        (ALERTS, {"switched": "on"}, "--switched does not narrow alerts"),
        (DEVICES, {"hours": "1-2"}, "--hours does not narrow devices, an inventory without times"),
        (ENERGY_READINGS, {"power": ".."}, "'..' is no range; write watts as"),
        (ENERGY_READINGS, {"power": "5"}, "'5' is no range"),
        (ENERGY_READINGS, {"power": "9..5"}, "'9..5' is empty"),
        *((ENERGY_READINGS, {"hours": text}, "no part of a day") for text in ("8", "8-8", "24-1", "1-24:30", "x-y")),
        *((ENERGY_READINGS, {"weekdays": text}, "are none; write") for text in ("0", "5-1", "8", "", "1,,2", "mon")),
    ],
)
def test_what_cannot_be_meant_is_refused(table: Table, asked: Mapping[str, str], refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        asked_energy(table, {**NOTHING, **asked}, BERLIN)
