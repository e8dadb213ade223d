"""Zeek logs as a source: connections from conn, alerts from notice; every other log is known and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS
from sentinel_pipeline.sources.log_rows import Reading
from sentinel_pipeline.sources.log_source import LogFamily, LogSource, local_networks, opened_logs
from sentinel_pipeline.sources.source import SourceKind, SourceSettings
from sentinel_pipeline.sources.zeek_files import FORM
from sentinel_pipeline.sources.zeek_rows import ROWS
from sentinel_pipeline.sources.zeek_types import CONN, NOTICE

FAMILY = LogFamily("zeek", FORM, ((CONNECTIONS, CONN), (ALERTS, NOTICE)), ROWS)


def open_zeek(settings: SourceSettings, memory: Path | None) -> LogSource:
    """Lists the logs of a location. Raises SourceUnreachableError when no Zeek log can be read there."""
    reading = Reading(settings.name, settings.zone, local_networks(settings), _notice_severity(settings))
    return opened_logs(settings, FAMILY, reading, memory)


def _notice_severity(settings: SourceSettings) -> Mapping[str, str]:
    given = settings.options.get("notice_severity", {})
    if not isinstance(given, dict) or not all(str(level).lower() in LEVELS for level in given.values()):
        raise UsageError(f"source '{settings.name}': notice_severity gives each notice one of {', '.join(LEVELS)}")
    return {str(note): str(level) for note, level in given.items()}


KIND = SourceKind("zeek", tables=(CONNECTIONS, ALERTS), open=open_zeek)
