"""Whether a published edition still tells what the lake holds, and what is to become of it when it does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.period import CADENCES, Period, first_of
from sentinel_pipeline.domain.threshold import Threshold
from sentinel_pipeline.lake.closures import closed_on, in_use
from sentinel_pipeline.lake.store import Lake, read_json, write_json
from sentinel_pipeline.publishing.composition import section_table
from sentinel_pipeline.publishing.editions import edition_folder, revisions
from sentinel_pipeline.publishing.figures import key_figures, versions_of
from sentinel_pipeline.publishing.scope import Scope, statistics_of, with_before
from sentinel_pipeline.publishing.what_changed import note, since, told_before
from sentinel_pipeline.rendering.restating import Restated

# What became of a change: nothing to tell, listed in the next edition, being published, published and told.
Verdict = Literal["nothing", "listed", "correcting", "corrected"]
Inputs = Mapping[str, str]


@dataclass(frozen=True)
class Judgement:
    """What an edition of a period would tell otherwise now; `beyond` are the changes that may not wait."""

    period: Period
    revision: int
    changes: tuple[Restated, ...]
    beyond: tuple[Restated, ...]
    inputs: str


def published_over(editions: Path, days: Iterable[date], zone: ZoneInfo) -> Iterator[Period]:
    """Periods with a published edition that hold one of the days, shortest first."""
    wanted = sorted(set(days))
    for cadence in CADENCES:
        for first in sorted({first_of(cadence, day) for day in wanted}):
            period = Period(cadence, first, zone)
            if revisions(edition_folder(editions, period)):
                yield period


def is_outdated(scope: Scope, period: Period, editions: Path, lake: Lake) -> bool:
    """Whether an edition awaits a judgement: its days were counted anew since, or its correction was not finished."""
    if closed_on(lake, "statistics", period.day_keys):
        return False  # it could only be told with less than it had
    settled = read_json(_memory(period, lake))
    if settled.get("verdict") == "correcting":
        return True
    now = _versions(scope, period, lake)
    told = _told_versions(edition_folder(editions, period))
    if told is None or all(now.get(name, version) == version for name, version in told.items()):
        return False
    return settled.get("inputs") != _digest(now)


def judge(scope: Scope, period: Period, editions: Path, lake: Lake, limit: Threshold) -> Judgement:
    """Compares the newest revision with the figures that the lake gives now."""
    revision = revisions(edition_folder(editions, period))[-1]
    before = told_before(editions, period, revision + 1)
    changes: tuple[Restated, ...] = ()
    if before is not None:
        completeness = next(one for one in scope.sections_of(period.cadence) if one.name == "data_completeness")
        with in_use(lake):
            now, earlier = statistics_of(scope, period, lake), statistics_of(scope, period.previous, lake)
            figures = key_figures(scope, period, now, earlier, versions_of(scope, period, lake))
            arrived = section_table(completeness, with_before(scope, period, lake), period)
        changes = since(before, figures, arrived)
    known = [one for one in changes if one.was is not None]  # a newer version may tell more figures
    beyond = tuple(one for one in known if one.was and limit.is_exceeded(one.was.value, one.now.value))
    return Judgement(period, revision, tuple(known), beyond, _digest(_versions(scope, period, lake)))


def settle(judgement: Judgement, verdict: Verdict, lake: Lake) -> None:
    """Remembers what became of it, so that the same change is not judged again."""
    known = {"verdict": verdict, "inputs": judgement.inputs, "revision": judgement.revision}
    write_json(_memory(judgement.period, lake), known)


def is_correcting(period: Period, lake: Lake) -> bool:
    """Whether a correction was begun and not told to everybody."""
    return read_json(_memory(period, lake)).get("verdict") == "correcting"


def list_later(judgement: Judgement, editions: Path, lake: Lake) -> Period:
    """Leaves the changes to the next edition of the cadence, in place of what was left before; returns its period."""
    return note(judgement.changes, judgement.period, judgement.revision, editions, lake)


def take_back(judgement: Judgement, editions: Path, lake: Lake) -> None:
    """Has the next edition list nothing of this one: there is nothing small to tell any more."""
    note((), judgement.period, judgement.revision, editions, lake)


def _memory(period: Period, lake: Lake) -> Path:
    return lake.folder(f"{period.cadence}/corrections", f"{period.key}.json")


def _versions(scope: Scope, period: Period, lake: Lake) -> Inputs:
    inputs = (entry for entries in versions_of(scope, period, lake).values() for entry in entries)
    return {f"{asset} {day}": version for asset, day, version in inputs}


def _told_versions(folder: Path) -> Inputs | None:
    """The partitions that the newest revision's figures were made from; None when it does not tell."""
    facts = read_json(folder / f"r{revisions(folder)[-1]}" / "facts.json").get("facts")
    if not isinstance(facts, list):
        return None
    inputs = (entry for fact in facts for entry in fact.get("inputs", ()))
    return {f"{asset} {day}": str(version) for asset, day, version in inputs}


def _digest(inputs: Inputs) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
