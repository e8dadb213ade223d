"""The executive summary as text, laid out line by line as IoTSentinel documents it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.rendering.characters import printable
from sentinel_pipeline.rendering.quantities import decimals

UNKNOWN = "n/a (no data)"
MOST_LISTED = 5
MOST_DETAILED = 10

Value = int | float | str | None


@dataclass(frozen=True)
class Counted:
    """A protocol, a destination or a data type with how often it occurred."""

    name: str | None
    count: int


@dataclass(frozen=True)
class Talker:
    """A device and the MB (2^20 bytes) it sent and received."""

    name: str | None
    address: str
    megabytes: float


@dataclass(frozen=True)
class SummaryFacts:
    """What the summary says of a period.

    `figures` are the report's facts by id: an absent id belongs to a system that is not configured and has no line,
    None is a figure that cannot be told; `units` are those that depend on the data, by id. The lists are in order, most
    first; None where nothing is known of them.
    """

    period: Period
    figures: Mapping[str, Value]
    protocols: tuple[Counted, ...] | None = None
    talkers: tuple[Talker, ...] | None = None
    destinations: tuple[Counted, ...] | None = None
    alert_severities: Mapping[str, int] = field(default_factory=dict)
    incident_severities: Mapping[str, int] = field(default_factory=dict)
    data_types: tuple[Counted, ...] | None = None
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """`- Label: value`, for one figure."""

    figure: str
    label: str
    unit: str = ""


NETWORK = (
    Line("total_devices", "Total Devices"),
    Line("active_devices", "Active Devices (24h)"),
    Line("blocked_devices", "Blocked Devices"),
)
ALERTS = (Line("total_alerts", "Total Alerts"),)
ACTIVITY = (Line("total_connections", "Total Connections"), Line("data_transferred_mb", "Data Transferred", "MB"))
INCIDENTS = (
    Line("total_incidents", "Total Incidents"),
    Line("blocked_incidents", "Blocked Incidents"),
    Line("block_rate", "Block Rate", "%"),
    Line("policy_violations", "Policy Violations"),
    Line("policy_block_rate", "Policy Block Rate", "%"),
    Line("active_agents", "Active Agents"),
    Line("most_common_data_type", "Most Common Data Type"),
)
AUTOMATION = (
    Line("total_rule_events", "Rule Events"),
    Line("unacknowledged_rule_events", "Not Acknowledged"),
    Line("rule_events_acknowledged_share", "Acknowledged", "%"),
)
ENERGY = (
    Line("energy_kwh", "Energy", "kWh"),
    Line("energy_cost", "Cost of Energy"),
    Line("energy_bill", "Bill with all Charges"),
)
FLEET = (
    Line("total_widget_logs", "Fleet Logs"),
    Line("widget_log_errors", "Errors"),
    Line("machines_seen", "Machines Seen"),
    Line("machines_silent", "Silent Machines"),
    Line("unreadable_share", "Not Opened", "%"),
)
MONITORED = frozenset(line.figure for line in (*ALERTS, *ACTIVITY))


def render_summary(facts: SummaryFacts) -> str:
    """The summary: IoTSentinel's documented blocks where there is network monitoring, then those of other systems."""
    is_network = not MONITORED.isdisjoint(facts.figures)
    network = _network(facts) if is_network else ()
    others = (*_data_loss(facts), *_figures("Energy", ENERGY, facts), *_figures("Automation", AUTOMATION, facts))
    return "\n".join([*_opening(facts, is_network), *network, *others, *_figures("Fleet", FLEET, facts)]) + "\n"


def render_detailed(facts: SummaryFacts) -> str:
    """The summary followed by longer lists of talkers, destinations and protocols."""
    lines = ["", "", "=" * 80, "## Detailed Statistics"]
    lines += ["", "### Top Data Consumers (by traffic volume)", *_talkers(facts.talkers, MOST_DETAILED)]
    lines += ["", "### Most Contacted Destinations"]
    destinations = (facts.destinations or ())[:MOST_DETAILED]
    lines += [f"{n}. {_name(one.name)}: {_connections(one.count)}" for n, one in enumerate(destinations, start=1)]
    lines += [UNKNOWN] if facts.destinations is None else []
    lines += ["", "### Protocol Distribution"]
    lines += [f"- {_name(one.name)}: {_connections(one.count)}" for one in facts.protocols or ()]
    lines += [UNKNOWN] if facts.protocols is None else []
    return render_summary(facts) + "\n".join(lines) + "\n"


