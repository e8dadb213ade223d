"""Every spelling of a timestamp is read as the instant it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.sqlite_windows import holds_only_text, outside, ranges
from sentinel_pipeline.sources.timestamps import EARLIEST, LATEST, Zones, instants, local_bounds, text_bounds

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
moments = st.datetimes(datetime(2000, 1, 3), datetime(2099, 12, 29))  # noqa: DTZ001 - local times
zones = st.sampled_from(ZONES).map(ZoneInfo)
minutes = st.integers(-14 * 60, 14 * 60)
UTC_ZONES = Zones(ZoneInfo("UTC"), ZoneInfo("UTC"))
# Whole within the time that is plausible: what lies beyond is nowhere looked for.
starts = st.datetimes(datetime(2000, 1, 3), datetime(2099, 11, 19))  # noqa: DTZ001 - local times
spans = st.tuples(starts, st.timedeltas(timedelta(), timedelta(days=40)))


def read(text: str | None, plain: str = "UTC", local: str | None = None) -> datetime | None:
    zone = Zones(ZoneInfo(plain), ZoneInfo(local or plain))
    found = instants(pl.Series("t", [text], dtype=pl.String), zone).item()
    assert found is None or isinstance(found, datetime)
    return found


def spelled(moment: datetime, mark: str, digits: int, suffix: str) -> str:
    fraction = f".{moment:%f}000"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%d}{mark}{moment:%H:%M:%S}{fraction}{suffix}"


def cut(moment: datetime, digits: int) -> datetime:
    kept = f"{moment:%f}"[:digits].ljust(6, "0")
    return moment.replace(microsecond=int(kept))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20 01:02:03", "2026-11-20 01:02:03"),
        ("2026-11-20T01:02:03", "2026-11-20 01:02:03"),
        ("2026-11-20T01:02:03.5", "2026-11-20 01:02:03.5"),
        ("2026-11-20 01:02:03.123456789", "2026-11-20 01:02:03.123456"),
        ("2026-11-20T01:02:03Z", "2026-11-20 01:02:03"),
        ("2026-11-20 01:02:03+01:00", "2026-11-20 00:02:03"),
        ("2026-11-20 01:02:03 +0100", "2026-11-20 00:02:03"),
        ("2026-11-20T01:02:03.25-05", "2026-11-20 06:02:03.25"),
        ("  2026-11-20T01:02:03 ", "2026-11-20 01:02:03"),
        ("1763600523", "2025-11-20 01:02:03"),
        ("1763600523.5", "2025-11-20 01:02:03.5"),
        ("1763600523250", "2025-11-20 01:02:03.25"),
    ],
)
def test_a_known_spelling_is_read(text: str, instant: str) -> None:
    assert read(text) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "unknown", "2026-11-20", "20.11.2026 01:02:03", "2026-11-20 01:02", "2026-1-2 3:4:5"),
        *("2026-02-30 00:00:00", "2026-13-01 00:00:00", "2026-11-20 24:00:00", "2026-11-20 23:59:60"),
        *("2026-11-20 01:02:03+25:00", "2026-11-20 01:02:03+01:60", "2026-11-20 01:02:03.", "+026-11-20 01:02:03"),
        *(
            "2026-11-20 01:02:03\0",
            "2026-11-20\t01:02:03",
            "1e300",
            "99999999999999999999",
            "NaN",
            "٢٠٢٦-11-20 01:02:03",
        ),
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert read(text) is None


def test_years_that_python_cannot_hold_are_far_but_no_error() -> None:
    assert read("0000-01-01 00:00:00", "Europe/Berlin") == datetime(1, 1, 3, tzinfo=UTC)
    assert read("9999-12-31T23:59:59-12:00") == datetime(9999, 12, 29, tzinfo=UTC)


def test_of_two_meanings_the_earlier_is_taken_where_clocks_go_back() -> None:
    assert read("2025-10-26 02:30:00", "Europe/Berlin") == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_a_time_the_clocks_skipped_is_moved_past_the_gap() -> None:
    assert read("2025-03-30 02:30:00", "Europe/Berlin") == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)


def test_a_skipped_day_is_moved_past_the_gap() -> None:
    assert read("2011-12-30 12:00:00", "Pacific/Apia") == datetime(2011, 12, 30, 22, 0, tzinfo=UTC)


def test_only_the_plain_spelling_has_the_plain_zone() -> None:
    two = ("UTC", "Europe/Berlin")
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert read("2026-01-01 12:00:00", *two) == noon
    for text in ("2026-01-01T12:00:00", "2026-01-01 12:00:00.0", "2026-01-01T12:00:00.000000"):
        assert read(text, *two) == noon - timedelta(hours=1)
    assert read("2026-01-01T12:00:00Z", *two) == noon


def test_one_column_holds_all_spellings() -> None:
    texts = ["2026-01-01 00:00:00", None, "", "2026-01-01T00:00:00", "1767225600", "2026-01-01 01:00:00+01:00"]
    zone = Zones(ZoneInfo("UTC"), ZoneInfo("UTC"))
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert instants(pl.Series(texts), zone).to_list() == [new_year, None, None, new_year, new_year, new_year]


@given(moments, st.sampled_from(" T"), st.integers(0, 9), zones)
def test_a_time_without_offset_is_read_in_its_zone(moment: datetime, mark: str, digits: int, zone: ZoneInfo) -> None:
    text = spelled(moment, mark, digits, "")
    assert read(text, zone.key) == cut(moment, digits).replace(tzinfo=zone).astimezone(UTC)


@given(moments, st.sampled_from(" T"), st.integers(0, 9), minutes, st.sampled_from((":", "")), zones)
def test_an_offset_wins_over_any_zone(
    moment: datetime, mark: str, digits: int, offset: int, colon: str, zone: ZoneInfo
) -> None:
    hours, rest = divmod(abs(offset), 60)
    text = spelled(moment, mark, digits, f"{'-' if offset < 0 else '+'}{hours:02}{colon}{rest:02}")
    east = timezone(timedelta(minutes=offset))
    assert read(text, zone.key) == cut(moment, digits).replace(tzinfo=east).astimezone(UTC)


@given(spans, st.floats(0, 1), st.sampled_from(" T"), st.integers(0, 6), minutes)
def test_no_spelling_of_an_instant_in_the_window_is_outside_its_text_bounds(
    span: tuple[datetime, timedelta], share: float, mark: str, digits: int, offset: int
) -> None:
    start = span[0].replace(tzinfo=UTC)
    moment = start + span[1] * share
    low, high = text_bounds(Window(start, start + span[1] + timedelta(microseconds=1)))
    local = moment + timedelta(minutes=offset)
    assert low <= spelled(local, mark, digits, "") < high


@given(moments, st.timedeltas(timedelta(), timedelta(days=400)), moments, st.sampled_from(" T"), zones, zones)
def test_no_spelling_without_offset_of_an_instant_in_the_window_is_outside_its_local_bounds(
    start: datetime, span: timedelta, moment: datetime, mark: str, plain: ZoneInfo, local: ZoneInfo
) -> None:
    window = Window(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + span)
    near = start + (moment - start) % (span + timedelta(days=4)) - timedelta(days=2)
    text = spelled(near, mark, 0, "")
    found = read(text, plain.key, local.key)
    low, high = local_bounds(window, Zones(plain, local))
    if found is not None and max(window.start, EARLIEST) <= found < min(window.end, LATEST):
        assert low <= text < high


def test_a_utc_day_is_one_date_and_a_local_day_one_date_of_its_zone() -> None:
    one_day = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    assert local_bounds(one_day, UTC_ZONES) == ("2026-11-20", "2026-11-21")
    berlin = Zones(ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Berlin"))
    earlier = timedelta(hours=1)
    assert local_bounds(Window(one_day.start - earlier, one_day.end - earlier), berlin) == ("2026-11-20", "2026-11-21")


def test_a_skipped_day_is_within_local_bounds_of_the_day_it_is_moved_to() -> None:
    apia = Zones(ZoneInfo("Pacific/Apia"), ZoneInfo("Pacific/Apia"))
    moved = read("2011-12-30 12:00:00", "Pacific/Apia")
    assert moved is not None
    low, high = local_bounds(Window(moved, moved + timedelta(minutes=1)), apia)
    assert low <= "2011-12-30 12:00:00" < high


@given(spans)
def test_text_bounds_stay_within_plausible_time(span: tuple[datetime, timedelta]) -> None:
    start = span[0].replace(tzinfo=UTC)
    low, high = text_bounds(Window(start - timedelta(days=99_999), start + span[1] + timedelta(days=99_999)))
    assert (low, high) == text_bounds(Window(EARLIEST, LATEST))


def test_numbers_can_only_be_numbers_where_sqlite_keeps_them() -> None:
    assert holds_only_text("varchar(20)")
    assert holds_only_text("TEXT")
    assert not holds_only_text("TIMESTAMP")
    assert not holds_only_text("")
    assert not holds_only_text("CHARINT")


def test_a_text_column_needs_fewer_ranges() -> None:
    window = Window(EARLIEST, LATEST)
    assert len(ranges('"t"', "TEXT", window, UTC_ZONES) + outside('"t"', "TEXT")) == 6
    assert len(ranges('"t"', "DATETIME", window, UTC_ZONES) + outside('"t"', "DATETIME")) == 11
