"""One log of a fleet machine as a row of `widget_logs`: its time, level and type in our words, and in its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sentinel_pipeline.sources.atlas_json import canonical, clean, compact, text_of
from sentinel_pipeline.sources.timestamps import EARLIEST, EPOCH_LIMIT, LATEST, MILLISECONDS_FROM, SPELLING

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPELLED = re.compile(SPELLING)
BEFORE_OFFSET = re.compile(r" (?=[Z+-])")

ALIASES = {
    "ping monitor": "ping",
    "ping": "ping",
    "wifi quality monitor": "wifi",
    "wifi_quality": "wifi",
    "wifi": "wifi",
    "wi-fi": "wifi",
    "speedtest": "speedtest",
    "speed test": "speedtest",
    "throughput tester": "throughput",
    "throughput_test": "throughput",
    "tcp connection tester": "tcp",
    "udp quality monitor": "udp",
    "udp_quality": "udp",
    "health": "health",
    "system health": "health",
    "processes": "processes",
    "system": "system",
    "export": "export",
}
"""What widget types are called here, by what agents of several versions call them, in lower case."""


class BadTimeError(ValueError):
    """The time of a log cannot be used; the message is the reason for quarantine."""


@dataclass
class Clock:
    """Reads the wall times of machines, each in its own zone, in the order they were written."""

    zone: ZoneInfo
    machines: Mapping[str, ZoneInfo] = field(default_factory=dict)
    _last: dict[str, datetime] = field(default_factory=dict)

    def zone_of(self, machine: str) -> ZoneInfo:
        return self.machines.get(machine, self.zone)

    def read(self, text: str, machine: str) -> tuple[datetime, str | None, set[str]]:
        """Instant (UTC), the zone it was read in (None: it says its own) and flags. Raises BadTimeError.

        Of an hour that comes twice the first is meant, unless this machine was already past it.
        """
        wall = _wall(text)
        if wall.tzinfo is not None:
            return self._passed(_plausible(wall.astimezone(UTC)), machine), None, set()
        zone = self.zone_of(machine)
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return self._passed(_plausible(first), machine), zone.key, set()
        if first > second:  # the clocks skipped this time: the offset before the gap moves it past the gap
            return self._passed(_plausible(first), machine), zone.key, {"skipped_hour"}
        last = self._last.get(machine)
        chosen = second if last is not None and first < last <= second + timedelta(hours=1) else first
        return self._passed(_plausible(chosen), machine), zone.key, {"repeated_hour"}

    def _passed(self, instant: datetime, machine: str) -> datetime:
        self._last[machine] = instant
        return instant


def _wall(text: str) -> datetime:
    spelled = text.strip()
    if not SPELLED.match(spelled):
        raise BadTimeError("bad_time")
    try:
        wall = datetime.fromisoformat(BEFORE_OFFSET.sub("", spelled.upper()))
    except ValueError:
        raise BadTimeError("bad_time") from None
    if not EARLIEST.year - 1 <= wall.year <= LATEST.year:
        raise BadTimeError("implausible_time")
    return wall


def _plausible(instant: datetime) -> datetime:
    if not EARLIEST <= instant < LATEST:
        raise BadTimeError("implausible_time")
    return instant


def timed(
    stamp: object, machine: str, clock: Clock, received_at: datetime | None
) -> tuple[datetime, str | None, set[str]]:
    """When a log was written: as it says, in seconds since 1970, or when it arrived. Raises BadTimeError."""
    if isinstance(stamp, str) and stamp.strip():
        return clock.read(stamp, machine)
    if isinstance(stamp, int | float) and not isinstance(stamp, bool) and abs(stamp) < EPOCH_LIMIT:
        seconds = stamp / 1_000 if abs(stamp) > MILLISECONDS_FROM else stamp
        return _plausible(EPOCH + timedelta(microseconds=round(seconds * 1_000_000))), None, set()
    if stamp is None or stamp == "":
        if received_at is None:
            raise BadTimeError("missing_time")
        return received_at, None, {"missing_time"}
    raise BadTimeError("bad_time")


def widget_type(raw: str) -> str:
    """The one name of a widget type; a type nobody knows keeps its own."""
    return ALIASES.get(raw.strip().lower(), raw)


def log_row(log: Mapping[str, object], machine: str, clock: Clock, received_at: datetime | None) -> dict[str, Any]:
    """A row of `widget_logs` but for its source, id from its content. Raises BadTimeError."""
    stamp, data = log.get("timestamp"), log.get("data")
    at, zone, flags = timed(stamp, machine, clock, received_at)
    message = _message(log, flags)
    if data is None:
        data = {}
    elif not isinstance(data, dict):
        flags.add("wrapped_data")
        data = {"value": data}
    raw_type = text_of(log.get("widget_type")) or "unknown"
    level = (text_of(log.get("level")) or "INFO").upper()
    written = clean(stamp) if isinstance(stamp, str) else None if stamp is None else compact(stamp)
    identity = canonical([machine, written, level, raw_type, message, data])
    return {
        "log_id": sha256(identity.encode()).hexdigest()[:32],
        "machine_id": machine,
        "serial_number": None,
        "logged_at": at,
        "level": level,
        "widget_type": widget_type(raw_type),
        "message": message,
        "data": compact(data),
        "log_timestamp": written,
        "raw_widget_type": raw_type,
        "zone": zone,
        "flags": written_flags(flags),
    }


def written_flags(flags: set[str] | frozenset[str]) -> str | None:
    return ",".join(sorted(flags)) or None


def _message(log: Mapping[str, object], flags: set[str]) -> str:
    message = log.get("message", "")
    if isinstance(message, str):
        return clean(message)
    if message is None:
        flags.add("null_message")
        return ""
    flags.add("message_not_text")
    return compact(message)
