"""Quarter-hours out of readings."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.energy.counters import Meters, has_counter
from sentinel_pipeline.energy.metering import metered, quarter_end, quarter_start
from sentinel_pipeline_tests.clocks import BRIEF
from sentinel_pipeline_tests.energy.meters import BERLIN, METERS, local, quarters, reading, readings, utc

TEN = utc("2026-11-10T10:00:00")
ZONE = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
QUARTER = 15 * MINUTE


def test_an_increment_over_quarters_is_split_in_proportion_to_time() -> None:
    rows = [reading(TEN + 10 * MINUTE, total=5.0), reading(TEN + 20 * MINUTE, total=5.1)]
    found = quarters(*rows, start=TEN, hours=1)
    columns = ["started_at", "energy_micro_kwh", "metered_seconds", "unmetered_seconds"]
    assert found.select(columns).rows() == [(TEN, 50_000, 300, 600), (TEN + QUARTER, 50_000, 300, 600)]


def test_parts_of_an_increment_add_up_to_it() -> None:
    rows = [reading(TEN, total=0.0), reading(TEN + 45 * MINUTE, total=0.000002)]
    assert quarters(*rows, start=TEN, hours=1)["energy_micro_kwh"].to_list() == [1, 0, 1]


def test_power_is_weighted_by_time_and_its_extremes_are_those_read() -> None:
    rows = [
        reading(TEN, total=1.0, power=100.0, on=True),
        reading(TEN + 5 * MINUTE, total=1.0, power=400.0, on=False),
        reading(TEN + 15 * MINUTE, total=1.1, power=9.0, on=True),
    ]
    row = quarters(*rows, start=TEN, hours=0.25).row(0, named=True)
    assert row["mean_power_micro_w"] == 300_000_000  # (100 W × 5 min + 400 W × 10 min) ÷ 15 min
    assert (row["max_power_micro_w"], row["min_power_micro_w"]) == (400_000_000, 100_000_000)
    assert (row["on_seconds"], row["readings"]) == (300, 2)


def test_a_gap_has_rows_with_its_energy_and_without_power() -> None:
    rows = [reading(TEN, total=1.0, power=60.0, on=True), reading(TEN + 60 * MINUTE, total=1.4, power=60.0, on=True)]
    found = quarters(*rows, start=TEN, hours=1)
    assert found["energy_micro_kwh"].to_list() == [100_000] * 4
    assert found["is_timing_estimated"].all()
    assert found["estimated_seconds"].to_list() == [900] * 4
    assert found["mean_power_micro_w"].to_list() == found["on_seconds"].to_list() == [None] * 4
    assert found["max_power_micro_w"].to_list() == [60_000_000, None, None, None]


def test_what_is_not_known_is_null_and_not_zero() -> None:
    before, after = local("2026-11-10T23:30:00"), local("2026-11-11T00:30:00")
    rows = [reading(before, today=2.0), reading(after, today=0.5)]
    found = quarters(*rows, start=before, hours=1)
    assert found["energy_micro_kwh"].to_list() == [None, None, 250_000, 250_000]
    assert found["unmetered_seconds"].to_list() == [900, 900, 0, 0]


def test_an_expected_device_that_is_away_is_unmetered_to_the_end() -> None:
    row = reading(TEN - QUARTER, total=1.0)
    assert quarters(row, start=TEN, hours=0.5).is_empty()
    found = quarters(row, start=TEN, hours=0.5, expected=("10.0.0.1",))
    assert found.select("energy_micro_kwh", "unmetered_seconds").rows() == [(None, 900), (None, 900)]


def test_a_switch_that_measures_nothing_has_no_rows() -> None:
    rows = [reading(TEN + n * MINUTE, on=True) for n in range(5)]
    assert quarters(*rows, start=TEN, hours=1, expected=("10.0.0.1",)).is_empty()


def test_a_reset_counts_in_the_quarter_that_shows_it() -> None:
    rows = [reading(TEN, total=9.0), reading(TEN + 14 * MINUTE, total=9.1), reading(TEN + 16 * MINUTE, total=0.01)]
    assert quarters(*rows, start=TEN, hours=0.5)["resets"].to_list() == [0, 1]


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-11-10", 96)])
def test_a_day_has_as_many_quarters_as_its_clock_gives_it(day: str, count: int) -> None:
    start = local(f"{day}T00:00:00")
    end = start + count * QUARTER
    rows = [reading(start, total=0.0), reading(end, total=9.6)]
    found = quarters(*rows, start=start, hours=count / 4)
    assert found.height == count
    assert found["energy_micro_kwh"].sum() == 9_600_000


@pytest.mark.parametrize(
    ("instant", "start", "end"),
    [("10:00:00", "10:00:00", "10:00:00"), ("10:00:01", "10:00:00", "10:15:00"), ("10:59:59", "10:45:00", "11:00:00")],
)
def test_quarters_begin_at_the_clocks_quarters(instant: str, start: str, end: str) -> None:
    moment = utc(f"2026-11-10T{instant}")
    assert (quarter_start(moment), quarter_end(moment)) == (utc(f"2026-11-10T{start}"), utc(f"2026-11-10T{end}"))


@st.composite
def polls(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Polls of two devices whose counters only count up, at any distance, lifetime or daily, over a clock change."""
    rows = []
    for device, counter in (("10.0.0.1", "total"), ("10.0.0.2", "today")):
        at = local("2026-10-24T20:00:00")
        value, month, day = 0.0, 0.0, at.astimezone(BERLIN).date()
        for gap in draw(st.lists(st.integers(1, 4 * 3_600), min_size=1, max_size=25)):
            at += timedelta(seconds=gap)
            used = draw(st.integers(0, min(500, gap))) / 1_000
            month = round(month + used, 3)
            if counter == "today" and at.astimezone(BERLIN).date() != day:
                day, value = at.astimezone(BERLIN).date(), 0.0
            value = round(value + used, 3)
            counted: dict[str, Any] = {counter: value, "month": month, "power": used * 100, "on": used > 0}
            rows.append(reading(at, device=device, **counted))
    return rows


