from datetime import datetime

import polars as pl
from rich.cells import cell_len

from sentinel_pipeline.rendering.aligned import WIDEST, aligned
from sentinel_pipeline.rendering.characters import SPACES
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.rendering.hostile import shared_texts
from sentinel_pipeline_tests.statistics.frames import utc

SPELLING = Spelling(BERLIN)


def lines(**columns: list[str | int | datetime | None]) -> list[str]:
    return list(aligned(pl.DataFrame(columns), SPELLING))


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    assert lines(user=["ann", None], count=[5, 1200]) == [
        "user  count",
        "────  ─────",
        "ann       5",
        "–      1200",
    ]


def test_times_are_those_of_the_zone() -> None:
    assert lines(at=[utc("2025-07-01T10:00:00")])[2] == "2025-07-01T12:00:00+02:00"


def test_wide_characters_count_twice_and_long_text_is_cut_with_a_mark() -> None:
    found = lines(name=["客厅灯", "x" * 100, "客" * 30], count=[1, 2, 3])
    assert len({cell_len(line) for line in found}) == 1
    assert all(cell_len(line) <= WIDEST + 2 + len("count") for line in found)
    assert found[3].startswith("x" * (WIDEST - 1) + "…")


def test_hostile_text_moves_no_cursor_and_makes_no_line() -> None:
    texts = [*shared_texts(), "\x1b[2J\x1b]0;title\x07", "a\r\nb", "\u202eabc", "\x9b31m"]
    found = lines(name=list(texts))
    assert len(found) == len(texts) + 2
    assert all(character.isprintable() or character in SPACES for line in found for character in line)


def test_no_rows_are_a_header() -> None:
    assert list(aligned(pl.DataFrame(schema={"a": pl.String}), SPELLING)) == ["a", "─"]
