"""A request as it is written, in a file, as options or by a portal: what may stand in it, a line for each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from sentinel_pipeline.delivery_entries import Format, Line, Recipients
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import MOST_DAYS, day_from_key
from sentinel_pipeline.requests.types import TYPES, sections_of_types
from sentinel_pipeline.strict import Level, Strict

LAST = re.compile(r"([1-9][0-9]{0,2})d")
KEYED = ("devices", "pseudonyms")
MOST_LISTED = 200


@dataclass(frozen=True)
class Known:
    """What a deployment has to offer on a day: sources, sections, its first day if it is known.

    `has_key`: pseudonyms can be made; `mail_problem` says why no mail can leave, nothing when it can.
    """

    today: date
    sources: tuple[str, ...]
    sections: tuple[str, ...]
    first_day: date | None = None
    has_key: bool = False
    mail_problem: str = ""


def _known(info: ValidationInfo) -> Known:
    known = info.context
    if not isinstance(known, Known):
        raise TypeError("a request is understood by what a deployment has to offer")
    return known


def _one_of(name: str, names: Iterable[str]) -> str:
    allowed = tuple(names)
    if name not in allowed:
        raise ValueError(f"one of {', '.join(allowed)}")
    return name


def _several(written: object) -> object:
    """A single text is a list of one."""
    return [written] if isinstance(written, str) else written


def _type(name: str, info: ValidationInfo) -> str:
    _one_of(name, (one.name for one in TYPES))
    if not sections_of_types((name,), _known(info).sections):
        raise ValueError("a type that some source here has figures for")
    return name


def _section(name: str, info: ValidationInfo) -> str:
    return _one_of(name, _known(info).sections)


def _source(name: str, info: ValidationInfo) -> str:
    return _one_of(name, _known(info).sources)


def _measure(name: str, info: ValidationInfo) -> str:
    if name in KEYED and not _known(info).has_key:
        raise ValueError("addresses or drop; pseudonyms need privacy.key in sentinel.yaml")
    return name


def _day(written: object) -> object:
    try:
        return day_from_key(written) if isinstance(written, str) else written
    except UsageError:
        raise ValueError("a day, written YYYY-MM-DD") from None


def _over(day: date, info: ValidationInfo) -> date:
    if day >= (today := _known(info).today):
        raise ValueError(f"a day that is over; today is {today}")
    return day


def _span(written: object) -> object:
    match = LAST.fullmatch(written) if isinstance(written, str) else None
    if match is None or int(match[1]) > MOST_DAYS:
        raise ValueError(f"days such as 7d, from 1d to {MOST_DAYS}d")
    return int(match[1])


def _written_as_text(written: object) -> object:
    """A number would be taken for seconds since 1970."""
    if not isinstance(written, str | date):
        raise ValueError("a day, written YYYY-MM-DD")
    return written


Day = Annotated[date, BeforeValidator(_day), BeforeValidator(_written_as_text)]
Listed: Any = Field(default_factory=list, max_length=MOST_LISTED)
Texts = Annotated[list[Line], BeforeValidator(_several)]


class WindowEntry(Strict):
    """Whole days in the configured zone, `until` included."""

    since: Day
    until: Annotated[Day, AfterValidator(_over)]

    @model_validator(mode="after")
    def _is_long_enough(self, info: ValidationInfo) -> Self:
        if not 1 <= (self.until - self.since).days + 1 <= MOST_DAYS:
            raise ValueError(f"since and until from 1 to {MOST_DAYS} days apart, both included")
        first = _known(info).first_day
        if first is not None and self.until < first:
            raise ValueError(f"days of which there is data, from {first} on")
        return self


class RequestEntry(Strict):
    """What a request may say; `window` or `last`, `type` or `sections` or neither."""

    name: Line = "Custom report"
    window: WindowEntry | None = None
    last: Annotated[int, BeforeValidator(_span)] | None = None
    type: Annotated[list[Annotated[str, AfterValidator(_type)]], BeforeValidator(_several)] = Listed
    sections: Annotated[list[Annotated[str, AfterValidator(_section)]], BeforeValidator(_several)] = Listed
    sources: Annotated[list[Annotated[str, AfterValidator(_source)]], BeforeValidator(_several)] = Listed
    devices: Texts = Listed
    severities: Annotated[list[Level], BeforeValidator(_several)] = Listed
    formats: Annotated[list[Format], BeforeValidator(_several)] = Listed
    redaction: Annotated[
        list[Annotated[Literal["addresses", "devices", "pseudonyms", "drop"], AfterValidator(_measure)]],
        BeforeValidator(_several),
    ] = Listed
    recipients: Recipients | None = None
    requested_by: Line | None = None

    @field_validator("recipients", mode="before")
    @classmethod
    def _a_list_is_to(cls, written: Any, info: ValidationInfo) -> Any:
        if written is not None and (problem := _known(info).mail_problem):
            raise ValueError(f"nobody, for mail cannot leave: {problem}")
        return {"to": _several(written)} if isinstance(written, list | str) else written

    @model_validator(mode="after")
    def _says_when_and_what_once(self) -> Self:
        if (self.window is None) == (self.last is None):
            raise ValueError("either window (since and until) or last (such as 7d)")
        if self.type and self.sections:
            raise ValueError("either type or sections")
        return self
