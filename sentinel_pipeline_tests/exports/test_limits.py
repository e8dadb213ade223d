from datetime import timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import DateRangeError, SentinelError, TooLargeError, UsageError
from sentinel_pipeline.domain.limits import UNLIMITED, Limits
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, DEVICES
from sentinel_pipeline.exports.limits import require_days
from sentinel_pipeline.exports.wanted import EARLIEST, LATEST, Wanted
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.test_rows import NOON, alerts, exported
from sentinel_pipeline_tests.lake.sources import System
from sentinel_pipeline_tests.statistics.frames import utc

# Midnights of Berlin around the day of 23 hours.
SATURDAY, MONDAY = utc("2025-03-28T23:00:00"), utc("2025-03-30T22:00:00")
NOW = utc("2025-04-02T10:00:00")


def check(days: int, window: Window | None) -> None:
    require_days(Wanted(ALERTS, window), Limits(days=days), NOW, BERLIN)


def test_days_are_counted_on_the_calendar() -> None:
    check(2, Window(SATURDAY, MONDAY))
    with pytest.raises(DateRangeError) as refusal:
        check(2, Window(SATURDAY, MONDAY + timedelta(microseconds=1)))
    assert str(refusal.value) == (
        "INVALID_DATE_RANGE: 2 days at once are allowed (limits.days in sentinel.yaml),"
        " and 2025-03-29 to 2025-03-31 are 3; ask for less at a time"
    )
    assert isinstance(refusal.value, UsageError)


def test_a_span_without_end_ends_now_and_one_without_beginning_is_too_long() -> None:
    check(5, Window(SATURDAY, LATEST))
    for window in (None, Window(EARLIEST, NOW)):
        with pytest.raises(DateRangeError, match="nothing says where to begin; write --since or --last"):
            check(5, window)


def test_without_a_limit_and_for_inventories_any_span_will_do() -> None:
    require_days(Wanted(ALERTS), UNLIMITED, NOW, BERLIN)
    require_days(Wanted(DEVICES), Limits(days=1), NOW, BERLIN)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(rows=2), "EXPORT_TOO_LARGE: more than 2 rows (limits.rows in sentinel.yaml); ask for less at a time"),
        (Limits(bytes=10), "EXPORT_TOO_LARGE: 27 bytes, and 10 are allowed (limits.bytes in sentinel.yaml); ask for"),
    ],
)
def test_an_export_that_is_too_large_leaves_no_file_and_an_old_one_alone(
    limits: Limits, said: str, tmp_path: Path
) -> None:
    system = System(rows=alerts(NOON, NOON, NOON))
    wanted = Wanted(ALERTS, columns=("severity",))
    with pytest.raises(TooLargeError) as refusal:
        exported(tmp_path / "a.csv", wanted, system, limits=limits)
    if limits.rows:
        assert str(refusal.value) == said
    assert str(refusal.value).startswith(said.partition(":")[0])
    assert not isinstance(refusal.value, UsageError)
    assert isinstance(refusal.value, SentinelError)
    assert list(tmp_path.iterdir()) == []


def test_what_just_fits_is_exported(tmp_path: Path) -> None:
    made = exported(tmp_path / "a.csv", Wanted(ALERTS), System(rows=alerts(NOON, NOON)), limits=Limits(rows=2, days=1))
    assert made.rows == 2
