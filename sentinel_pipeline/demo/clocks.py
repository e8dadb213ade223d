"""The spellings of one instant that the systems use."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sentinel_pipeline.demo.rhythm import moment


def utc_seconds(us: int) -> str:
    """SQLite's own: `2026-11-20 13:04:05`, in UTC."""
    return f"{moment(us):%Y-%m-%d %H:%M:%S}"


def local_iso(us: int, zone: ZoneInfo) -> str:
    """Python's isoformat of the host's clock: `2026-11-20T14:04:05.678901`, no offset."""
    return f"{moment(us).astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"


def local_spaced(us: int, zone: ZoneInfo) -> str:
    """Python's sqlite adapter of the host's clock: `2026-11-20 14:04:05.678901`, no offset."""
    return f"{moment(us).astimezone(zone):%Y-%m-%d %H:%M:%S.%f}"


def utc_aware(us: int) -> str:
    """What PostgreSQL prints in a UTC session: `2026-11-20 13:04:05.678901+00:00`."""
    return f"{moment(us):%Y-%m-%d %H:%M:%S.%f}+00:00"
