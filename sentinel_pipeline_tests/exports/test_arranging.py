from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.exports import arranging
from sentinel_pipeline.exports.arranging import arranged
from sentinel_pipeline_tests.statistics.frames import utc

NOON = utc("2025-01-02T11:00:00")
SCHEMA = pl.Schema([("at", pl.Datetime("us", "UTC")), ("key", pl.Int64()), ("labels", pl.List(pl.String))])


def newest_first(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.sort("at", "key", descending=[True, False], nulls_last=True)


def events(seconds: list[int | None]) -> pl.LazyFrame:
    times = [None if second is None else NOON + timedelta(seconds=second) for second in seconds]
    labels = [["a", None] if number % 2 else None for number in range(len(times))]
    return pl.LazyFrame({"at": times, "key": range(len(times)), "labels": labels}, schema=SCHEMA)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arranging, "PART_ROWS", 4)


@given(st.lists(st.none() | st.integers(-100_000, 100_000) | st.sampled_from([0, 1, 59, 60]), max_size=60))
def test_parts_together_are_the_whole_in_order(seconds: list[int | None]) -> None:
    with TemporaryDirectory() as folder:
        made = arranged(events(seconds), "at", newest_first, Path(folder) / "a.parquet").collect()
    assert_frame_equal(made, newest_first(events(seconds)).collect())


def test_no_part_is_much_larger_than_asked_for(tmp_path: Path) -> None:
    heights: list[int] = []

    def counted(rows: pl.LazyFrame) -> pl.LazyFrame:
        heights.append(rows.select(pl.len()).collect().item())
        return newest_first(rows)

    arranged(events([60 * n for n in range(50)]), "at", counted, tmp_path / "a.parquet").collect()
    assert sum(heights) == 50
    assert max(heights) <= 4


def test_what_has_no_times_is_arranged_at_once(tmp_path: Path) -> None:
    place = tmp_path / "a.parquet"
    rows = events([3, 1, 2] * 10)
    made = arranged(rows, None, lambda frame: frame.sort("key", descending=True), place)
    assert made.collect()["key"].to_list() == list(range(29, -1, -1))
    assert not place.exists()
