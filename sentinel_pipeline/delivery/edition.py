"""A published edition as delivery sees it: read once from its folder, and whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sentinel_pipeline.delivery.subscriptions import Facts
from sentinel_pipeline.domain.errors import PublishingError, UsageError
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.publishing.editions import MANIFEST, damage, edition_folder, revisions
from sentinel_pipeline.publishing.withdrawal import require_not_withdrawn


@dataclass(frozen=True)
class PublishedFile:
    """A file of an edition as its manifest lists it."""

    name: str
    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class PublishedEdition:
    """A revision that can be delivered: its folder, its files, and its figures by id."""

    folder: Path
    cadence: str
    key: str
    revision: int
    manifest_sha256: str
    files: tuple[PublishedFile, ...]
    facts: Facts

    @property
    def name(self) -> str:
        return f"{self.cadence}/{self.key}/r{self.revision}"


def newest_edition(editions: Path, period: Period) -> PublishedEdition:
    """The newest revision. Raises UsageError when there is none, PublishingError when its files were changed
    or deleted.
    """
    folder = edition_folder(editions, period)
    published = revisions(folder)
    if not published:
        mending = (
            f"`sentinel request --state {period.key}` says where it stands"
            if period.cadence == CUSTOM
            else f"`sentinel publish {period.cadence} {period.key}` does"
        )
        raise UsageError(f"{period.cadence} {period.key} is not published; {mending}")
    newest = folder / f"r{published[-1]}"
    require_not_withdrawn(folder, period)
    faults = damage(newest)
    if faults:
        raise PublishingError(f"{newest} is damaged and will not be delivered: {faults[0]}; publish it again")
    listed = json.loads((newest / MANIFEST).read_bytes())["files"]
    return PublishedEdition(
        folder=newest,
        cadence=period.cadence,
        key=period.key,
        revision=published[-1],
        manifest_sha256=sha256(newest / MANIFEST),
        files=tuple(
            PublishedFile(entry["name"], newest / entry["name"], entry["bytes"], entry["sha256"]) for entry in listed
        ),
        facts=facts_of(newest),
    )


def facts_of(folder: Path) -> Facts:
    """Figures of an edition by id."""
    return {fact["id"]: fact["value"] for fact in json.loads((folder / "facts.json").read_bytes())["facts"]}


def says_the_same(edition: PublishedEdition, revision: int) -> bool:
    """Whether an earlier revision told the same figures; one that is gone told others."""
    earlier = edition.folder.with_name(f"r{revision}")
    return (earlier / "facts.json").is_file() and facts_of(earlier) == edition.facts
