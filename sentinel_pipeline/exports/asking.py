"""What a person asked to export, understood precisely or refused with one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import DateRangeError, UsageError
from sentinel_pipeline.domain.instant import instant
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import QUARANTINE, TABLES, Table
from sentinel_pipeline.domain.zones import is_zone
from sentinel_pipeline.exports.spans import span
from sentinel_pipeline.exports.wanted import CANONICAL, EARLIEST, LATEST, Wanted, compression_of, format_of
from sentinel_pipeline.rendering.compression import COMPRESSIONS
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline.settings import Settings, source_settings
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"} | {sign: sign for sign in ",;\t|"}

LONGEST_NAME = 64


def asked_table(name: str) -> Table:
    """Raises UsageError for a table that is none of the canonical ones."""
    for table in TABLES:
        if table.name == name:
            return table
    raise UsageError(f"'{name}' is no table; choose one of {', '.join(table.name for table in TABLES)}")


def asked_columns(columns: str | None) -> tuple[str, ...] | None:
    """Names in the order given; raises UsageError for an empty or repeated one."""
    if columns is None:
        return None
    names = tuple(name.strip() for name in columns.split(","))
    if "" in names or len(set(names)) != len(names):
        raise UsageError(f"--columns '{columns}': every name once, separated by commas")
    return names


def asked_window(since: str | None, until: str | None, zone: ZoneInfo) -> Window | None:
    """Half-open window in UTC; None when neither edge is given. Raises UsageError when it is empty."""
    if since is None and until is None:
        return None
    start = EARLIEST if since is None else instant(since, zone, "--since")
    end = LATEST if until is None else instant(until, zone, "--until", whole_day=True)
    if start >= end:
        raise DateRangeError(f"--since {since or 'the beginning'} is not before --until {until or 'the end'}")
    return Window(start, end)


def asked_span(since: str | None, until: str | None, last: str | None, now: datetime, zone: ZoneInfo) -> Window | None:
    """Like `asked_window`; `last` names the span from now backwards instead."""
    if last is None:
        return asked_window(since, until, zone)
    if since is not None or until is not None:
        raise UsageError(f"--last {last} says both ends; leave --since and --until out")
    return span(last, now, zone)


def asked_zone(name: str | None, settings: Settings) -> ZoneInfo:
    """The zone named, else the configured one. Raises UsageError for one there is not."""
    if name is None:
        return settings.zone
    if not is_zone(name):
        raise UsageError(f"--timezone '{name}' is no time zone; write an IANA name such as Europe/Berlin or UTC")
    return ZoneInfo(name)


def asked_kind(format_name: str | None, compress: str | None, output: Path | None) -> tuple[str, str | None]:
    """Format and compression: those named, else what the end of the output's name says, else CSV as it is."""
    name = output.name.lower() if output else ""
    packed = next((known for known in COMPRESSIONS if name.endswith(known.suffix)), None)
    if compress is not None and compression_of(compress) != (packed or compression_of(compress)):
        raise UsageError(f"--compress {compress} and the name {output} contradict each other; leave one out")
    inner = name.removesuffix(packed.suffix) if packed else name
    told = next((known.name for known in FORMATS if inner.endswith(known.suffix)), "csv")
    return format_of(format_name or told).name, compress or (packed.name if packed else None)


def asked_spelling(
    wanted: Wanted,
    zone: ZoneInfo,
    asked: Mapping[str, Any],
) -> Spelling:
    """How values are written. Raises UsageError for a habit that the format or layout does not have."""
    decimals, delimiter = asked["decimals"], asked["delimiter"]
    habits = {"--no-header": asked["no_header"], "--delimiter": delimiter is not None, "--bom": asked["bom"]}
    used = [name for name, is_used in habits.items() if is_used]
    if used and wanted.format != "csv":
        raise UsageError(f"{used[0]} is for csv; {wanted.format} has no such thing")
    if decimals is not None and wanted.is_fixed:
        raise UsageError(f"the layout '{wanted.layout}' fixes the decimals; leave --decimals out")
    if delimiter is not None and delimiter not in DELIMITERS:
        raise UsageError(f"--delimiter '{delimiter}' is none; choose comma, semicolon, tab or pipe")
    sign = DELIMITERS[delimiter or "comma"]
    return Spelling(zone, wanted.table.name, decimals, not asked["no_header"], sign, asked["bom"])


def asked_sources(table: Table, names: tuple[str, ...], settings: Settings) -> list[tuple[SourceKind, SourceSettings]]:
    """The sources that give the table, all or those named. Raises UsageError when there is none."""
    entries = [settings.source(name) for name in dict.fromkeys(names)] if names else list(settings.sources)
    giving = [entry for entry in entries if table is QUARANTINE or table in KINDS[entry.kind].tables]
    if not giving:
        asked = f"source {', '.join(names)}" if names else "any configured source"
        raise UsageError(f"no {table.name} to be had from {asked}")
    return [(KINDS[entry.kind], source_settings(entry, settings.data)) for entry in giving]


def default_output(wanted: Wanted, settings: Settings, now: datetime, state: str | None = None) -> Path:
    """A dated file in `exports/`; the name may be taken by the time it is written, see `export`'s `is_new`.

    That of a state is its own to the microsecond: it must be known before it is taken.
    """
    prefix = "" if wanted.layout == CANONICAL else f"{wanted.layout}_{_of_device(wanted)}"
    dated = f"{now:%Y%m%d_%H%M%S}" if state is None else f"{state}_{now:%Y%m%d_%H%M%S_%f}"
    return settings.exports / f"{prefix}{wanted.table.name}_{dated}{wanted.suffix}"


def _of_device(wanted: Wanted) -> str:
    """How a layout names the file of one device; nothing where privacy keeps back which it is."""
    devices = wanted.occasion.devices or ()
    return f"device_{re.sub('[^A-Za-z0-9]', '_', devices[0])[:LONGEST_NAME]}_" if len(devices) == 1 else ""
