from typing import Any

import polars as pl

from sentinel_pipeline.sections.section import BEFORE
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, left_out, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
MB = 1 << 20


def some(number: int, **what: Any) -> list[dict[str, Any]]:
    return [{"started_at": NOON, **what} for _ in range(number)]


def test_trends_count_connections_and_bytes_by_hour() -> None:
    statistics = world(TODAY, connections=some(2, bytes_sent=3, bytes_received=None))
    table = table_of("connection_trends", statistics, TODAY)
    assert table.columns == ["timestamp", "connections", "bytes_sent", "bytes_received"]
    assert table.height == 24
    assert table.row(12) == (NOON, 2, 6, 0)
    assert table["connections"].sum() == 2
    assert finding_of("connection_trends", statistics, TODAY) == "2 connections, most from 12:00 to 13:00 (2)"


def test_protocols_and_services_name_what_has_none() -> None:
    rows = [*some(2, protocol="tcp", service="http", bytes_sent=1), *some(2, protocol="udp"), *some(1)]
    statistics = world(TODAY, connections=rows)
    assert table_of("protocols", statistics, TODAY).rows() == [("tcp", 2, 2), ("udp", 2, 0), ("(none)", 1, 0)]
    assert table_of("services", statistics, TODAY).rows() == [("(none)", 3, 0), ("http", 2, 2)]


def test_talkers_are_ranked_by_all_they_moved_not_by_its_rounding() -> None:
    rows: list[dict[str, Any]] = [
        *some(1, device_ip="10.0.0.3", bytes_sent=MB + 1, bytes_received=0),
        *some(1, device_ip="10.0.0.2", bytes_sent=0, bytes_received=MB + 2),
        *some(2, device_ip="10.0.0.1", bytes_sent=None, bytes_received=None),
        *some(1, device_ip=None, bytes_sent=9 * MB),
    ]
    statistics = world(TODAY, connections=rows, devices=[{"device_ip": "10.0.0.2", "device_name": "TV"}])
    table = table_of("top_talkers", statistics, TODAY)
    assert table.columns[:6] == ["device_ip", "device_name", "connections", "bytes_sent", "bytes_received", "data_mb"]
    assert table.drop("source").rows() == [
        ("10.0.0.2", "TV", 1, 0, MB + 2, 1.0),
        ("10.0.0.3", "Unknown", 1, MB + 1, 0, 1.0),
        ("10.0.0.1", "Unknown", 2, 0, 0, 0.0),
    ]
    assert left_out("top_talkers", statistics, TODAY) == 1
    assert finding_of("top_talkers", statistics, TODAY) == "TV (10.0.0.2) moved 1.00 of 2.00 MB"


def test_megabytes_are_rounded_half_even() -> None:
    eighth = MB // 8  # 0.125 MB
    rows = [*some(1, device_ip="a", bytes_sent=eighth), *some(1, device_ip="b", bytes_sent=3 * eighth)]
    table = table_of("top_talkers", world(TODAY, connections=rows), TODAY)
    assert table["data_mb"].to_list() == [0.38, 0.12]


def test_the_newest_name_of_a_device_stands_for_the_whole_week() -> None:
    period = week("2024-12-30")
    statistics = world(period, connections=some(1, device_ip="10.0.0.2", bytes_sent=1))
    inventory = statistics["device_inventory"]
    named = [
        {"source": "home", "device_ip": "10.0.0.2", "device_name": name, "day": key}
        for key, name in (("2024-12-30", "Old"), ("2025-01-02", "New"), ("2025-01-03", None))
    ]
    statistics["device_inventory"] = pl.concat([inventory, pl.DataFrame(named)], how="diagonal")
    assert table_of("top_talkers", statistics, period)["device_name"].to_list() == ["New"]