def around(frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The readings in a window and the nearest beside it, as a source gives them."""
    at = pl.col("read_at")
    parts = [frame.filter((at >= window.start) & (at < window.end))]
    for rows in (frame, frame.filter(has_counter())):
        parts.append(rows.filter(at < window.start).sort("read_at").group_by("device_ip").last())
        parts.append(rows.filter(at >= window.end).sort("read_at").group_by("device_ip").first())
    return pl.concat([part.select(frame.columns) for part in parts])


@BRIEF
@given(polls(), st.lists(st.integers(0, 4 * 24 * 3), max_size=4))
def test_reading_in_parts_gives_the_same_quarters_as_reading_at_once(
    rows: list[dict[str, Any]], cuts: list[int]
) -> None:
    start, frame = utc("2026-10-24T12:00:00"), readings(*rows)
    whole = Window(start, start + timedelta(days=6))
    at_once = metered(frame, METERS, whole, ("10.0.0.1",))
    edges = [whole.start, *sorted({start + cut * QUARTER for cut in cuts if cut}), whole.end]
    windows = [Window(low, high) for low, high in pairwise(edges)]
    parts = [metered(around(frame, window), METERS, window, ("10.0.0.1",)) for window in windows]
    assert_frame_equal(pl.concat(parts), at_once)


@BRIEF
@given(polls())
def test_the_quarters_of_a_lifetime_counter_add_up_to_what_it_counted(rows: list[dict[str, Any]]) -> None:
    own = [row for row in rows if row["device_ip"] == "10.0.0.1"]
    counted = round((own[-1]["energy_total_kwh"] - own[0]["energy_total_kwh"]) * 1_000_000)
    found = metered(readings(*own), METERS, Window(utc("2026-10-24T00:00:00"), utc("2026-11-05T00:00:00")))
    assert found["energy_micro_kwh"].sum() == counted
    lasting = (own[-1]["read_at"] - own[0]["read_at"]).total_seconds()
    assert found["metered_seconds"].sum() == lasting
    assert (found["metered_seconds"] + found["unmetered_seconds"]).to_list() == [900] * found.height


@BRIEF
@given(polls(), st.randoms())
def test_the_order_in_which_readings_come_does_not_matter(rows: list[dict[str, Any]], chance: Any) -> None:
    window = Window(utc("2026-10-24T12:00:00"), utc("2026-10-30T00:00:00"))
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert_frame_equal(metered(readings(*rows), METERS, window), metered(readings(*shuffled), METERS, window))


def test_without_readings_there_are_no_quarters() -> None:
    assert quarters(start=TEN, hours=1, expected=("10.0.0.1",)).is_empty()


def test_devices_keep_their_own_midnight() -> None:
    at: datetime = utc("2026-11-10T12:00:00")
    rows = [reading(at, today=1.2, device=f"10.0.0.{n}") for n in (1, 2)]
    found = quarters(*rows, start=utc("2026-11-10T00:00:00"), hours=12, meters=Meters(BERLIN, {"10.0.0.2": ZONE}))
    starts = found.group_by("device_ip").agg(pl.col("started_at").min()).sort("device_ip")["started_at"].to_list()
    assert starts == [utc("2026-11-10T00:00:00"), utc("2026-11-10T05:00:00")]
