"""Closed days and the lock between whoever works on the lake and whoever deletes from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sentinel_pipeline.lake.closures import close, closed_at, closed_on, in_use, is_closed, unused
from sentinel_pipeline.lake.store import Lake

AT = datetime(2025, 6, 1, tzinfo=UTC)
LATER = datetime(2025, 6, 2, tzinfo=UTC)


def test_a_day_is_closed_once_and_remembers_when(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert closed_at(lake, "facts", "2025-01-10") is None
    assert not is_closed(lake, "2025-01-10")
    close(lake, "facts", "2025-01-10", AT)
    close(lake, "facts", "2025-01-10", LATER)
    assert closed_at(lake, "facts", "2025-01-10") == AT
    assert is_closed(lake, "2025-01-10")
    assert not is_closed(lake, "2025-01-11")
    assert closed_on(lake, "facts", ["2025-01-09", "2025-01-10"]) == {"2025-01-10": AT}
    assert closed_on(lake, "statistics", ["2025-01-10"]) == {}


def test_many_use_the_lake_at_once_and_whoever_deletes_waits_for_all(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with in_use(lake):
        with in_use(lake), unused(lake, 0) as is_mine:
            assert not is_mine()
        with unused(lake, 0) as is_mine:
            assert not is_mine()
    with unused(lake, 0) as is_mine:
        assert is_mine()
        with unused(lake, 0) as is_anothers:
            assert not is_anothers()
