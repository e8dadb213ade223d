"""An edition as its folder tells it: what a mail can say of any revision, however long ago it was published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.rendering.report import KeyFigure, State

COMPLETENESS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "table": pl.String(),
    "rows": pl.Int64(),
    "quarantined": pl.Int64(),
    "status": pl.String(),
    "reason": pl.String(),
}
SHORT_HASH = 12


@dataclass(frozen=True)
class ToldSection:
    """What an edition says of one section; `figures` are the ids of those that speak of the same table.

    `awaits_before`: it compares with the period before, of which nothing whole was ever read.
    """

    name: str
    title: str
    finding: str
    is_told: bool
    is_made: bool
    figures: tuple[str, ...]
    awaits_before: bool = False


@dataclass(frozen=True)
class Told:
    """All that an edition's folder says; `manifest_hash` is the SHA-256 of its manifest.

    `requested_as` is the name of the request that it was made for, empty for one that nobody requested.
    """

    folder: Path
    organisation: str
    period: Period
    revision: int
    manifest_hash: str
    title: str
    state: State
    in_short: str
    headline: str
    biggest_change: str
    open_matters: tuple[str, ...]
    completeness: pl.DataFrame
    completeness_words: str
    is_complete: bool
    unread: Mapping[str, str]
    silent: tuple[str, ...]
    figures: tuple[KeyFigure, ...]
    sections: tuple[ToldSection, ...]
    leading_chart: tuple[str, str] | None
    requested_as: str = ""

    @property
    def name(self) -> str:
        """`weekly/2026-11-09/r1`."""
        return f"{self.period.cadence}/{self.period.key}/r{self.revision}"

    @property
    def short_hash(self) -> str:
        return self.manifest_hash[:SHORT_HASH]

    @property
    def is_true_zero(self) -> bool:
        """Whether nothing happened and everything would have been seen: no source was cut short, none fell silent."""
        return self.state == "empty" and self.is_complete and not self.silent

    def picture(self, name: str) -> bytes | None:
        """A PNG of the edition; None when it has none of that name."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None


def told(folder: Path) -> Told:
    """Raises UsageError for a folder that is no edition, SentinelError for one that is damaged or too old for this."""
    content = _content(folder, "manifest.json")
    try:
        manifest = json.loads(content)
        facts, words = (json.loads(_content(folder, name)) for name in ("facts.json", "words.json"))
        return Told(
            folder=folder,
            organisation=manifest["organisation"],
            period=Period.parse(manifest["cadence"], manifest["key"], ZoneInfo(manifest["timezone"])),
            revision=manifest["revision"],
            manifest_hash=sha256(content).hexdigest(),
            completeness=_completeness(manifest["sources"]),
            is_complete=manifest["is_complete"],
            requested_as=str(manifest.get("request", {"name": ""})["name"]),
            figures=tuple(_figure(fact) for fact in facts["facts"]),
            **_said(words),
        )
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise SentinelError(
            f"{folder}: cannot be told: {type(error).__name__} in its manifest.json, facts.json or words.json;"
            " `sentinel verify` says whether it is damaged"
        ) from None


def told_figures(folder: Path) -> tuple[KeyFigure, ...]:
    """The figures of an edition. Raises SentinelError where it does not tell them."""
    return tuple(_figure(fact) for fact in json.loads(_content(folder, "facts.json"))["facts"])


def _content(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if name == "manifest.json":
            raise UsageError(f"{folder} is no published edition: it has no manifest.json") from None
        raise SentinelError(
            f"{folder}: has no {name}, as editions of earlier versions have none; publish it again"
        ) from None


def _said(words: dict[str, Any]) -> dict[str, Any]:
    chart = words["leading_chart"]
    return {
        **{name: words[name] for name in ("title", "state", "in_short", "headline", "biggest_change", "unread")},
        "open_matters": tuple(words["open_matters"]),
        "silent": tuple(words["silent"]),
        "completeness_words": words["completeness"],
        "leading_chart": None if chart is None else (chart["section"], chart["alt"]),
        "sections": tuple(
            ToldSection(
                section["name"],
                section["title"],
                section["finding"],
                section["is_told"],
                section["is_made"],
                tuple(section["figures"]),
                section.get("awaits_before", False),
            )
            for section in words["sections"]
        ),
    }


def _completeness(sources: list[dict[str, Any]]) -> pl.DataFrame:
    rows = [{"source": source["name"], **table} for source in sources for table in source["tables"]]
    return pl.DataFrame(rows, schema=COMPLETENESS)


def _figure(fact: dict[str, Any]) -> KeyFigure:
    names = ("id", "label", "unit", "value", "definition", "previous", "change", "change_percent", "is_good_when")
    inputs = tuple((str(asset), str(day), str(version)) for asset, day, version in fact["inputs"])
    return KeyFigure(**{name: fact[name] for name in names}, is_lower_bound=fact["is_lower_bound"], inputs=inputs)
