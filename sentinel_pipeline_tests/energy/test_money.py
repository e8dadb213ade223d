from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.energy.money import apportioned, half_even, minor_digits, rounded
from sentinel_pipeline_tests.clocks import BRIEF


@given(st.lists(st.integers(-(10**30), 10**30), min_size=1), st.integers(1, 10**15))
@BRIEF
def test_integers_are_divided_as_python_rounds_fractions(numerators: list[int], denominator: int) -> None:
    expected = [round(Fraction(one, denominator)) for one in numerators]
    held = [(one, want) for one, want in zip(numerators, expected, strict=True) if abs(want) < 2**62]
    frame = pl.DataFrame({"n": pl.Series([one for one, _ in held], dtype=pl.Int128)})
    assert frame.select(half_even(pl.col("n"), denominator)).to_series().to_list() == [want for _, want in held]


@pytest.mark.parametrize(("written", "shown"), [("2.5", "2"), ("3.5", "4"), ("-2.5", "-2"), ("2.51", "3")])
def test_halves_go_to_the_even_neighbour(written: str, shown: str) -> None:
    assert str(rounded(Decimal(written), 0)) == shown


def test_the_largest_remainder_gets_what_is_left_and_of_equal_ones_the_first() -> None:
    assert apportioned([Fraction(1, 3)] * 3, 2) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert apportioned([Fraction("0.334"), Fraction("0.333"), Fraction("0.333")], 0) == [1, 0, 0]
    assert apportioned([], 2) == []


@given(st.lists(st.fractions(-1000, 1000, max_denominator=9999)), st.integers(0, 4))
@BRIEF
def test_parts_add_up_to_the_rounded_sum_and_are_never_off_by_a_whole_unit(parts: list[Fraction], digits: int) -> None:
    found = apportioned(parts, digits)
    assert sum(found) == rounded(sum(parts, Fraction()), digits)
    assert all(abs(Fraction(one) - part) < Fraction(1, 10**digits) for one, part in zip(found, parts, strict=True))


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("JPY", 0), ("TND", 3), ("CLF", 4), ("XOF", 0), ("QQQ", 2)]
)
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
