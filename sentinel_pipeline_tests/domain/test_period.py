from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CADENCES, Period, Window, day_of, first_of, midnight
from sentinel_pipeline_tests.clocks import BERLIN, PATIENT, ZONES, day, days, month, periods, week, zones

HOUR = timedelta(hours=1)


@PATIENT
@given(periods())
def test_a_period_ends_where_the_next_begins(period: Period) -> None:
    assert period.window.end == period.next.window.start
    assert period.next.previous == period
    assert period.previous.next == period
    assert period.previous.window.end == period.window.start


@PATIENT
@given(periods(("weekly", "monthly")))
def test_days_tile_their_week_and_month(period: Period) -> None:
    windows = [Period("daily", first, period.zone).window for first in period.days]
    assert windows[0].start == period.window.start
    assert windows[-1].end == period.window.end
    assert all(window.end == following.start for window, following in pairwise(windows))


@PATIENT
@given(periods())
def test_hours_tile_their_window_and_are_never_longer_than_an_hour(period: Period) -> None:
    edges = [*period.hour_starts, period.window.end]
    assert edges[0] == period.window.start
    lengths = [end - start for start, end in pairwise(edges)]
    assert all(timedelta() < length <= HOUR for length in lengths)
    assert sum(lengths, timedelta()) == period.window.end - period.window.start


@PATIENT
@given(periods())
def test_an_hour_begins_on_the_hour_of_the_local_clock_unless_the_clock_is_changed_there(period: Period) -> None:
    for start in period.hour_starts:
        before = (start - timedelta(seconds=1)).astimezone(period.zone).utcoffset()
        is_change = before != start.astimezone(period.zone).utcoffset()
        assert is_change or start.astimezone(period.zone).minute == 0


@PATIENT
@given(periods())
def test_offsets_hold_from_their_instant_to_the_next(period: Period) -> None:
    for start in period.hour_starts:
        held = [offset for instant, offset in period.offsets if instant <= start][-1]
        assert held == start.astimezone(period.zone).utcoffset()
    changed = [offset for _, offset in period.offsets]
    assert all(one != other for one, other in pairwise(changed))


@PATIENT
@given(periods())
def test_a_key_is_read_back_as_the_period_it_names(period: Period) -> None:
    assert Period.parse(period.cadence, period.key, period.zone) == period
    assert period.days[0] == period.first
    assert period.days[-1] == period.last
    assert period.day_keys == tuple(first.isoformat() for first in period.days)


@PATIENT
@given(days, zones)
def test_every_instant_of_a_day_is_of_that_day(first: date, zone: ZoneInfo) -> None:
    for start in Period("daily", first, zone).hour_starts:
        assert day_of(start, zone) == first


