"""Atlas: a fleet of Macs whose agents send sealed logs; an inbox of envelopes and export files, or the server's store.

Keys are references in the configuration and are fetched when the source is opened. What cannot be opened is kept as it
came, with the verdict as its reason; nothing decrypted is written anywhere but into the lake.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DECRYPTIONS, MACHINES, WIDGET_LOGS
from sentinel_pipeline.sources.atlas_logs import Clock
from sentinel_pipeline.sources.databases import unreachable
from sentinel_pipeline.sources.lognotes import Notes
from sentinel_pipeline.sources.source import Source, SourceKind, SourceSettings


def open_atlas(settings: SourceSettings, memory: Path | None) -> Source:
    """The source at a location. Raises SourceUnreachableError for a wrong key, and when nothing can be read there."""
    from sentinel_pipeline.sources.atlas_inbox import open_inbox
    from sentinel_pipeline.sources.atlas_keys import key_ring
    from sentinel_pipeline.sources.atlas_store import open_store

    ring, clock = key_ring(settings), Clock(settings.zone, _machine_zones(settings))
    if settings.location.startswith("sqlite:"):
        return open_store(settings, ring, clock)
    if "://" in settings.location:
        raise unreachable(settings, "'location' is no place of fleet logs", "write a folder, a glob or sqlite:///FILE")
    place = memory / f"atlas-{sha256(settings.name.encode()).hexdigest()[:16]}.json" if memory else None
    reader = sha256(repr((settings.location, clock.zone.key, _written(clock), ring.fingerprint)).encode()).hexdigest()
    return open_inbox(settings, ring, clock, Notes(place, reader))


def _machine_zones(settings: SourceSettings) -> dict[str, ZoneInfo]:
    given = settings.options.get("machine_timezones", {})
    if not isinstance(given, dict):
        raise UsageError(f"source '{settings.name}': machine_timezones gives machine ids their time zones")
    try:
        return {str(machine): ZoneInfo(str(name)) for machine, name in given.items()}
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mend = "write IANA names such as Europe/Berlin"
        raise unreachable(settings, "machine_timezones names no time zone", mend) from None


def _written(clock: Clock) -> list[tuple[str, str]]:
    return sorted((machine, zone.key) for machine, zone in clock.machines.items())


KIND = SourceKind("atlas", tables=(WIDGET_LOGS, MACHINES, DECRYPTIONS, AUDIT_EVENTS), open=open_atlas)
