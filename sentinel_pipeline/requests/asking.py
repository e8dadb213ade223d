"""From what somebody wrote to a request that can be filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from sentinel_pipeline.domain.errors import RequestError
from sentinel_pipeline.domain.period import CUSTOM
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.publishing.scope import Scope, tell_severities
from sentinel_pipeline.requests.entry import Known, RequestEntry
from sentinel_pipeline.requests.types import sections_of_types
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.sources.kinds import tables_given
from sentinel_pipeline.strict import allowed_keys, path_of, shown
from sentinel_pipeline.yaml_document import Lines, printable, where

MOST_MISTAKES = 50


def known(settings: Settings, today: date) -> Known:
    """What can be asked for on a day."""
    scope = Scope(tables_given((entry.name, entry.kind) for entry in settings.sources))
    delivery = settings.delivery
    cannot = delivery.channel != "directory" and getattr(delivery, delivery.channel) is None
    return Known(
        today=today,
        sources=tuple(entry.name for entry in settings.sources),
        sections=tuple(section.name for section in scope.sections_of(CUSTOM)),
        first_day=settings.first_day,
        has_key=settings.privacy_key is not None,
        mail_problem=f"delivery.{delivery.channel} has to say how to reach it" if cannot else "",
    )


def understood(written: object, offer: Known, asked_by: str, lines: Mapping[str, int] | None = None) -> Request:
    """The request that is written: a mapping as in a request file.

    `asked_by` is who asks when it names nobody; `lines` say where its keys stand. `last` ends with the day before
    `offer.today`. Raises RequestError with a line for each mistake: key path, what was found, what is allowed.
    """
    try:
        entry = RequestEntry.model_validate(written, context=offer)
    except ValidationError as error:
        told = [_mistake(dict(detail), lines or {}) for detail in error.errors()[:MOST_MISTAKES]]
        more = error.error_count() - len(told)
        raise RequestError([*told, *([f"and {more:,} mistakes more"] if more else [])]) from None
    sections = _each_once(entry.sections or sections_of_types(entry.type, offer.sections))
    if entry.severities and not tell_severities(sections or offer.sections, _each_once(entry.severities)):
        unlike = f"severities: found {', '.join(entry.severities)}; none of its sections tells these apart"
        raise RequestError([f"{unlike}{where(lines or {}, 'severities')}"])
    first, days = _days(entry, offer.today)
    everybody = entry.recipients.everybody if entry.recipients else ()
    return Request(
        name=entry.name,
        first=first,
        days=days,
        requested_by=entry.requested_by or asked_by,
        types=_each_once(entry.type),
        sections=sections,
        sources=_each_once(entry.sources),
        devices=_each_once(entry.devices),
        formats=_each_once(entry.formats),
        redaction=_each_once(entry.redaction),
        recipients=_each_once(everybody),
        severities=_each_once(entry.severities),
    )


def misfits(request: Request, offer: Known) -> list[str]:
    """A line for each thing that a filed request names and the deployment has not, or not any more."""
    asked = (("sources", request.sources, offer.sources), ("sections", request.sections, offer.sections))
    lines = [
        f"{key}: found {shown(name)}; allowed: one of {', '.join(there)}"
        for key, names, there in asked
        for name in names
        if name not in there
    ]
    return lines + ([f"recipients: {offer.mail_problem}"] if request.recipients and offer.mail_problem else [])


def _days(entry: RequestEntry, today: date) -> tuple[date, int]:
    if entry.window is not None:
        return entry.window.since, (entry.window.until - entry.window.since).days + 1
    days = entry.last or 1
    return today - timedelta(days=days), days


def _each_once(names: Any) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _mistake(detail: dict[str, Any], lines: Lines) -> str:
    path = printable(path_of(detail["loc"]))
    place = where(lines, path)
    if detail["type"] == "extra_forbidden":
        allowed = ", ".join(allowed_keys(RequestEntry, detail["loc"]))
        return f"{path}: unknown key; allowed here: {allowed}{place}"
    if detail["type"] == "missing":
        return f"{path}: missing; it has to be there{place}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{path or 'the request'}: found {shown(detail.get('input'))}; allowed: {message}{place}"
