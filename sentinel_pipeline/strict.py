"""What entries of `sentinel.yaml` have in common: unknown keys are mistakes, secrets are references."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A mapping of the file, frozen, with nothing but the keys it declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Secret = Annotated[str, Field(pattern=r"^(env|file):.")]
"""A reference to a secret; the secret itself never stands in the file."""
