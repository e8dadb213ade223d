from collections import Counter, defaultdict
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline_tests.clocks import BRIEF, day, week
from sentinel_pipeline_tests.statistics.frames import connections, counted, counted_by_day, instants, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:30:00")
STATISTICS = ("connection_hours", "connection_devices", "connection_destinations", "connection_ports")
BYTES = st.none() | st.integers(0, 2**53)


def rows_of(period: Period) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(["home", "gateway"]),
                "started_at": instants(period.window),
                "device_ip": st.sampled_from([None, "10.0.0.1", "10.0.0.2", "10.0.0.10"]),
                "destination_ip": st.sampled_from([None, "192.0.2.1", "192.0.2.2", "10.0.0.1"]),
                "destination_port": st.sampled_from([None, 0, 22, 443]),
                "protocol": st.sampled_from([None, "tcp", "TCP", "udp"]),
                "service": st.sampled_from([None, "dns", "http"]),
                "bytes_sent": BYTES,
                "bytes_received": BYTES,
                "packets_sent": st.none() | st.integers(0, 9),
                "connection_state": st.sampled_from([None, "SF", "S0"]),
                "is_inbound": st.sampled_from([None, True, False]),
            }
        ),
        max_size=30,
    )


def test_one_known_side_counts_and_only_both_unknown_make_the_volume_unknown() -> None:
    frame = connections(
        {"started_at": NOON, "bytes_sent": 5, "bytes_received": None},
        {"started_at": NOON, "bytes_sent": None, "bytes_received": 7},
        {"started_at": NOON, "bytes_sent": None, "bytes_received": None},
        {"started_at": NOON, "bytes_sent": 0, "bytes_received": 0},
    )
    row = counted("connection_hours", frame, TODAY).row(0, named=True)
    assert row["connections"] == 4
    assert (row["bytes_sent"], row["bytes_received"], row["volume_unknown"]) == (5, 7, 1)


def test_connections_count_in_the_hour_they_started() -> None:
    frame = connections(
        {"started_at": utc("2025-01-02T11:00:00"), "duration_seconds": 86_400.0},
        {"started_at": utc("2025-01-02T11:59:59.999999")},
        {"started_at": utc("2025-01-02T12:00:00")},
    )
    hours = counted("connection_hours", frame, TODAY).select("hour_at", "connections").rows()
    assert hours == [(utc("2025-01-02T11:00:00"), 2), (utc("2025-01-02T12:00:00"), 1)]


def test_connections_without_a_protocol_are_not_dropped() -> None:
    frame = connections(*({"started_at": NOON, "protocol": name} for name in ("tcp", "tcp", "udp", None)))
    found = counted("connection_hours", frame, TODAY).select("protocol", "connections").rows()
    assert sorted(found, key=str) == [("tcp", 2), ("udp", 1), (None, 1)]


def test_the_device_of_an_inbound_connection_is_the_one_that_answered() -> None:
    frame = connections(
        {
            "started_at": NOON,
            "device_ip": "203.0.113.9",
            "destination_ip": "10.0.0.1",
            "bytes_sent": 10,
            "bytes_received": 900,
            "is_inbound": True,
        },
        {
            "started_at": NOON,
            "device_ip": "10.0.0.1",
            "destination_ip": "203.0.113.9",
            "bytes_sent": 3,
            "bytes_received": 4,
            "is_inbound": None,
        },
    )
    rows = counted("connection_devices", frame, TODAY).rows(named=True)
    assert [(row["device_ip"], row["connections"], row["bytes_sent"], row["bytes_received"]) for row in rows] == [
        ("10.0.0.1", 2, 903, 14)
    ]
    destinations = counted("connection_destinations", frame, TODAY)
    assert destinations.select("destination_ip", "bytes_sent").rows() == [("10.0.0.1", 10), ("203.0.113.9", 3)]


def test_port_zero_is_a_port_and_none_is_none() -> None:
    frame = connections(
        {"started_at": NOON, "protocol": "icmp", "destination_port": 0},
        {"started_at": NOON, "protocol": "icmp", "destination_port": None},
    )
    found = counted("connection_ports", frame, TODAY).select("destination_port", "connections").rows()
    assert sorted(found, key=str) == [(0, 1), (None, 1)]


@BRIEF
@given(st.data())
def test_hours_and_devices_are_what_plain_counting_gives(data: st.DataObject) -> None:
    today = data.draw(st.sampled_from([day("2025-10-26"), day("2025-03-30"), day("2025-04-06", "Australia/Lord_Howe")]))
    rows = data.draw(rows_of(today))
    frame = connections(*rows)
    hours: Counter[Any] = Counter()
    unknown = 0
    volumes: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        hour = max(start for start in today.hour_starts if start <= row["started_at"])
        hours[row["source"], hour] += 1
        unknown += row["bytes_sent"] is None and row["bytes_received"] is None
        sent, received = row["bytes_sent"] or 0, row["bytes_received"] or 0
        device = row["device_ip"]
        if row["is_inbound"]:
            device, sent, received = row["destination_ip"], received, sent
        of = volumes[row["source"], device]
        of[0], of[1], of[2] = of[0] + 1, of[1] + sent, of[2] + received
    found = counted("connection_hours", frame, today)
    by_hour = found.group_by("source", "hour_at").agg(pl.col("connections").sum())
    assert {(s, h): n for s, h, n in by_hour.rows()} == dict(hours)
    assert found["volume_unknown"].sum() == unknown
    by_device = (
        counted("connection_devices", frame, today)
        .group_by("source", "device_ip")
        .agg(pl.col("connections", "bytes_sent", "bytes_received").sum())
    )
    assert {(s, d): counts for s, d, *counts in by_device.rows()} == dict(volumes)


@pytest.mark.parametrize("name", STATISTICS)
@BRIEF
@given(data=st.data())
def test_parts_of_a_day_add_up_to_the_day(name: str, data: st.DataObject) -> None:
    frame = connections(*data.draw(rows_of(TODAY)))
    cut = data.draw(st.integers(0, frame.height))
    parts = pl.concat([counted(name, part, TODAY) for part in (frame[:cut], frame[cut:])])
    whole = counted(name, frame, TODAY)
    values = [column for column in whole.columns if whole[column].dtype == pl.Int64 and column != "destination_port"]
    keys = [column for column in whole.columns if column not in values]
    merged = parts.group_by(keys).agg(pl.col(values).sum()).sort(keys)
    assert_frame_equal(merged.select(whole.columns), whole)
    assert whole["connections"].sum() == frame.height


@pytest.mark.parametrize("name", STATISTICS)
@BRIEF
@given(data=st.data())
def test_the_order_of_facts_does_not_matter(name: str, data: st.DataObject) -> None:
    frame = connections(*data.draw(rows_of(TODAY)))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=data.draw(st.integers(0, 99)))
    assert_frame_equal(counted(name, shuffled, TODAY), counted(name, frame, TODAY))


@BRIEF
@given(data=st.data())
def test_a_week_of_days_counts_distinct_destinations_exactly(data: st.DataObject) -> None:
    period = week("2025-10-20")
    frame = connections(*data.draw(rows_of(period)))
    merged = counted_by_day("connection_destinations", frame, period)
    assert set(merged["destination_ip"].to_list()) == set(frame["destination_ip"].to_list())
    assert merged["connections"].sum() == frame.height
