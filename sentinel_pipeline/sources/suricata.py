"""Suricata's EVE logs as a source: connections from flows, alerts; every other event is counted and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS
from sentinel_pipeline.sources.eve import ALERT, FLOW, FORM, NETFLOW, NETFLOW_FORM
from sentinel_pipeline.sources.eve_rows import ROWS
from sentinel_pipeline.sources.log_rows import Reading
from sentinel_pipeline.sources.log_source import LogFamily, LogSource, local_networks, opened_logs
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

TABLES = ((CONNECTIONS, FLOW), (ALERTS, ALERT))
FLOWS = LogFamily("suricata", FORM, TABLES, ROWS)
NETFLOWS = LogFamily("suricata-netflow", NETFLOW_FORM, TABLES, ROWS)


def open_suricata(settings: SourceSettings, memory: Path | None) -> LogSource:
    """Lists the logs of a location. Raises SourceUnreachableError when no EVE log can be read there.

    Netflow events tell of the same flows again, so they stand in only where no flow is logged at all.
    """
    reading = Reading(settings.name, settings.zone, local_networks(settings), _alert_severity(settings))
    logs = opened_logs(settings, FLOWS, reading, memory)
    if logs.holds(FLOW) or not logs.holds(NETFLOW):
        return logs
    return opened_logs(settings, NETFLOWS, reading, memory)


def _alert_severity(settings: SourceSettings) -> Mapping[str, str]:
    given = settings.options.get("alert_severity", {})
    if not isinstance(given, dict) or not all(str(level).lower() in LEVELS for level in given.values()):
        raise UsageError(f"source '{settings.name}': alert_severity gives each priority one of {', '.join(LEVELS)}")
    return {str(priority): str(level).lower() for priority, level in given.items()}


KIND = SourceKind("suricata", tables=(CONNECTIONS, ALERTS), open=open_suricata)
