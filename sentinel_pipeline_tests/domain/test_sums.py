from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import SumTooLargeError
from sentinel_pipeline.domain.sums import LARGEST_COUNT, LARGEST_SUM, exact_sum, quotient, refusing, require_summable
from sentinel_pipeline_tests.clocks import PATIENT

numbers = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, LARGEST_COUNT)


def counted(values: list[int | None], groups: list[int]) -> pl.LazyFrame:
    return pl.LazyFrame({"group": groups, "bytes": values}, schema={"group": pl.Int64, "bytes": pl.Int64})


@PATIENT
@given(st.lists(st.tuples(numbers, st.integers(0, 2)), max_size=30))
def test_a_sum_is_exactly_pythons_or_refused(rows: list[tuple[int | None, int]]) -> None:
    values, groups = [value for value, _ in rows], [group for _, group in rows]
    expected = {group: sum(value or 0 for value, of in rows if of == group) for group in set(groups)}
    query = counted(values, groups).group_by("group").agg(exact_sum("bytes"))
    if all(-(2**63) <= one < 2**63 for one in expected.values()):
        with refusing("connections"):
            assert dict(query.collect(engine="streaming").iter_rows()) == expected
    else:
        with pytest.raises(SumTooLargeError), refusing("connections"):
            query.collect(engine="streaming")


def test_what_is_too_large_is_one_line_that_names_it() -> None:
    rows = counted([LARGEST_COUNT] * 1_025, [1] * 1_025)
    message = r"^connections of 2025-01-01: adds up to more than .*mend"
    with pytest.raises(SumTooLargeError, match=message) as refusal, refusing("connections of 2025-01-01"):
        rows.select(exact_sum("bytes")).collect()
    assert len(str(refusal.value).splitlines()) == 1


def test_another_mistake_keeps_its_own_name() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError), refusing("connections"):
        pl.DataFrame({"bytes": ["x"]}).select(pl.col("bytes").cast(pl.Int64))


def test_a_table_is_summable_while_two_of_its_columns_together_fit() -> None:
    most = pl.DataFrame({"name": ["a", "b"], "sent": [LARGEST_SUM - 1, 1], "received": [LARGEST_SUM, None]})
    require_summable(most, "hours")
    assert most.select(pl.col("sent").sum() + pl.col("received").sum()).item() == 2 * LARGEST_SUM
    with pytest.raises(SumTooLargeError, match=r"^hours, sent: "):
        require_summable(most.with_columns(sent=pl.lit(LARGEST_SUM)), "hours")


@PATIENT
@given(st.lists(st.integers(-(2**53), 2**53), min_size=1), st.sampled_from([60, 3600, 1_000_000]))
def test_a_quotient_is_the_number_next_to_it(numbers: list[int], divisor: int) -> None:
    frame = pl.DataFrame({"n": [*numbers, None]}, schema={"n": pl.Int64})
    assert frame.select(quotient(pl.col("n"), divisor)).to_series().to_list() == [*(n / divisor for n in numbers), None]


def test_a_quotient_by_a_million_has_no_noise_behind_it() -> None:
    assert pl.select(quotient(pl.lit(11_990), 1_000_000)).item() == 0.01199
