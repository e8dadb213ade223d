"""How much a figure may change before those who have it are told at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sentinel_pipeline.domain.errors import UsageError

WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)")
Value = int | float | str | None


@dataclass(frozen=True)
class Threshold:
    """A share of the figure as it was published, in percent, or a number in the figure's own unit."""

    amount: float
    is_relative: bool

    def is_exceeded(self, before: Value, after: Value) -> bool:
        """Whether the change is more than may wait.

        What could not be told, or is told in words, has no size: any other value counts. Of 0 every share is 0, so that
        with a relative threshold whatever comes after 0 counts.
        """
        if before == after:
            return False
        if not isinstance(before, int | float) or not isinstance(after, int | float):
            return True
        change = abs(after - before)
        if math.isnan(change):
            return True
        return change * 100 > self.amount * abs(before) if self.is_relative else change > self.amount

    def __str__(self) -> str:
        return f"{self.amount:g}{' %' if self.is_relative else ''}"


def threshold(written: str) -> Threshold:
    """`1 %` or `5` understood. Raises UsageError for anything else."""
    match = WRITTEN.fullmatch(written.strip())
    if match is None:
        raise UsageError("a share of the figure such as '1 %', or a number such as 5; 0 is every change")
    return Threshold(float(match[1]), bool(match[2]))
