"""Days of which a source holds other records now than when they were read, or says otherwise what they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sentinel_pipeline.domain.names import slug
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import is_closed
from sentinel_pipeline.lake.readings import MARKS, asset_of, remembered, was_read_alike
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.sources.marks import Mark, came
from sentinel_pipeline.sources.source import SourceKind, SourceSettings


def late_days(
    kind: SourceKind, settings: SourceSettings, days: Sequence[Period], lake: Lake, before: datetime
) -> list[tuple[Period, str]]:
    """Of days that were read (or could not be) those whose rows came since, each with its marks: no row is read.

    Files written to since `before` may still grow and are left for later. Raises SourceUnreachableError.
    """
    read = [day for day in days if lake.exists(asset_of(settings.name, "receipts"), day.key)]
    known = [day for day in read if not is_closed(lake, day.key)]
    if not known:
        return []
    with kind.open(settings, lake.root / "extracts" / slug(settings.name)) as source:
        now = source.marks(known, before)
    return [(day, repr(sorted(now[day.key].items()))) for day in known if _is_late(settings, day, now[day.key], lake)]


def _is_late(settings: SourceSettings, day: Period, now: Mapping[str, Mark], lake: Lake) -> bool:
    then = remembered(settings, day, lake)
    if not then:
        return True  # nobody could read it then
    marks = then.get(MARKS)
    if not isinstance(marks, dict):
        return True  # read by a version that left no marks
    return was_read_alike(settings, day, lake) and bool(came({name: tuple(mark) for name, mark in marks.items()}, now))
