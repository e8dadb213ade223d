"""What is remembered of each day that was read: from which place, in which state, and what then lay there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sentinel_pipeline import __version__
from sentinel_pipeline.domain.errors import SourceChangedError
from sentinel_pipeline.domain.names import slug
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import is_closed
from sentinel_pipeline.lake.store import Lake, alone_everywhere, alone_here, read_json, write_json
from sentinel_pipeline.lake.working_copy import look_again
from sentinel_pipeline.sources.source import SourceSettings

MARKS = "marks"
# Stands while the files of a day that was read before are replaced.
UNFINISHED = "unfinished"
ALIKE = ("place", "window", "zone", "options")


class ReadMeanwhileError(SourceChangedError):
    """Somebody else read a day and kept it while it was read here: what was read here may be older."""


def asset_of(source: str, table: str) -> str:
    """Lake asset of one table of one source."""
    return f"extracts/{slug(source)}/{table}"


def stale_days(settings: SourceSettings, days: Sequence[Period], fingerprint: str | None, lake: Lake) -> list[Period]:
    """Days whose rows in the lake were not read from the source in the state that `fingerprint` names.

    A day that retention closed is none of them, whatever the source holds of it by now.
    """
    days = [day for day in days if not is_closed(lake, day.key)]
    if fingerprint is None:
        return days
    return [day for day in days if _unmarked(remembered(settings, day, lake)) != _state(settings, day, fingerprint)]


def was_read_alike(settings: SourceSettings, day: Period, lake: Lake) -> bool:
    """Whether the day was read before, from the same place in the same way; what the source held then may differ."""
    known, now = remembered(settings, day, lake), _state(settings, day, None)
    return bool(known) and all(known.get(name) == now[name] for name in ALIKE)


def remembered(settings: SourceSettings, day: Period, lake: Lake) -> dict[str, object]:
    """What is known of the last reading of a day; nothing when there was none."""
    return read_json(_memory(settings, day, lake))


def remember(
    settings: SourceSettings, day: Period, fingerprint: str | None, marks: Mapping[str, Sequence[int]], lake: Lake
) -> None:
    """Written last: a crash before it only means that the day is read again.

    The fingerprint is the one from before the reading: what changed meanwhile makes the day stale.
    """
    known = _state(settings, day, fingerprint) | {MARKS: marks}
    if remembered(settings, day, lake) != json.loads(json.dumps(known)):
        write_json(_memory(settings, day, lake), known)


def begin_to_keep(settings: SourceSettings, day: Period, lake: Lake) -> None:
    """Notes before the first file is replaced that a day which was read before is none that stands, until `remember`.

    From where it was read stays known: inventories are kept with what was read from the same place.
    """
    known = remembered(settings, day, lake)
    if known:
        alike = {name: value for name, value in known.items() if name in ALIKE}
        write_json(_memory(settings, day, lake), alike | {UNFINISHED: True})


def forget(settings: SourceSettings, day: Period, lake: Lake) -> None:
    """A day of which nothing stands any more, inventories neither, is as one that was never read."""
    if remembered(settings, day, lake):
        write_json(_memory(settings, day, lake), {UNFINISHED: True})


def stands(settings: SourceSettings, day: Period, lake: Lake) -> bool:
    """Whether the rows of a day are those of one reading, from the same place in the same way as now."""
    return was_read_alike(settings, day, lake) and UNFINISHED not in remembered(settings, day, lake)


@contextmanager
def sole_keeper(settings: SourceSettings, day: Period, lake: Lake) -> Iterator[None]:
    """Nobody else, on any machine, keeps rows of this day and source meanwhile, or remembers what it read of it."""
    folder = lake.root / "extracts" / slug(settings.name)
    with alone_here(folder / "reading.lock"), alone_everywhere(folder / f"{day.key}.lock"):
        look_again(_memory(settings, day, lake).parent)
        yield


def _unmarked(known: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in known.items() if name != MARKS}


def _state(settings: SourceSettings, day: Period, fingerprint: str | None) -> dict[str, object]:
    """All that decides what reading a day gives."""
    return {
        "place": hashlib.sha256(f"{settings.kind} {settings.location}".encode()).hexdigest(),
        "window": f"{day.window.start.isoformat()}/{day.window.end.isoformat()}",
        "zone": settings.zone.key,
        "options": json.dumps(settings.options, sort_keys=True, default=str),
        "fingerprint": fingerprint,
        "version": __version__,
    }


def _memory(settings: SourceSettings, day: Period, lake: Lake) -> Path:
    return lake.folder(asset_of(settings.name, "receipts"), f"{day.key}.json")
