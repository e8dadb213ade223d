from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ENERGY_READINGS
from sentinel_pipeline.exports.formulas import (
    MOST_CHARACTERS,
    MOST_NESTED,
    Aggregate,
    Distinct,
    Known,
    Name,
    Number,
    Operation,
    Rounded,
    parsed,
)

KNOWN = Known(ENERGY_READINGS.schema, frozenset({"device_ip"}))
POWER, VOLTAGE = Name("power_w"), Name("voltage_v")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1 + 2 * 3", Operation("+", Number(1), Operation("*", Number(2), Number(3)))),
        ("(1 + 2) * 3", Operation("*", Operation("+", Number(1), Number(2)), Number(3))),
        ("8 - 4 - 2", Operation("-", Operation("-", Number(8), Number(4)), Number(2))),
        ("8 / 4 / 2", Operation("/", Operation("/", Number(8), Number(4)), Number(2))),
        ("-power_w*2", Operation("*", Operation("*", Number(-1), POWER), Number(2))),
        ("2 - -1", Operation("-", Number(2), Operation("*", Number(-1), Number(1)))),
        (".5 + 1.e2 + 2E-1", Operation("+", Operation("+", Number(0.5), Number(100)), Number(0.2))),
        ("round(power_w, 2)", Rounded(POWER, 2)),
        ("Sum(power_w / 2)", Aggregate("SUM", Operation("/", POWER, Number(2)))),
        ("AVG(power_w)-MIN(voltage_v)", Operation("-", Aggregate("AVG", POWER), Aggregate("MIN", VOLTAGE))),
        ("COUNT(*)", Aggregate("COUNT", None)),
        ("COUNT(device_name)", Aggregate("COUNT", Name("device_name"))),
        ("COUNT(power_w / voltage_v)", Aggregate("COUNT", Operation("/", POWER, VOLTAGE))),
        ("COUNT(DISTINCT device_name)", Distinct("device_name", is_date=False)),
        ("count(distinct date(read_at))", Distinct("read_at", is_date=True)),
    ],
)
def test_a_formula_is_read_as_arithmetic_is(text: str, node: Any) -> None:
    assert parsed(text, KNOWN) == node


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "a number, a column or a function is expected, not 'the end'"),
        ("1 +", 4, "a number, a column or a function is expected, not 'the end'"),
        ("1 2", 3, "an operator or the end is expected, not '2'"),
        ("(1", 3, r"'\)' is expected, not 'the end'"),
        ("1)", 2, r"an operator or the end is expected, not '\)'"),
        ("power", 1, "'power' is no column; there are power_w, voltage_v, current_a"),
        ("1 + is_on", 5, "'is_on' is no column of numbers; there are power_w"),
        ("POWER(2, 3)", 1, "'POWER' is no function; there are ROUND, SUM, AVG, MIN, MAX, COUNT"),
        ("ROUND(1)", 8, r"',' is expected, not '\)'"),
        ("ROUND(1, 16)", 10, "ROUND takes 0 to 15 decimals, not '16'"),
        ("ROUND(1, power_w)", 10, "ROUND takes 0 to 15 decimals, not 'power_w'"),
        ("SUM(1 + AVG(power_w))", 9, "AVG inside SUM: compute a column of it first"),
        ("COUNT(nothing)", 7, "'nothing' is no column; there are source, "),
        ("COUNT(DISTINCT DATE(power_w))", 21, "power_w is no time; DATE takes one"),
        ("COUNT(device_ip)", 7, "device_ip is personal, and --privacy keeps it back"),
        ("COUNT(DISTINCT device_ip)", 16, "device_ip is personal, and --privacy keeps it back"),
        ("1e999", 1, "a number too large"),
        ("power_w ** 2", 10, r"a number, a column or a function is expected, not '\*'"),
        ("__import__('os')", 12, "''' has no meaning here"),
        ("power_w.real", 8, "'.' has no meaning here"),
        ("1\u202e", 2, r"'U\+202E' has no meaning here"),
        ("1\x1b", 2, r"'U\+001B' has no meaning here"),
    ],
)
def test_a_mistake_is_one_line_that_says_the_column_of_the_text(text: str, column: int, what: str) -> None:
    with pytest.raises(UsageError, match=rf", column {column}: {what}") as refusal:
        parsed(text, KNOWN)
    assert str(refusal.value).isprintable()


def test_depth_and_length_are_bounded() -> None:
    depth = MOST_NESTED - 1
    parsed("(" * depth + "1" + ")" * depth, KNOWN)
    for signs in ("(", "-", "ROUND("):
        with pytest.raises(UsageError, match=f"nested more than {MOST_NESTED} deep"):
            parsed(signs * MOST_NESTED + "1", KNOWN)
    parsed("1+" * (MOST_CHARACTERS // 2 - 1) + "1", KNOWN)
    with pytest.raises(UsageError, match=f"column {MOST_CHARACTERS + 1}: a formula has at most"):
        parsed("1+" * (MOST_CHARACTERS // 2) + "1", KNOWN)


WORDS = st.sampled_from(["power_w", "ROUND", "SUM", "COUNT", "DISTINCT", "DATE", "read_at", *"()+-*/,. 17\n'\\é"])


@given(st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=40))
def test_whatever_is_written_is_a_formula_or_one_line(text: str) -> None:
    try:
        parsed(text, KNOWN)
    except UsageError as error:
        refusal = str(error)
    else:
        return
    assert refusal.startswith("--compute '")
    assert refusal.isprintable()
