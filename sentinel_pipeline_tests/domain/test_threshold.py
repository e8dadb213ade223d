"""Which changes of a figure may wait for the next edition."""

from __future__ import annotations

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.threshold import Value, threshold


@pytest.mark.parametrize(
    ("written", "before", "after", "is_exceeded"),
    [
        ("1 %", 200, 202, False),
        ("1 %", 200, 203, True),
        ("1%", -200.0, -203.0, True),
        ("1 %", 0, 1, True),
        ("1 %", 0, 0, False),
        ("1 %", None, 0, True),
        ("1 %", 5, None, True),
        ("1 %", "PAN", "SSN", True),
        ("1 %", "PAN", "PAN", False),
        ("2", 1000, 1002, False),
        ("2", 1000, 1003, True),
        ("2", 0, 2, False),
        ("0", 10, 10.01, True),
        ("100 %", 3, 7, True),
        ("1 %", 5.0, float("nan"), True),
    ],
)
def test_a_share_or_a_number_may_wait(written: str, before: Value, after: Value, is_exceeded: bool) -> None:
    assert threshold(written).is_exceeded(before, after) is is_exceeded


@pytest.mark.parametrize("written", ["", "-1", "1 %%", "one", "1e3", "5 kWh"])
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="a share of the figure such as '1 %', or a number"):
        threshold(written)


def test_it_is_written_as_it_is_understood() -> None:
    assert [str(threshold(written)) for written in ("1%", "2.50", " 0 ")] == ["1 %", "2.5", "0"]