def _opening(facts: SummaryFacts, is_network: bool) -> Iterator[str]:
    period, system = facts.period, "CyberSentinel" if "total_incidents" in facts.figures else "Sentinel Pipeline"
    generated = period.window.end.astimezone(period.zone)
    yield f"# {'IoTSentinel' if is_network else system} Security Report"
    yield f"Generated: {generated:%Y-%m-%d %H:%M:%S}"
    yield f"Report Period: Last {_span(period)}"
    yield f"Time Zone: {period.zone.key}"
    yield f"Window: {period.interval}"


def _span(period: Period) -> str:
    """A day by its hours, of which there may be 23 or 25."""
    return f"{period.window.hours:g} hours" if len(period.days) == 1 else counted(len(period.days), "day")


def _network(facts: SummaryFacts) -> Iterator[str]:
    yield from _block("Network Overview", _lines(NETWORK, facts.figures))
    yield from _block("Security Alerts", [*_lines(ALERTS, facts.figures), *_levels("Alerts", facts.alert_severities)])
    activity = _lines(ACTIVITY, facts.figures)
    yield from _block("Network Activity", activity + (_protocols(facts.protocols) if activity else []))
    if activity:
        yield from _block("Top Data Consumers", list(_talkers(facts.talkers, MOST_LISTED)))


def _data_loss(facts: SummaryFacts) -> Iterator[str]:
    figures = _lines(INCIDENTS, facts.figures)
    yield from _block("Data Loss Prevention", [*figures, *_levels("Incidents", facts.incident_severities)])
    found = (facts.data_types or ())[:MOST_LISTED]
    yield from _block("Top Data Types", [f"{n}. {_name(one.name)}: {one.count:,}" for n, one in enumerate(found, 1)])


def _figures(title: str, wanted: Iterable[Line], facts: SummaryFacts) -> list[str]:
    return _block(title, _lines(wanted, facts.figures, facts.units))


def _block(title: str, lines: list[str]) -> list[str]:
    """A titled block after an empty line; nothing at all when it would be empty."""
    return ["", f"## {title}", *lines] if lines else []


def _lines(wanted: Iterable[Line], figures: Mapping[str, Value], units: Mapping[str, str] | None = None) -> list[str]:
    return [
        f"- {line.label}: {_value(figures[line.figure], line.unit or (units or {}).get(line.figure, ''))}"
        for line in wanted
        if line.figure in figures
    ]


def _value(value: Value, unit: str) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return _name(value)
    number = f"{value:,}" if isinstance(value, int) and not unit else decimals(value, 2)
    return f"{number} {unit}".rstrip()


def _levels(what: str, severities: Mapping[str, int]) -> list[str]:
    """A line per severity that occurred, most severe first."""
    lines = [f"  - {level.upper()}: {severities[level]:,}" for level in LEVELS if severities.get(level)]
    return [f"- {what} by Severity:", *lines] if lines else []


def _protocols(protocols: tuple[Counted, ...] | None) -> list[str]:
    if protocols is None:
        return [f"- Top Protocols: {UNKNOWN}"]
    lines = [f"  - {_name(one.name).upper()}: {_connections(one.count)}" for one in protocols[:MOST_LISTED]]
    return ["- Top Protocols:", *lines]


def _talkers(talkers: tuple[Talker, ...] | None, most: int) -> Iterator[str]:
    if talkers is None:
        yield UNKNOWN
    for place, talker in enumerate((talkers or ())[:most], start=1):
        yield f"{place}. {_name(talker.name)} ({printable(talker.address)}): {decimals(talker.megabytes, 2)} MB"


def _connections(count: int) -> str:
    return counted(count, "connection")


def _name(name: str | None) -> str:
    """A name on one line, whatever it holds; 'Unknown' for none."""
    return printable(name).strip() or "Unknown" if name else "Unknown"
