"""All published editions as a reader looks for them: one entry for each period, told by its newest revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import CADENCES, Period
from sentinel_pipeline.publishing.editions import MANIFEST, edition_folder, published_keys, revisions
from sentinel_pipeline.rendering.edition_folder import told
from sentinel_pipeline.rendering.report import KeyFigure

Condition = Literal["eventful", "empty", "no data", "unreachable", "untold"]
FIGURES_SHOWN: Final = 4
REMEMBERED: Final = 4_096
# Word, look of the palette and what it means, by state of an edition.
CONDITIONS: Final[dict[Condition, tuple[str, str, str]]] = {
    "eventful": ("Events", "neutral", "Something happened in this period."),
    "empty": ("Quiet", "ok", "Everything was read, and nothing happened."),
    "no data": ("No data", "attention", "The sources were read and hold nothing of this period."),
    "unreachable": ("Source away", "failure", "A source could not be read; figures may be too low."),
    "untold": (
        "Not readable",
        "failure",
        "Published by an earlier version, or damaged: its files are all there is to see.",
    ),
}


@dataclass(frozen=True)
class Shelved:
    """An edition on the shelf; `headline` and figures are empty where its folder cannot be told."""

    period: Period
    revision: int
    condition: Condition
    is_complete: bool
    headline: str
    figures: tuple[KeyFigure, ...]

    @property
    def name(self) -> str:
        return f"{self.period.cadence}/{self.period.key}/r{self.revision}"

    @property
    def address(self) -> str:
        return f"/editions/{self.name}"

    @property
    def sought_in(self) -> str:
        return f"{self.period.cadence} {self.period.key} {self.period.words} {self.headline}".casefold()


@dataclass(frozen=True)
class Wish:
    """What a reader looks for; empty means anything."""

    cadence: str = ""
    condition: str = ""
    text: str = ""

    def fits(self, shelved: Shelved) -> bool:
        words = self.text.casefold().split()
        return (
            self.cadence in ("", shelved.period.cadence)
            and self.condition in ("", shelved.condition)
            and all(word in shelved.sought_in for word in words)
        )


def shelf(editions: Path, zone: ZoneInfo) -> list[Shelved]:
    """Every published edition by its newest revision; the latest period first, of equal ones the longest."""
    found = [entry for cadence in CADENCES for entry in _of_cadence(editions, cadence, zone)]
    order = {cadence: rank for rank, cadence in enumerate(CADENCES)}
    return sorted(found, key=lambda one: (one.period.after, order[one.period.cadence]), reverse=True)


def chosen(entries: Sequence[Shelved], wish: Wish) -> list[Shelved]:
    return [entry for entry in entries if wish.fits(entry)]


def _of_cadence(editions: Path, cadence: str, zone: ZoneInfo) -> list[Shelved]:
    periods = (_period(cadence, key, zone) for key in published_keys(editions, cadence))
    return [_newest(editions, period) for period in periods if period is not None]


def _period(cadence: str, key: str, zone: ZoneInfo) -> Period | None:
    """None for a folder that somebody else put there."""
    try:
        return Period.parse(cadence, key, zone)
    except UsageError:
        return None


def _newest(editions: Path, period: Period) -> Shelved:
    folder = edition_folder(editions, period)
    revision = revisions(folder)[-1]
    status = (folder / f"r{revision}" / MANIFEST).stat()
    return _shelved(folder / f"r{revision}", period, revision, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=REMEMBERED)
def _shelved(
    folder: Path,
    period: Period,
    revision: int,
    stamp: tuple[int, int, int],  # noqa: ARG001 - part of what the cache remembers by
) -> Shelved:
    try:
        said = told(folder)
    except (SentinelError, OSError):
        return Shelved(period, revision, "untold", is_complete=False, headline="", figures=())
    return Shelved(said.period, revision, said.state, said.is_complete, said.headline, said.figures[:FIGURES_SHOWN])