def test_new_destinations_are_those_the_period_before_did_not_know() -> None:
    now = world(TODAY, connections=[*some(2, destination_ip="192.0.2.2"), *some(1, destination_ip="192.0.2.1")])
    earlier = world(TODAY, connections=[*some(5, destination_ip="192.0.2.1"), *some(1)])
    before = {f"connection_destinations{BEFORE}": earlier["connection_destinations"]}
    statistics = {**now, **before, "connection_destinations": now["connection_destinations"]}
    assert table_of("new_destinations", statistics, TODAY).rows() == [("192.0.2.2", 2, 0)]
    assert finding_of("new_destinations", statistics, TODAY) == "1 destination not seen in the period before"


def test_destinations_are_ranked_by_connections_then_address() -> None:
    rows: list[dict[str, Any]] = [
        *some(1, destination_ip="192.0.2.2", bytes_sent=5, bytes_received=6),
        *some(1, destination_ip="192.0.2.1"),
        *some(2, destination_ip=None),
    ]
    statistics = world(TODAY, connections=rows)
    table = table_of("top_destinations", statistics, TODAY)
    assert table.columns == ["destination_ip", "connections", "bytes"]
    assert table.rows() == [("192.0.2.1", 1, 0), ("192.0.2.2", 1, 11)]
    assert left_out("top_destinations", statistics, TODAY) == 2


def test_only_watched_ports_of_tcp_and_udp_are_listed() -> None:
    rows: list[dict[str, Any]] = [
        *some(1, destination_port=23, protocol="tcp", bytes_sent=1),
        *some(2, destination_port=445, protocol="tcp"),
        *some(1, destination_port=445, protocol="icmp"),
        *some(1, destination_port=443, protocol="tcp"),
        *some(1, destination_port=None, protocol="tcp"),
    ]
    statistics = world(TODAY, connections=rows)
    table = table_of("suspicious_ports", statistics, TODAY)
    assert table.rows() == [(445, "tcp", 2, 0), (23, "tcp", 1, 1)]
    assert finding_of("suspicious_ports", statistics, TODAY) == "3 connections to watched ports, most to port 445"


def test_new_devices_were_first_seen_inside_the_half_open_period() -> None:
    start, end = TODAY.window.start, TODAY.window.end
    rows: list[dict[str, Any]] = [
        {"device_ip": "10.0.0.1", "first_seen_at": start, "device_name": "First"},
        {"device_ip": "10.0.0.2", "first_seen_at": end},
        {"device_ip": "10.0.0.3", "first_seen_at": NOON},
        {"device_ip": "10.0.0.4", "first_seen_at": None},
    ]
    statistics = world(TODAY, devices=rows)
    table = table_of("new_devices", statistics, TODAY)
    assert table.select("device_ip", "device_name").rows() == [("10.0.0.3", "Unknown"), ("10.0.0.1", "First")]
    assert finding_of("new_devices", statistics, TODAY) == "2 new devices, last Unknown (10.0.0.3)"


def test_new_devices_of_a_source_that_was_away_on_the_last_day_are_still_listed() -> None:
    period = week("2024-12-30")
    statistics = world(period)
    rows: list[dict[str, Any]] = [
        {"source": source, "device_ip": source, "first_seen_at": NOON, "day": key}
        for source, key in (("home", "2025-01-03"), ("gateway", "2025-01-05"))
    ]
    schema = statistics["device_inventory"].schema
    statistics["device_inventory"] = pl.DataFrame(
        [dict.fromkeys(schema.names()) | row for row in rows], schema=schema, orient="row"
    )
    assert sorted(table_of("new_devices", statistics, period)["device_ip"]) == ["gateway", "home"]


def test_a_quiet_day_has_zeros_not_blanks() -> None:
    quiet = world(TODAY)
    assert table_of("connection_trends", quiet, TODAY)["connections"].to_list() == [0] * 24
    assert finding_of("connection_trends", quiet, TODAY) == "No connections in this period"
    assert finding_of("top_talkers", quiet, TODAY) == "No traffic volumes in this period"
    assert finding_of("protocols", quiet, TODAY) == "No connections in this period"
    assert finding_of("suspicious_ports", quiet, TODAY) == "No connections to watched ports"
    assert finding_of("new_devices", quiet, TODAY) == "No new devices"
    assert left_out("top_destinations", quiet, TODAY) == 0
