import polars as pl
import pytest

from sentinel_pipeline.domain.severity import LEVELS, RANK, severity


def levels_of(*values: object) -> list[str]:
    return pl.DataFrame({"found": pl.Series(values, strict=False)}).select(severity("found")).to_series().to_list()


def test_levels_stand_from_the_most_severe_to_the_unknown() -> None:
    assert LEVELS == ("critical", "high", "medium", "low", "info", "unknown")
    assert sorted(LEVELS, key=RANK.__getitem__) == list(LEVELS)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_known_in_any_case_and_with_space_around_it(level: str) -> None:
    assert levels_of(level.upper(), f"  {level.title()}\t") == [level, level]


def test_whatever_is_no_level_is_unknown() -> None:
    assert levels_of(None, "", "severe", "crit", "high!") == ["unknown"] * 5


def test_numbers_are_no_levels() -> None:
    assert levels_of(1, 2, None) == ["unknown"] * 3


def test_an_expression_is_taken_as_well_as_a_column() -> None:
    frame = pl.DataFrame({"a": ["HIGH", None]})
    assert frame.select(severity(pl.col("a").fill_null("low"))).to_series().to_list() == ["high", "low"]