@pytest.mark.parametrize(
    ("zone", "key", "hours"),
    [
        ("Europe/Berlin", "2025-03-30", 23),
        ("Europe/Berlin", "2025-10-26", 25),
        ("Europe/Berlin", "2025-06-01", 24),
        ("America/New_York", "2025-03-09", 23),
        ("America/New_York", "2025-11-02", 25),
        ("Australia/Lord_Howe", "2025-04-06", 24.5),
        ("Australia/Lord_Howe", "2025-10-05", 23.5),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("Asia/Beirut", "2025-03-30", 23),
        ("Asia/Beirut", "2025-10-25", 25),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Asia/Kolkata", "2025-03-30", 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, key: str, hours: float) -> None:
    assert day(key, zone).window.hours == hours


def test_a_week_of_clock_change_has_167_or_169_hours() -> None:
    assert week("2025-03-24").window.hours == 167
    assert week("2025-10-20").window.hours == 169
    assert len(week("2025-03-24").hour_starts) == 167
    assert len(week("2025-10-20").hour_starts) == 169


def test_a_day_whose_midnight_is_skipped_begins_at_the_end_of_the_gap() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    start = midnight(date(2018, 11, 4), zone)
    assert start.astimezone(zone) == datetime(2018, 11, 4, 1, tzinfo=zone)
    assert (start - timedelta(seconds=1)).astimezone(zone).date() == date(2018, 11, 3)


def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """Every instant from 1972 to 2037 from which the zone has another offset, found by halving."""
    found = []
    probes = [datetime(1972, 1, 1, tzinfo=UTC) + timedelta(days=20 * n) for n in range(66 * 365 // 20)]
    for probe, following in pairwise(probes):
        low, high = probe, following
        old = low.astimezone(zone).utcoffset()
        if high.astimezone(zone).utcoffset() == old:
            continue
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == old else (low, middle)
        found.append(high)
    return found


def changes_just_after_midnight() -> list[tuple[str, datetime]]:
    """Changes of all zones that strike at one minute past midnight."""
    second = timedelta(seconds=1)
    return [
        (key, change)
        for key in sorted(available_timezones())
        for change in clock_changes(ZoneInfo(key))
        if f"{(change - second).astimezone(ZoneInfo(key)):%H:%M:%S}" == "00:00:59"
    ]


@pytest.mark.slow
def test_days_whose_clock_changes_at_one_past_midnight_hold_no_instant_of_an_earlier_day() -> None:
    changes = changes_just_after_midnight()
    assert {"America/St_Johns", "America/Goose_Bay"} <= {key for key, _ in changes}
    for key, change in changes:
        zone = ZoneInfo(key)
        around = [Period("daily", (change + timedelta(days=n)).astimezone(zone).date(), zone) for n in (-1, 0, 1)]
        for one in around:
            hours = one.hour_starts
            assert one.window.start == hours[0], (key, one.key)
            assert all(start.astimezone(zone).date() >= one.first for start in hours), (key, one.key)
            assert all(day_of(start, zone) == one.first for start in hours), (key, one.key)
            assert all(timedelta() < end - start <= HOUR for start, end in pairwise((*hours, one.window.end)))


def test_a_day_begins_at_its_second_midnight_where_the_clock_went_back_into_the_day_before() -> None:
    before, after = day("2010-11-06", "America/St_Johns"), day("2010-11-07", "America/St_Johns")
    assert after.interval == "2010-11-07T00:00:00-03:30/2010-11-08T00:00:00-03:30"
    assert before.window == Window(datetime(2010, 11, 6, 2, 30, tzinfo=UTC), datetime(2010, 11, 7, 3, 30, tzinfo=UTC))
    clock = [f"{start.astimezone(before.zone):%d %H:%M}" for start in before.hour_starts]
    assert clock[-4:] == ["06 22:00", "06 23:00", "07 00:00", "06 23:01"]
    assert Period("daily", date(2010, 3, 14), before.zone).hour_starts[:3] == tuple(
        datetime(2010, 3, 14, hour, minute, tzinfo=UTC) for hour, minute in ((3, 30), (3, 31), (4, 30))
    )


def test_a_skipped_day_is_empty_and_its_neighbours_meet() -> None:
    skipped = day("2011-12-30", "Pacific/Apia")
    assert skipped.window.start == skipped.window.end
    assert skipped.hour_starts == ()
    assert skipped.offsets == ()
    assert skipped.previous.window.end == skipped.next.window.start


def test_a_day_of_a_month_begins_once_although_another_was_skipped() -> None:
    december = month("2011-12-01", "Pacific/Apia")
    assert len(december.days) == 31
    assert len(december.day_starts) == 30
    assert len(set(december.day_starts)) == 30


def test_a_repeated_hour_stands_twice_and_a_skipped_one_not_at_all() -> None:
    clock = [start.astimezone(BERLIN).hour for start in day("2025-10-26").hour_starts]
    assert clock == [0, 1, 2, 2, *range(3, 24)]
    clock = [start.astimezone(BERLIN).hour for start in day("2025-03-30").hour_starts]
    assert clock == [0, 1, *range(3, 24)]


def test_half_an_hour_of_summer_time_makes_a_half_bucket() -> None:
    lord_howe = day("2025-04-06", "Australia/Lord_Howe")
    starts = lord_howe.hour_starts
    lengths = {end - start for start, end in pairwise(starts)}
    assert lengths == {HOUR, HOUR / 2}


@pytest.mark.parametrize(
    ("cadence", "key", "words"),
    [
        ("daily", "2025-3-1", "'2025-3-1' is no day; write it as YYYY-MM-DD"),
        ("daily", "20250301", "'20250301' is no day; write it as YYYY-MM-DD"),
        ("daily", "2025-W10-1", "'2025-W10-1' is no day; write it as YYYY-MM-DD"),
        ("daily", "2025-02-29", "'2025-02-29' is no day; write it as YYYY-MM-DD"),
        ("daily", "", "'' is no day; write it as YYYY-MM-DD"),
        ("daily", "../../etc", "'../../etc' is no day; write it as YYYY-MM-DD"),
        (
            "weekly",
            "2025-03-05",
            "a weekly key is a Monday: '2025-03-05' is a Wednesday; the period that holds it is 2025-03-03",
        ),
        (
            "monthly",
            "2025-03-05",
            "a monthly key is the first of a month: '2025-03-05' is a Wednesday; "
            "the period that holds it is 2025-03-01",
        ),
        ("hourly", "2025-03-05", "'hourly' is no cadence; choose one of daily, weekly, monthly"),
    ],
)
def test_a_key_that_names_no_period_is_refused_in_one_line(cadence: str, key: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Period.parse(cadence, key, BERLIN)
    assert str(refusal.value) == words


@pytest.mark.parametrize("key", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_day_at_the_edge_of_the_calendar_is_refused_like_any_other_mistake(key: str, zone: ZoneInfo) -> None:
    with pytest.raises(UsageError, match="no day that can be reported on"):
        Period.parse("daily", key, zone)


def test_the_first_of_a_period_is_the_monday_or_the_first_of_the_month() -> None:
    wednesday = date(2025, 12, 31)
    assert [first_of(cadence, wednesday) for cadence in CADENCES] == [
        date(2025, 12, 31),
        date(2025, 12, 29),
        date(2025, 12, 1),
    ]
    assert month("2025-12-01").after == date(2026, 1, 1)
    assert month("2024-02-01").days[-1] == date(2024, 2, 29)


def test_a_period_is_said_as_a_reader_says_it() -> None:
    assert day("2026-10-26").words == "Monday 26 October 2026"
    assert week("2026-10-26").words == "Mon 26 Oct – Sun 1 Nov 2026"
    assert week("2025-12-29").words == "Mon 29 Dec 2025 – Sun 4 Jan 2026"
    assert month("2026-10-01").words == "October 2026"


def test_an_interval_is_written_with_the_offsets_of_its_own_edges() -> None:
    assert day("2025-10-26").interval == "2025-10-26T00:00:00+02:00/2025-10-27T00:00:00+01:00"


def test_a_window_knows_its_hours() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    assert Window(start, start + timedelta(minutes=90)).hours == 1.5
