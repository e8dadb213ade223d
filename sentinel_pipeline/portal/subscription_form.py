"""The form of a subscription: what was filled in as `sentinel.yaml` spells it, and an entry as the form shows it."""

from __future__ import annotations

from typing import Any, Final

from sentinel_pipeline.delivery_entries import SubscriptionEntry
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.domain.request import FILES
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.portal.forms import FilledIn
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline.settings import Settings

CHOSEN: Final = ("formats", "sections", "sources", "severities", "redaction")
RESERVED: Final = "new"
WRITTEN: Final = ("schedule", "only_if", "enclose")


def written(filled: FilledIn) -> dict[str, Any]:
    """What was left empty is not there, and so as it is without it. Raises UsageError for a name that has no page."""
    name = filled.one("name")
    if "/" in name or name == RESERVED:  # its page has its name as address
        raise UsageError(f"name: found '{name}'; allowed: a name without /, other than {RESERVED}")
    said: dict[str, Any] = {"name": name, "cadence": filled.one("cadence")}
    said["recipients"] = filled.lines("recipients")
    said |= {name: filled.several(name) for name in CHOSEN if filled.several(name)}
    said |= {name: filled.one(name) for name in WRITTEN if filled.one(name)}
    said |= {"devices": filled.lines("devices")} if filled.lines("devices") else {}
    return said


def filled_with(entry: SubscriptionEntry) -> FilledIn:
    """The form of a subscription that there is."""
    fields: dict[str, tuple[str, ...]] = {
        "name": (entry.name,),
        "cadence": (entry.cadence,),
        "enclose": (entry.enclose,),
    }
    fields["recipients"] = ("\n".join(entry.recipients.everybody),)
    fields["devices"] = ("\n".join(entry.devices or ()),)
    for name in CHOSEN:
        fields[name] = tuple(getattr(entry, name) or ())
    for name in ("schedule", "only_if"):
        fields[name] = (getattr(entry, name) or "",)
    return FilledIn(fields)


def offer_of(settings: Settings) -> dict[str, Any]:
    """What the form offers."""
    return {
        "cadences": CADENCES,
        "formats": FILES,
        "sections": [section.name for section in SECTIONS],
        "sources": [entry.name for entry in settings.sources],
        "levels": LEVELS,
        "measures": ("addresses", "devices", "pseudonyms", "drop"),
        "figures": [figure.id for figure in FIGURES],
        "has_links": settings.delivery.base_url is not None,
        "times": {name: getattr(settings.schedules, name) or "off" for name in CADENCES},
    }
