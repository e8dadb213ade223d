from datetime import datetime, timedelta
from typing import Any

from sentinel_pipeline.statistics.connection_patterns import SERVERS_KEPT
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
WEEK = week("2024-12-30")
NOON = utc("2025-01-02T11:00:00")
TV = {"device_ip": "10.0.0.2", "device_name": "TV"}


def every(seconds: float, number: int, start: datetime = NOON, **what: Any) -> list[dict[str, Any]]:
    """Connections of the TV to an address, at a steady interval."""
    pair = {"device_ip": "10.0.0.2", "destination_ip": "192.0.2.1", "destination_port": 443, "protocol": "tcp"}
    starts = (start + timedelta(seconds=seconds * n) for n in range(number))
    return [{**pair, "started_at": at, "bytes_sent": 1, **what} for at in starts]


def test_the_longest_connection_of_the_period_stands_first_with_its_device() -> None:
    rows = [
        {
            "started_at": NOON,
            "duration_seconds": 5_400.0,
            "device_ip": "10.0.0.2",
            "destination_ip": "192.0.2.1",
            "bytes_sent": 7,
        },
        {"started_at": NOON - timedelta(days=1), "duration_seconds": 90_001.0, "device_ip": "10.0.0.9"},
        {"started_at": NOON, "duration_seconds": 12.0},
    ]
    statistics = world(WEEK, connections=rows, devices=[TV])
    table = table_of("longest_connections", statistics, WEEK)
    told = table.select("device_name", "other_ip", "duration_hours", "bytes").rows()
    assert told == [("Unknown", None, 25.0, None), ("TV", "192.0.2.1", 1.5, 7)]
    said = "2 connections of an hour or longer, the longest 25.00 hours, 10.0.0.9 with –"
    assert finding_of("longest_connections", statistics, WEEK) == said
    assert finding_of("longest_connections", world(WEEK), WEEK) == "No connection lasted an hour"


def test_days_of_a_beacon_are_put_together() -> None:
    rows = [*every(60.0, 21, NOON - timedelta(days=1)), *every(30.0, 42), *every(5.0, 30, destination_ip="192.0.2.9")]
    statistics = world(WEEK, connections=rows, devices=[TV])
    table = table_of("beacons", statistics, WEEK)
    told = table.select("device_name", "destination_ip", "connections", "days", "interval_seconds", "jitter", "bytes")
    # (21 × 60 s + 42 × 30 s) ÷ 63 = 40 s
    assert told.rows() == [("TV", "192.0.2.1", 63, 2, 40.0, 0.0, 63), ("TV", "192.0.2.9", 30, 1, 5.0, 0.0, 30)]
    assert finding_of("beacons", statistics, WEEK) == "2 candidates, steadiest TV to 192.0.2.1 every 40.0 seconds"


def test_of_several_days_the_least_steady_counts() -> None:
    uneven = [60.0, 63.0, 57.0] * 7
    starts = [NOON + timedelta(seconds=sum(uneven[:n])) for n in range(22)]
    rows = [*every(60.0, 21, NOON - timedelta(days=1)), *(row for at in starts for row in every(0.0, 1, at))]
    table = table_of("beacons", world(WEEK, connections=rows), WEEK)
    assert table.select("days", "jitter").rows() == [(2, 5.0)]


def test_without_a_rhythm_nothing_is_a_candidate() -> None:
    assert finding_of("beacons", world(TODAY), TODAY) == "No address was contacted in a steady rhythm"


def test_name_servers_are_ranked_with_the_devices_that_asked() -> None:
    ask: dict[str, Any] = {"service": "dns", "destination_port": 53}
    rows = [
        *every(1.0, 3, **ask),
        *every(1.0, 1, device_ip="10.0.0.3", **ask),
        *every(1.0, 2, destination_ip="192.0.2.53", device_ip=None, **ask),
    ]
    statistics = world(TODAY, connections=rows)
    assert table_of("name_servers", statistics, TODAY).rows() == [("192.0.2.1", 2, 4, 4), ("192.0.2.53", 0, 2, 2)]
    said = "2 name servers asked, most often 192.0.2.1, by 2 devices"
    assert finding_of("name_servers", statistics, TODAY) == said
    assert finding_of("name_servers", world(TODAY), TODAY) == "No name server was asked"


def test_name_servers_that_are_told_together_stand_last_and_are_counted_as_more() -> None:
    ask: dict[str, Any] = {"service": "dns"}
    seldom = [row for n in range(SERVERS_KEPT + 8) for row in every(1.0, 1, destination_ip=f"s{n:03}", **ask)]
    statistics = world(TODAY, connections=[*every(1.0, 3, destination_ip="z", device_ip="10.0.0.9", **ask), *seldom])
    table = table_of("name_servers", statistics, TODAY)
    assert table.height == SERVERS_KEPT + 1
    assert table.row(0)[:3] == ("z", 1, 3)
    assert table.row(-1)[:3] == (None, 1, 9)
    said = f"More than {SERVERS_KEPT} name servers asked, most often z, by 1 device"
    assert finding_of("name_servers", statistics, TODAY) == said
