from collections.abc import Callable
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.exports.evaluation import evaluated, totals
from sentinel_pipeline.exports.formulas import Known, Name, Node, Number, Operation, Rounded, parsed
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.statistics.frames import utc

NAN = float("nan")


def column(text: str, zone: ZoneInfo = BERLIN, **columns: Any) -> list[float | None]:
    rows = pl.DataFrame(columns, strict=False)
    node = parsed(text, Known(rows.schema))
    return evaluated(node, rows, totals(node, rows.lazy(), zone)).to_list()


def test_what_is_unknown_and_what_is_divided_by_zero_is_empty() -> None:
    assert column("a / b", a=[6, 6, 0, None, -6], b=[4, 0, 0, 2, -0.0]) == [1.5, None, None, None, None]
    for rows in (1, 2, 100):
        assert column("a / 1000000", a=[11990.0] * rows) == [0.01199] * rows
    assert column("1 / (1 / a)", a=[0.0, 2.0]) == [None, 2.0]
    assert column("0 * a", a=[None, 3]) == [None, 0]
    assert column("a * a - a * a", a=[1e200]) == [None]
    assert column("a + 1", a=[NAN, float("inf")]) == [None, None]


def test_rounding_is_half_to_even() -> None:
    assert column("ROUND(a, 0)", a=[0.5, 1.5, 2.5, -2.5]) == [0, 2, 2, -2]
    assert column("ROUND(a, 2)", a=[0.125, 0.375, 1e300, None]) == [0.12, 0.38, 1e300, None]


def test_aggregates_are_over_all_rows_and_stand_in_each() -> None:
    power = [1.0, None, 4.0]
    assert column("SUM(a)", a=power) == [5, 5, 5]
    assert column("AVG(a)", a=power) == [2.5] * 3
    assert column("MAX(a) - MIN(a)", a=power) == [3] * 3
    assert column("COUNT(a) + 10 * COUNT(*)", a=power) == [32] * 3
    assert column("COUNT(1 / a)", a=[0.0, 1.0]) == [1, 1]
    assert column("100 * a / SUM(a)", a=power) == [20, None, 80]
    assert column("COUNT(DISTINCT t)", t=["x", "y", "x", None]) == [2] * 4
    assert column("ROUND(SUM(a) / 3, 1)", a=power) == [1.7] * 3


def test_of_nothing_there_is_no_sum_but_a_count() -> None:
    unknown = pl.Series([None], dtype=pl.Float64)
    for function in ("SUM", "AVG", "MIN", "MAX"):
        assert column(f"{function}(a)", a=unknown) == [None]
    assert column("COUNT(a)", a=unknown) == [0]
    assert column("SUM(a)", a=[1.7e308, 1.7e308]) == [None, None]


def test_days_are_those_of_the_zone() -> None:
    at = [utc("2025-01-01T22:30:00"), utc("2025-01-01T23:30:00"), None, utc("2025-01-02T22:59:59")]
    assert column("COUNT(DISTINCT DATE(t))", t=at) == [2] * 4
    assert column("COUNT(DISTINCT DATE(t))", ZoneInfo("Asia/Tokyo"), t=at) == [2] * 4
    assert column("COUNT(DISTINCT DATE(t))", ZoneInfo("Pacific/Kiritimati"), t=at[:2]) == [1] * 2


def test_a_sum_keeps_every_digit_in_whatever_order_the_rows_come() -> None:
    values = [1e16, 1.0, -1e16, *[0.1] * 10]
    for order in (values, values[::-1], sorted(values)):
        assert column("SUM(a)", a=order)[0] == 2.0


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_sums_are_those_of_fractions_rounded_once(values: list[float]) -> None:
    assert column("SUM(a)", a=values)[0] == float(sum(map(Fraction, values)))


NUMBERS = st.integers(-8, 8).map(float)
NODES: st.SearchStrategy[Node] = st.recursive(
    NUMBERS.map(Number) | st.sampled_from("ab").map(Name),
    lambda nodes: st.builds(Operation, st.sampled_from("+-*/"), nodes, nodes) | st.builds(Rounded, nodes, st.just(0)),
    max_leaves=8,
)
EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def exact(node: Node, row: dict[str, float | None]) -> Fraction | None:
    """Each step in fractions, then rounded to a real once, as IEEE 754 has it."""
    match node:
        case Number(value):
            return Fraction(value)
        case Name(name):
            known = row[name]
            return None if known is None else Fraction(known)
        case Operation(sign, left, right):
            first, second = exact(left, row), exact(right, row)
            if first is None or second is None or (sign == "/" and second == 0):
                return None
            return Fraction(float(first / second if sign == "/" else EXACT[sign](first, second)))
        case Rounded(of, digits):
            inner = exact(of, row)
            return None if inner is None else Fraction(round(float(inner), digits))
    raise AssertionError(node)


def written(node: Node) -> str:
    match node:
        case Number(value):
            return f"(-{-value})" if value < 0 else str(value)
        case Operation(sign, left, right):
            return f"({written(left)} {sign} {written(right)})"
        case Rounded(of, digits):
            return f"ROUND({written(of)}, {digits})"
        case Name(name):
            return name
    raise AssertionError(node)


@given(NODES, NUMBERS | st.none(), NUMBERS | st.none())
def test_arithmetic_is_that_of_fractions(node: Node, a: float | None, b: float | None) -> None:
    rows: dict[str, Any] = {"a": pl.Series([a], dtype=pl.Float64), "b": pl.Series([b], dtype=pl.Float64)}
    (found,) = column(written(node), BERLIN, **rows)
    wanted = exact(node, {"a": a, "b": b})
    assert found == (None if wanted is None else float(wanted))
