from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SumTooLargeError
from sentinel_pipeline.publishing.figures import as_table, changes, from_table
from sentinel_pipeline.publishing.scope import Scope
from sentinel_pipeline_tests.clocks import day, month, week
from sentinel_pipeline_tests.publishing.worlds import SCOPE, House
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
BEFORE = TODAY.previous


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def alerts(number: int, time: str = "2025-01-02T11:00:00") -> list[dict[str, Any]]:
    return [{"alert_id": f"{time}{n}", "raised_at": utc(time), "severity": "high"} for n in range(number)]


def test_a_figure_stands_beside_the_one_before(house: House) -> None:
    house.count(BEFORE, alerts=alerts(20, "2025-01-01T11:00:00"))
    house.count(TODAY, alerts=alerts(25))
    figure = house.figures(TODAY)["total_alerts"]
    assert (figure.value, figure.previous, figure.change, figure.change_percent) == (25, 20, 5, 25.0)
    assert not figure.is_lower_bound
    assert sum(value or 0 for value in figure.sparkline) == 25
    version = house.lake.version("statistics/alert_hours", TODAY.key)
    assert figure.inputs == (("statistics/alert_hours", TODAY.key, version),)


@pytest.mark.parametrize(
    ("value", "previous", "unit", "expected"),
    [
        (20, 10, "alerts", (10, 100.0)),
        (5, 10, "alerts", (-5, -50.0)),
        (5, 9, "alerts", (-4, None)),
        (5, 0, "alerts", (5, None)),
        (10, 10, "alerts", (0, 0.0)),
        (10.55, 10.5, "MB", (0.05, 0.5)),
        (80.0, 75.0, "%", (5.0, None)),
        (None, 10, "alerts", (None, None)),
        (10, None, "alerts", (None, None)),
        ("PAN", "SSN", "", (None, None)),
        (33, 32, "alerts", (1, 3.1)),
    ],
)
def test_a_change_has_a_percent_only_on_a_base_of_ten_or_more(
    value: Any, previous: Any, unit: str, expected: tuple[Any, Any]
) -> None:
    assert changes(value, previous, unit) == expected


def test_nothing_is_compared_with_a_period_that_was_not_read_in_full(house: House) -> None:
    last_week = week("2025-01-06")
    house.count_all(last_week, alerts=alerts(20, "2025-01-06T11:00:00"))
    house.count(day("2025-01-12"), "unreachable")
    house.count_all(last_week.next, alerts=alerts(20, "2025-01-13T11:00:00"))
    figure = house.figures(last_week.next)["total_alerts"]
    assert (figure.value, figure.previous, figure.change, figure.change_percent) == (20, None, None, None)


def test_a_period_seen_in_part_gives_a_lower_bound(house: House) -> None:
    period = week("2025-01-06")
    house.count_all(period, alerts=alerts(20, "2025-01-06T11:00:00"))
    house.count(day("2025-01-12"), "unreachable")
    figures = house.figures(period)
    assert figures["total_alerts"].is_lower_bound
    assert figures["quarantined_records"].is_lower_bound
    assert not figures["block_rate"].is_lower_bound
    assert figures["total_alerts"].sparkline == (20, 0, 0, 0, 0, 0, None)


@pytest.mark.parametrize("status", ["unreachable", "not in source", None])
def test_what_nobody_could_see_is_unknown_not_zero(status: str | None, house: House) -> None:
    if status:
        house.count(TODAY, status)
    values = {id_: figure.value for id_, figure in house.figures(TODAY).items()}
    if status == "not in source":
        assert values.pop("quarantined_records") == 0
    assert values == dict.fromkeys(values)
    assert not any(figure.is_lower_bound for figure in house.figures(TODAY).values() if figure.value is None)


def test_a_quiet_day_is_zero_not_unknown(house: House) -> None:
    house.count(TODAY, "no events")
    values = {id_: figure.value for id_, figure in house.figures(TODAY).items()}
    rates = {"block_rate", "policy_block_rate", "critical_rate", "failed_connection_rate"}
    unknown = {*rates, "most_common_data_type"}
    assert {id_ for id_, value in values.items() if value is None} == unknown
    assert {value for id_, value in values.items() if id_ not in unknown} <= {0}


def test_unreadable_records_of_a_period_that_was_not_read_are_not_compared(house: House) -> None:
    house.count(BEFORE, "unreachable")
    house.count(TODAY)
    figure = house.figures(TODAY)["quarantined_records"]
    assert (figure.value, figure.previous) == (0, None)


def test_figures_of_a_system_that_is_not_configured_are_absent(house: House) -> None:
    house.count(TODAY)
    only_alerts = Scope((("home", ("alerts",)),))
    ids = set(house.figures(TODAY, only_alerts))
    assert "total_alerts" in ids
    assert "quarantined_records" in ids
    assert not {"total_incidents", "total_connections", "total_devices", "block_rate"} & ids


def test_figures_are_read_back_from_the_lake_as_they_were(house: House) -> None:
    period = month("2025-01-01")
    house.count_all(period, alerts=alerts(3))
    house.count(day("2025-01-12"), "unreachable")
    figures = tuple(house.figures(period).values())
    assert from_table(as_table(figures)) == figures
    assert as_table(figures).height == len(SCOPE.figures)


def test_an_id_on_two_days_is_two_incidents_as_the_definition_says(house: House) -> None:
    for one in (TODAY, BEFORE):
        time = one.window.start
        house.count(one, incidents=[{"incident_id": "e1", "occurred_at": time, "severity": "high"}])
    figure = house.figures(week("2024-12-30"))["total_incidents"]
    assert figure.value == 2
    assert figure.definition.endswith("the same id on two days is two incidents.")


def test_a_period_that_adds_up_to_more_than_can_be_added_up_is_refused(house: House) -> None:
    day_of_much = [{"started_at": utc("2025-01-02T11:00:00"), "bytes_sent": 2**53} for _ in range(300)]
    this_week = week("2024-12-30")
    house.count(TODAY, connections=day_of_much)
    assert house.figures(TODAY)["bytes_sent"].value == 300 * 2**53
    later = [{**row, "started_at": utc("2025-01-03T11:00:00")} for row in day_of_much]
    house.count(day("2025-01-03"), connections=later)
    with pytest.raises(SumTooLargeError, match=r"^connection_hours of the weekly period 2024-12-30, bytes_sent: "):
        house.figures(this_week)
