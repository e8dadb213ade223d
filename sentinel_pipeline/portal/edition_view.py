"""One edition as its page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.portal.edition_tables import SECTION, Order, is_personal, shown_section
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.rendering.edition_folder import Told, ToldSection
from sentinel_pipeline.rendering.quantities import quantity
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.values import (
    ShownTable,
    bare,
    change_word,
    written_change,
    written_figure,
    written_previous,
)

ON_CARDS: Final = 8
TABLES: Final = "tables/"
WITHHELD = "This section names people or devices; your role does not see it."


@dataclass(frozen=True)
class FigureView:
    """A key figure in words; `verdict` is better, worse or neutral."""

    id: str
    label: str
    value: str
    before: str
    change: str
    word: str
    verdict: str
    definition: str


@dataclass(frozen=True)
class FileView:
    """A file of the edition, as its manifest lists it."""

    name: str
    address: str
    size: str
    rows: str
    sha256: str

    @property
    def format(self) -> str:
        return self.name.rpartition(".")[2].upper()


@dataclass(frozen=True)
class SectionView:
    """A section: `withheld` says why its content is not shown, `picture` is the chart's address or empty.

    `files` hold its whole table, for who may have them.
    """

    name: str
    title: str
    topic: str
    finding: str
    description: str
    is_made: bool
    awaits_before: bool
    withheld: str
    picture: str
    table: ShownTable | None
    order: Order
    files: tuple[FileView, ...]


@dataclass(frozen=True)
class InputView:
    """Partitions of one statistic that a figure was made from, with their data versions."""

    asset: str
    partitions: tuple[tuple[str, str], ...]
    words: str


def figure_view(figure: KeyFigure) -> FigureView:
    word, change = change_word(figure), written_change(figure)
    arrow = {"up": "▲ ", "down": "▼ "}.get(word.partition(",")[0], "")
    verdict = word.rpartition(" ")[2] if "," in word else "neutral"
    said = "" if word in ("unchanged", "not comparable") else f"{arrow}{change}"
    shown = bare(figure)
    before = written_previous(shown)
    return FigureView(figure.id, figure.label, written_figure(shown), before, said, word, verdict, figure.definition)


def section_views(
    told: Told, sees_personal: bool, orders: Mapping[str, Order], files: Iterable[FileView]
) -> list[SectionView]:
    """The sections in the order of the report, those of one topic together."""
    tables: dict[str, list[FileView]] = {}
    for file in files:
        if file.name.startswith(TABLES):
            tables.setdefault(file.name.removeprefix(TABLES).rpartition(".")[0], []).append(file)
    views = [
        _section(told, section, sees_personal, orders.get(section.name, Order()), tables.get(section.name, ()))
        for section in told.sections
    ]
    topics = list(dict.fromkeys(view.topic for view in views))
    return sorted(views, key=lambda view: topics.index(view.topic))


def _section(
    told: Told, section: ToldSection, sees_personal: bool, order: Order, files: Iterable[FileView]
) -> SectionView:
    known = SECTION.get(section.name)
    is_withheld = not sees_personal and is_personal(told.folder, section.name)
    is_shown = section.is_made and not section.awaits_before and not is_withheld
    has_chart = is_shown and (told.folder / "charts" / f"{section.name}.png").is_file()
    return SectionView(
        name=section.name,
        title=section.title,
        topic=known.topic if known else "other",
        finding="" if is_withheld else section.finding,
        description=" ".join(known.description.split()) if known else "",
        is_made=section.is_made,
        awaits_before=section.awaits_before,
        withheld=WITHHELD if is_withheld else "",
        picture=f"/editions/{told.name}/charts/{quote(section.name)}.png" if has_chart else "",
        table=shown_section(told.folder, section.name, told.period.zone, order) if is_shown else None,
        order=order,
        files=tuple(files) if is_shown else (),
    )


def file_views(folder: Path, name: str) -> list[FileView]:
    """The edition's files, those for people first; none when its manifest cannot be read."""
    listed: Any = read_json(folder / MANIFEST).get("files")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    size = (folder / MANIFEST).stat().st_size
    views = [_file(name, entry) for entry in entries]
    views.append(FileView(MANIFEST, _address(name, MANIFEST), quantity(size, "bytes"), "", ""))
    return sorted(views, key=lambda view: ("/" in view.name, view.name))


def _file(name: str, entry: Mapping[str, Any]) -> FileView:
    file, rows = str(entry.get("name", "")), entry.get("rows")
    size, sha256 = entry.get("bytes"), str(entry.get("sha256", ""))
    shown = quantity(size, "bytes") if isinstance(size, int) else ""
    return FileView(file, _address(name, file), shown, f"{rows:,}" if isinstance(rows, int) else "", sha256)


def _address(edition: str, file: str) -> str:
    return f"/files/editions/{edition}/{quote(file)}"


def input_views(inputs: Iterable[tuple[str, str, str]]) -> list[InputView]:
    """What a figure was made from, by statistic."""
    by_asset: dict[str, list[tuple[str, str]]] = {}
    for asset, partition, version in inputs:
        by_asset.setdefault(asset, []).append((partition, version))
    return [
        InputView(asset, tuple(sorted(partitions)), counted(len(partitions), "partition"))
        for asset, partitions in sorted(by_asset.items())
    ]
