"""`corrections` of `sentinel.yaml`: how far back late facts are looked for, and when they make a new revision."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.threshold import Threshold, threshold
from sentinel_pipeline.strict import Strict


def _as_text(written: object) -> str:
    """YAML reads 5 as a number and true as a flag."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError("a share of the figure such as '1 %', or a number such as 5; 0 is every change")
    return str(written)


def _understood(written: str) -> str:
    try:
        threshold(written)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return written


class CorrectionsEntry(Strict):
    """Days that ended up to `window_days` ago are looked at again (0: none).

    A figure that changes by more than `threshold` makes the edition's next revision: a share of the figure as it was
    published, or a number in its unit.
    """

    window_days: Annotated[int, Field(ge=0, le=92)] = 7
    threshold: Annotated[str, BeforeValidator(_as_text), AfterValidator(_understood)] = "1 %"

    @property
    def limit(self) -> Threshold:
        return threshold(self.threshold)
