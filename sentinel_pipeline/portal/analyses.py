"""Everything that may be asked of daily statistics, each a line: where, of what, from which statistics, and as which
file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Request

from sentinel_pipeline.portal import analytics, analytics_energy, analytics_network, analytics_sheets
from sentinel_pipeline.portal.analytics_question import Answer, question
from sentinel_pipeline.portal.analytics_sheets import Sheet
from sentinel_pipeline.portal.analytics_window import Asked, asked
from sentinel_pipeline.portal.remembered import Remembered
from sentinel_pipeline.portal.visitors import site_of

TREND_DAYS: Final = 7
OTHER_DAYS: Final = 30
MISTAKE: Final = "A parameter is wrong, or the window too long: at most 90 days unless configured."
ANSWERS: Final[Remembered[bytes]] = Remembered(64 * 2**20, len)


@dataclass(frozen=True)
class Analysis:
    """What may be asked at `/api/v1/analytics/<path>`, and handed out as a file.

    - `analyse` takes the question, and what else a caller may choose: the parameters of the API, with their defaults.
    - `about` is the canonical table whose days count as seen or not.
    - `statistics` are all that it may be answered from.
    - `days`: how far back it looks when nobody says.
    """

    path: str
    analyse: Callable[..., Answer]
    about: str
    statistics: tuple[str, ...]
    sheet: Sheet
    days: int = OTHER_DAYS

    @property
    def name(self) -> str:
        return self.path.replace("/", "_").replace("-", "_")

    @property
    def choices(self) -> tuple[inspect.Parameter, ...]:
        """What a caller may choose beside the window."""
        _, *more = inspect.signature(self.analyse, eval_str=True).parameters.values()
        return tuple(more)

    def offered_by(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which takes any choice by name, as one that takes those of this analysis."""
        own = [one for one in inspect.signature(function, eval_str=True).parameters.values() if one.name != "choices"]
        every = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *self.choices)]
        vars(function)["__signature__"] = inspect.Signature(every)
        return function

    def asked(self, request: Request, start: str | None, end: str | None) -> Asked:
        """The window that a request asks for. Raises UsageError for one that cannot be answered."""
        site = site_of(request)
        return asked(start, end, self.days, site.clock(), site.zone, site.analysed_days)

    def answer(self, request: Request, window: Asked, choices: dict[str, object]) -> bytes:
        """The answer as JSON; asked again it is remembered until a day it was made from is made again."""
        lake = site_of(request).lake
        wanted = question(lake, window, self.about, self.statistics)
        key = (self.path, wanted, *choices.values())
        return ANSWERS.of(key, lambda: written(self.analyse(wanted, **choices)))

    def told(self, request: Request, window: Asked, choices: dict[str, object]) -> Answer:
        """The answer as values."""
        wanted = question(site_of(request).lake, window, self.about, self.statistics)
        return self.analyse(wanted, **choices)


def written(content: Answer) -> bytes:
    """An answer as JSON, instants with their offset."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


INCIDENT: Final = ("incident_hours",)
ENERGY: Final = ("energy_hours", "energy_standby", "device_inventory")
TALKERS: Final = ("connection_devices", "device_inventory")
ANALYSES: Final = (
    Analysis("trends", analytics.trends, "incidents", INCIDENT, analytics_sheets.TRENDS, TREND_DAYS),
    Analysis(
        "top-violators",
        analytics.top_violators,
        "incidents",
        ("incident_users", "incident_agents", "incident_addresses"),
        analytics_sheets.VIOLATORS,
    ),
    Analysis(
        "data-types",
        analytics.data_types,
        "incidents",
        ("incident_data_types", *INCIDENT),
        analytics_sheets.DATA_TYPES,
    ),
    Analysis(
        "policy-violations", analytics.policy_violations, "incidents", INCIDENT, analytics_sheets.POLICY_VIOLATIONS
    ),
    Analysis(
        "severity-distribution", analytics.severity_distribution, "incidents", INCIDENT, analytics_sheets.SEVERITIES
    ),
    Analysis(
        "summary",
        analytics.summary,
        "incidents",
        ("incident_agents", "incident_data_types", *INCIDENT),
        analytics_sheets.SUMMARY,
    ),
    Analysis(
        "energy/trends",
        analytics_energy.trends,
        "energy_intervals",
        ENERGY,
        analytics_sheets.ENERGY_TRENDS,
        TREND_DAYS,
    ),
    Analysis("energy/devices", analytics_energy.devices, "energy_intervals", ENERGY, analytics_sheets.ENERGY_DEVICES),
    Analysis(
        "energy/peaks",
        analytics_energy.peaks,
        "energy_intervals",
        ("energy_demand", "device_inventory"),
        analytics_sheets.ENERGY_PEAKS,
    ),
    Analysis("energy/standby", analytics_energy.standby, "energy_intervals", ENERGY, analytics_sheets.ENERGY_STANDBY),
    Analysis(
        "energy/bands",
        analytics_energy.bands,
        "energy_intervals",
        ("energy_bands", "energy_hours"),
        analytics_sheets.ENERGY_BANDS,
    ),
    Analysis(
        "energy/summary",
        analytics_energy.summary,
        "energy_intervals",
        ("energy_hours", "energy_demand", "energy_standby"),
        analytics_sheets.ENERGY_SUMMARY,
    ),
    Analysis(
        "network/trends",
        analytics_network.trends,
        "connections",
        ("connection_hours", *TALKERS),
        analytics_sheets.NETWORK_TRENDS,
        TREND_DAYS,
    ),
    Analysis("network/top-talkers", analytics_network.top_talkers, "connections", TALKERS, analytics_sheets.TALKERS),
    Analysis(
        "network/destinations",
        analytics_network.destinations,
        "connections",
        ("connection_destinations",),
        analytics_sheets.DESTINATIONS,
    ),
    Analysis(
        "network/protocols",
        analytics_network.protocols,
        "connections",
        ("connection_hours",),
        analytics_sheets.PROTOCOLS,
    ),
    Analysis(
        "network/services", analytics_network.services, "connections", ("connection_hours",), analytics_sheets.SERVICES
    ),
    Analysis(
        "network/summary",
        analytics_network.summary,
        "connections",
        ("connection_hours", "connection_destinations"),
        analytics_sheets.NETWORK_SUMMARY,
    ),
)
