"""Our periods are Dagster's partitions: same keys, same instants, in every zone."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CADENCES, Period, Window, first_of
from sentinel_pipeline.orchestration.partitions import partitions_of, require_past
from sentinel_pipeline.settings import Settings
from sentinel_pipeline_tests.clocks import day, month, week

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Beirut",
    "America/Havana",
)


def settings(zone: str, first: date = date(2025, 1, 15)) -> Settings:
    return Settings(data=Path("/nowhere"), organisation="Test", zone=ZoneInfo(zone), first_day=first, sources=())


@pytest.mark.parametrize("cadence", CADENCES)
@pytest.mark.parametrize("zone", ZONES)
def test_a_period_covers_the_instants_of_its_partition(cadence: str, zone: str) -> None:
    known = settings(zone)
    partitions = partitions_of(cadence, known)
    keys = partitions.get_partition_keys(current_time=datetime(2026, 1, 20, tzinfo=UTC))
    assert len(keys) >= {"daily": 365, "weekly": 52, "monthly": 12}[cadence]
    for key in keys:
        theirs = partitions.time_window_for_partition_key(key)
        window = Window(
            datetime.fromtimestamp(theirs.start.timestamp(), UTC), datetime.fromtimestamp(theirs.end.timestamp(), UTC)
        )
        assert Period.parse(cadence, key, known.zone).window == window, key


@pytest.mark.parametrize("cadence", CADENCES)
def test_the_first_partition_holds_the_first_day(cadence: str) -> None:
    known = settings("Europe/Berlin")
    first = partitions_of(cadence, known).get_partition_keys(current_time=datetime(2025, 6, 1, tzinfo=UTC))[0]
    assert first == first_of(cadence, date(2025, 1, 15)).isoformat()


def test_a_period_that_is_not_over_is_refused() -> None:
    known = settings("Europe/Berlin")
    now = datetime(2025, 3, 31, 21, 59, 59, tzinfo=UTC)
    with pytest.raises(UsageError, match="monthly 2025-03-01 is not over: it ends 2025-04-01 00:00 CEST"):
        require_past(month("2025-03-01"), known, now)
    require_past(day("2025-03-30"), known, now)


def test_a_period_before_the_first_day_is_refused_and_the_one_that_holds_it_is_not() -> None:
    known = settings("Europe/Berlin")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="daily 2025-01-14 lies before the first day, 2025-01-15"):
        require_past(day("2025-01-14"), known, now)
    require_past(week("2025-01-13"), known, now)
    require_past(month("2025-01-01"), known, now)
