"""What entries of `sentinel.yaml` have in common: unknown keys are mistakes, secrets are references, days are days."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import day_from_key


class Strict(BaseModel):
    """A mapping of the file, frozen, with nothing but the keys it declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Secret = Annotated[str, Field(pattern=r"^(env|file):.")]
"""A reference to a secret; the secret itself never stands in the file."""


def _a_day(written: object) -> date:
    try:
        return day_from_key(str(written))
    except UsageError:
        raise ValueError("a day, written YYYY-MM-DD") from None


Day = Annotated[date, BeforeValidator(_a_day)]
"""Only as YYYY-MM-DD: a number would be taken for seconds since 1970."""
