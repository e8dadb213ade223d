"""Long connections, steady rhythms and name servers of a day."""

from datetime import timedelta
from itertools import accumulate
from statistics import median
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.statistics.connection_patterns import BEACONS_KEPT, LONG_KEPT, SERVERS_KEPT
from sentinel_pipeline.statistics.statistic import MILLIONTHS
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import connections, counted, instants, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:30:00")
START = utc("2025-01-02T00:00:00")
PAIR = {"device_ip": "10.0.0.1", "destination_ip": "192.0.2.1", "destination_port": 443, "protocol": "tcp"}


def rhythm(gaps: list[float], **what: Any) -> list[dict[str, Any]]:
    """Connections of a pair so many seconds after one another."""
    starts = accumulate(gaps, initial=0.0)
    return [{**PAIR, "started_at": START + timedelta(seconds=seconds), **what} for seconds in starts]


def test_connections_of_an_hour_or_more_are_kept_longest_first() -> None:
    seconds = [3_599.999, 3_600.0, 90_000.5, 1e300, None, float("inf"), float("nan")]
    frame = connections(*({"started_at": NOON, "duration_seconds": one} for one in seconds))
    found = counted("long_connections", frame, TODAY)
    assert found["duration_us"].to_list() == [9 * 10**18, 90_000_500_000, 3_600_000_000]


def test_the_device_of_a_long_connection_from_outside_is_the_one_that_answered() -> None:
    long = {**PAIR, "started_at": NOON, "duration_seconds": 4_000.0}
    found = counted("long_connections", connections({**long, "is_inbound": True}, long), TODAY)
    told = found.sort("is_inbound").select("device_ip", "other_ip", "is_inbound").rows()
    assert told == [("10.0.0.1", "192.0.2.1", False), ("192.0.2.1", "10.0.0.1", True)]


def test_no_more_long_connections_are_kept_than_promised() -> None:
    rows = [{"started_at": NOON, "duration_seconds": 4_000.0 + n} for n in range(LONG_KEPT + 5)]
    found = counted("long_connections", connections(*rows), TODAY)
    assert found.height == LONG_KEPT
    assert found["duration_us"].min() == 4_005_000_000


def test_a_rhythm_is_told_by_its_median_interval_and_how_far_starts_stray() -> None:
    gaps = [60.0, 61.0, 59.0] * 7  # medians by hand: interval 60 s, distance from it 1 s, one sixtieth
    found = counted("regular_connections", connections(*rhythm(gaps, bytes_sent=100, bytes_received=20)), TODAY)
    row = found.row(0, named=True)
    assert (row["connections"], row["interval_ms"], row["jitter_millionths"]) == (22, 60_000, 16_667)
    assert row["size_jitter_millionths"] == 0
    assert (row["bytes_sent"], row["bytes_received"]) == (2_200, 440)


def test_a_night_without_the_device_does_not_hide_its_rhythm() -> None:
    gaps = [300.0] * 15 + [30_000.0] + [300.0] * 15
    assert counted("regular_connections", connections(*rhythm(gaps)), TODAY)["interval_ms"].to_list() == [300_000]


