"""The form of a custom report: what was chosen in it, understood like a request file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sentinel_pipeline.domain.errors import RequestError
from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.domain.request import FILES, Request
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.portal.forms import FilledIn
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.requests.asking import known, understood
from sentinel_pipeline.requests.entry import Known
from sentinel_pipeline.requests.types import TYPES, sections_of_types
from sentinel_pipeline.settings import Settings

SPANS: Final = (("1d", "yesterday"), ("7d", "7 days"), ("14d", "14 days"), ("30d", "30 days"), ("90d", "90 days"))
LISTS: Final = ("type", "sections", "sources", "severities", "formats", "redaction")
MEASURES: Final = ("addresses", "devices", "pseudonyms", "drop")
UNNAMED: Final = "Custom report"


@dataclass(frozen=True)
class Offer:
    """What the form offers: what a deployment has, on this day."""

    known: Known
    types: tuple[str, ...]
    spans: tuple[tuple[str, str], ...] = SPANS
    formats: tuple[str, ...] = FILES
    measures: tuple[str, ...] = MEASURES
    levels: tuple[str, ...] = LEVELS

    @property
    def sections(self) -> tuple[str, ...]:
        return self.known.sections

    @property
    def sources(self) -> tuple[str, ...]:
        return self.known.sources


def offer_of(site: Site, settings: Settings) -> Offer:
    offered = known(settings, day_of(site.clock(), site.zone))
    types = tuple(one.name for one in TYPES if sections_of_types((one.name,), offered.sections))
    return Offer(offered, types)


def written(filled: FilledIn) -> dict[str, Any]:
    """The form as a request file spells it; what was left empty is not there."""
    said: dict[str, Any] = {name: filled.several(name) for name in LISTS if filled.several(name)}
    said |= {name: filled.lines(name) for name in ("devices", "recipients") if filled.lines(name)}
    if filled.one("since") or filled.one("until"):
        said["window"] = {name: filled.one(name) for name in ("since", "until") if filled.one(name)}
    else:
        said["last"] = filled.one("last") or SPANS[1][0]
    return {"name": filled.one("name") or UNNAMED, **said}


def asked(filled: FilledIn, offer: Offer, by: str) -> tuple[Request | None, str]:
    """The request that was filled in, by whom; without one the mistakes, a line for each."""
    try:
        return understood(written(filled), offer.known, by), ""
    except RequestError as error:
        return None, "\n".join(error.mistakes)
