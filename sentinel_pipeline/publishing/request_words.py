"""What a report says of having been cut down: by whom it is told what it leaves out, no number is taken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sentinel_pipeline.domain.privacy import ADDRESSES, DEVICES, DROP, PSEUDONYMS
from sentinel_pipeline.publishing.narrowing import Narrowing
from sentinel_pipeline.publishing.scope import Scope
from sentinel_pipeline.sections.findings import listed
from sentinel_pipeline.sections.section import Section

HIDING = {
    ADDRESSES: "addresses are shortened",
    DEVICES: "devices go by pseudonyms",
    PSEUDONYMS: "persons go by pseudonyms",
    DROP: "names of persons are removed",
}
# Sections of which each day keeps so many only, of whatever device.
OF_SOME = {
    "newest 200": ("latest_alerts", "unacknowledged_rule_events"),
    "longest 200": ("longest_connections",),
    "steadiest 500": ("beacons",),
}
MOST_NAMED = 10

Hide = Callable[[str], str]


def cut_words(narrowing: Narrowing, hide: Hide) -> Iterator[str]:
    """A sentence on whose data alone is told; nothing for a report of everything."""
    parts = [f"what {_named(narrowing.sources)} gave"] if narrowing.sources else []
    parts += [f"of {_named([hide(device) for device in narrowing.devices])}"] if narrowing.devices else []
    if parts:
        yield f"Only {' '.join(parts)}."
    if narrowing.severities:
        yield f"Only of severity {listed(narrowing.severities)}."


def request_words(scope: Scope, hide: Hide) -> tuple[str, ...]:
    """A paragraph on what was asked for, which filter applies, and what is left out for it; none without a request."""
    narrowing = scope.narrowing
    said = " ".join(_sentences(scope, narrowing, hide))
    return (said,) if said else ()


def _sentences(scope: Scope, narrowing: Narrowing, hide: Hide) -> Iterator[str]:
    if narrowing.name:
        yield f"“{hide(narrowing.name)}”, as it was requested."
    yield from cut_words(narrowing, hide)
    for lost, what in ((scope.not_of_devices, "devices"), (scope.not_of_severities, "severities")):
        if lost:
            yield f"Left out, since what they count does not tell {what} apart: {listed(_titles(lost, scope))}."
    if narrowing.severities:
        yield "Shares are of what has these severities; how much could be read is told of all."
    is_cut = narrowing.sources or narrowing.devices or narrowing.severities
    for some, names in OF_SOME.items() if is_cut else ():
        titles = [section.title for section in scope.sections if section.name in names]
        if titles:
            yield f"{listed(titles)}: those among the {some} of all on each day."
    hiding = [words for measure, words in HIDING.items() if measure in narrowing.privacy.measures]
    if hiding:
        said = listed(hiding)
        yield f"{said[0].upper()}{said[1:]}."


def _titles(lost: tuple[Section, ...], scope: Scope) -> list[str]:
    """What is left out: where no sections were asked for, those on a topic of which nothing is left in one word."""
    told = {section.topic for section in (scope.sections if not scope.narrowing.sections else lost)}
    topics = list(dict.fromkeys(section.topic for section in lost if section.topic not in told))
    titles = [section.title for section in lost if section.topic in told]
    return [*titles, *([f"everything on {listed(topics)}"] if topics else [])]


def _named(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])} and {more:,} more" if more > 0 else listed(names)


def request_entry(narrowing: Narrowing, hide: Hide) -> dict[str, object]:
    """What the manifest says of a request; nothing of a report that nobody requested."""
    if not narrowing.name:
        return {}
    lists = {name: [hide(one) for one in getattr(narrowing, name)] for name in ("sections", "sources", "devices")}
    named = {"name": hide(narrowing.name), "requested_by": hide(narrowing.requested_by)}
    levels = {"severities": list(narrowing.severities)} if narrowing.severities else {}
    return {"request": {**named, **lists, **levels, "redaction": sorted(narrowing.privacy.measures)}}