@pytest.mark.parametrize(
    ("gaps", "what"),
    [
        ([60.0] * 18, "nineteen connections"),
        ([0.5] * 40, "bursts"),
        ([10.0, 100.0, 30.0] * 10, "no rhythm"),
        ([0.0] * 40, "all at once"),
        ([1.0] * 10_000, "a busy pair"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_rare_hasty_uneven_or_busy_is_no_candidate(gaps: list[float], what: str) -> None:
    assert counted("regular_connections", connections(*rhythm(gaps)), TODAY).is_empty(), what


def test_twenty_connections_are_enough_and_another_port_is_another_pair() -> None:
    rows = [*rhythm([60.0] * 19), *rhythm([60.0] * 18, destination_port=80), *rhythm([60.0] * 19, protocol=None)]
    found = counted("regular_connections", connections(*rows), TODAY)
    assert found.select("destination_port", "protocol").rows() == [(443, None), (443, "tcp")]


def test_a_pair_without_an_address_is_no_pair() -> None:
    rows = [*rhythm([60.0] * 30, device_ip=None), *rhythm([60.0] * 30, destination_ip=None)]
    assert counted("regular_connections", connections(*rows), TODAY).is_empty()


def test_the_steadiest_pairs_of_a_day_are_kept() -> None:
    rows = [row for n in range(BEACONS_KEPT + 3) for row in rhythm([60.0] * 19, destination_ip=f"192.0.2.{n:04}")]
    unsteady = rhythm([57.0, 60.0, 63.0] * 8, destination_ip="198.51.100.1")
    found = counted("regular_connections", connections(*rows, *unsteady), TODAY)
    assert found.height == BEACONS_KEPT
    assert "198.51.100.1" not in found["destination_ip"].to_list()


@BRIEF
@given(st.lists(st.integers(1_000, 90_000), min_size=19, max_size=60))
def test_interval_and_jitter_are_what_plain_medians_give(gaps: list[int]) -> None:
    found = counted("regular_connections", connections(*rhythm([gap / 1_000 for gap in gaps])), TODAY)
    middle = median(gaps)
    jitter = median(abs(gap - middle) for gap in gaps) / middle
    if jitter > 0.1 + 1e-6:
        assert found.is_empty()
    elif jitter < 0.1 - 1e-6:
        assert found["interval_ms"].to_list() == [int(middle)]
        assert found["jitter_millionths"].item() == pytest.approx(jitter * MILLIONTHS, abs=0.51)


@pytest.mark.parametrize("name", ["long_connections", "regular_connections", "name_server_askers"])
@BRIEF
@given(data=st.data())
def test_the_order_of_facts_does_not_matter(name: str, data: st.DataObject) -> None:
    some = {
        "started_at": instants(TODAY.window),
        "duration_seconds": st.sampled_from([None, 10.0, 3_600.0, 7_200.0]),
        "device_ip": st.sampled_from([None, "10.0.0.1", "10.0.0.2"]),
        "destination_ip": st.sampled_from([None, "192.0.2.1"]),
        "service": st.sampled_from([None, "dns", "http"]),
    }
    rows = data.draw(st.lists(st.fixed_dictionaries(some), max_size=30))
    frame = connections(*rows, *rhythm([30.0] * 25, service="dns"), *rhythm([30.0] * 25, device_ip="10.0.0.2"))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=data.draw(st.integers(0, 99)))
    assert_frame_equal(counted(name, shuffled, TODAY), counted(name, frame, TODAY))


def test_names_are_asked_by_service_or_by_port() -> None:
    frame = connections(
        {**PAIR, "started_at": NOON, "service": "dns", "destination_port": 5353, "bytes_sent": 3},
        {**PAIR, "started_at": NOON, "service": None, "destination_port": 53, "bytes_received": 4},
        {**PAIR, "started_at": NOON, "service": "http"},
        {**PAIR, "started_at": NOON, "service": None, "destination_port": None},
        {**PAIR, "started_at": NOON, "service": "dns", "destination_ip": None},
    )
    found = counted("name_server_askers", frame, TODAY)
    assert found.rows() == [("home", "10.0.0.1", "192.0.2.1", 2, 3, 4)]
    assert found.schema["connections"] == pl.Int64


def test_name_servers_beyond_the_most_asked_are_one_row_of_each_device() -> None:
    def ask(device: int, server: int) -> dict[str, Any]:
        return {
            **PAIR,
            "started_at": NOON,
            "service": "dns",
            "device_ip": f"10.0.0.{device}",
            "destination_ip": f"s{server:03}",
        }

    often = [ask(1, server) for server in range(SERVERS_KEPT) for _ in range(2)]
    seldom = [ask(device, SERVERS_KEPT + n) for n in range(50) for device in (3,)]
    found = counted("name_server_askers", connections(*often, *seldom), TODAY)
    assert found.filter(pl.col("destination_ip").is_not_null()).height == SERVERS_KEPT
    others = found.filter(pl.col("destination_ip").is_null()).select("device_ip", "connections")
    assert others.rows() == [("10.0.0.3", 50)]
    assert found["connections"].sum() == len(often) + len(seldom)
