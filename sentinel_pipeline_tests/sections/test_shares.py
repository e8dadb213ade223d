from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.sections.shares import percent, percents, ranked, ratio
from sentinel_pipeline_tests.clocks import PATIENT


def test_shares_of_known_answer() -> None:
    assert percent(987, 1234) == 79.98
    assert percent(1, 3) == 33.33
    assert percent(2, 3) == 66.67


def test_halves_are_rounded_to_even() -> None:
    assert percent(1, 800) == 0.12  # 0.125
    assert percent(3, 800) == 0.38  # 0.375
    assert percent(5, 800) == 0.62  # 0.625
    assert ratio(25, 10, decimals=0) == 2
    assert ratio(35, 10, decimals=0) == 4
    assert ratio(-1, 800, scale=100) == -0.12


def test_of_nothing_there_is_no_share() -> None:
    assert percent(0, 0) is None
    assert percents(pl.Series([0, 0], dtype=pl.Int64), 0).to_list() == [None, None]


def test_shares_go_row_by_row() -> None:
    assert percents(pl.Series([1, 1, 0]), pl.Series([2, 4, 0])).to_list() == [50.0, 25.0, None]
    assert percents(pl.Series([], dtype=pl.Int64), 3).dtype == pl.Float64


@PATIENT
@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_a_share_is_exact(part: int, whole: int) -> None:
    exact = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert percent(part, whole) == float(exact)


def test_ties_go_by_name_and_the_unknown_comes_last() -> None:
    table = pl.DataFrame({"name": ["b", None, "a", "c"], "count": [2, 2, 2, 9]})
    assert ranked(table, "count", ["name"])["name"].to_list() == ["c", "a", "b", None]
