"""What entries of `sentinel.yaml` and requests have in common: unknown keys are mistakes, secrets are references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import day_from_key

LONGEST_SHOWN = 60


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


Level = Literal["critical", "high", "medium", "low", "info", "unknown"]
Day = Annotated[date, BeforeValidator(_a_day)]
"""Only as YYYY-MM-DD: a number would be taken for seconds since 1970."""


def path_of(location: Sequence[int | str]) -> str:
    """`sources[0].name`, of a mistake's place."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def shown(value: object) -> str:
    """A single value as it was written, shortened; of what holds others only the shape."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}…"


def allowed_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys of the mapping that holds the last part of a location."""
    for part in location[:-1]:
        if isinstance(part, str):
            model = next(_models(model.model_fields[part].annotation))
    return list(model.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The models of an annotation: itself, or those in its union or list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
