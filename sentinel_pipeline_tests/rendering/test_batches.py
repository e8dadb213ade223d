"""Rows come in their order, a few thousand at a time, and are heard of when they have been used."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.rendering.batches import BATCH_ROWS, batches
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS, Format

ROWS = 2 * BATCH_ROWS + 1
STREAMED = [one for one in FORMATS if one.name != "pdf"]


def numbers(rows: int = ROWS) -> pl.LazyFrame:
    return pl.LazyFrame({"number": range(rows)})


def test_batches_keep_order_and_lose_nothing() -> None:
    parts = list(batches(numbers()))
    assert max(part.height for part in parts) <= BATCH_ROWS
    assert pl.concat(parts)["number"].to_list() == list(range(ROWS))


def test_a_batch_is_heard_of_only_after_it_was_used() -> None:
    told: list[int] = []
    going = batches(numbers(), told.append)
    first = next(going)
    assert told == []
    next(going)
    assert told == [first.height]


@pytest.mark.parametrize("kind", STREAMED, ids=lambda kind: kind.name)
def test_every_writer_tells_of_all_its_rows(kind: Format, tmp_path: Path) -> None:
    told: list[int] = []
    assert kind.write(numbers(), tmp_path / "rows", Spelling(ZoneInfo("UTC")), told.append) == ROWS == sum(told)
