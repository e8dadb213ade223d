"""What a custom report would tell of, before anybody makes it: rows it is counted from, and about how large it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.domain.tables import TABLE, Table
from sentinel_pipeline.lake.store import Lake, read_json
from sentinel_pipeline.portal.shelf import shelf
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.publishing.scope import Scope, needed_by
from sentinel_pipeline.sections.section import BEFORE
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.sources.kinds import tables_given
from sentinel_pipeline.statistics import STATISTICS

# What is written for each section, one file of a kind.
OF_SECTIONS: Final = ("tables/", "charts/")
NOT_TOLD: Final = ("completeness",)


@dataclass(frozen=True)
class Counted:
    """Rows of a table in the days that are in the lake, and how many of those days are."""

    table: str
    rows: int
    days: int


@dataclass(frozen=True)
class Preview:
    """`days` are asked for; `bytes` is what `like` takes, the newest edition of the nearest length (None: none)."""

    days: int
    tables: tuple[Counted, ...]
    sections: tuple[str, ...]
    bytes: int | None
    like: str

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables)

    @property
    def missing_days(self) -> int:
        """Days of which nothing was read yet: they are read first."""
        return self.days - max((one.days for one in self.tables), default=0)


def preview(request: Request, settings: Settings, lake: Lake) -> Preview:
    """Counts rows by the lake's own metadata where it can."""
    scope = Scope(tables_given((entry.name, entry.kind) for entry in settings.sources))
    sections = [one for one in scope.sections if not request.sections or one.name in request.sections]
    needed = {name.removesuffix(BEFORE) for one in sections for name in needed_by(one)} - {*NOT_TOLD}
    names = {one.table for one in STATISTICS if one.name in needed}
    keys = request.period(settings.zone).day_keys
    tables = [TABLE[name] for name in TABLE if name in names and not TABLE[name].is_snapshot]
    counted = tuple(_counted(lake, table, keys, request) for table in tables)
    size, like = _size(settings.editions, request, settings)
    return Preview(request.days, counted, tuple(one.name for one in sections), size, like)


def _counted(lake: Lake, table: Table, keys: tuple[str, ...], request: Request) -> Counted:
    asset = f"facts/{table.name}"
    paths = lake.paths(asset, keys)
    if not paths:
        return Counted(table.name, 0, 0)
    rows = lake.storage.scan_all(paths)
    if request.sources:
        rows = rows.filter(pl.col("source").is_in(request.sources))
    if request.devices and "device_ip" in table.schema:
        rows = rows.filter(pl.col("device_ip").is_in(request.devices))
    return Counted(table.name, int(rows.select(pl.len()).collect(engine="streaming").item()), len(paths))


def _size(editions: Path, request: Request, settings: Settings) -> tuple[int | None, str]:
    """Bytes of the wanted files of the edition whose length is nearest, the newest of such, and what it is called."""
    entries = shelf(editions, settings.zone)
    if not entries:
        return None, ""
    nearest = min(entries, key=lambda entry: abs(len(entry.period.days) - request.days))
    listed: Any = read_json(editions / nearest.name / MANIFEST).get("files")
    files = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    size = sum(_bytes(one) for one in files if _is_wanted(one, request))
    return size, f"{nearest.period.cadence} report of {nearest.period.words}"


def _bytes(file: Mapping[str, Any]) -> int:
    return int(file["bytes"]) if isinstance(file.get("bytes"), int) else 0


def _is_wanted(file: Mapping[str, Any], request: Request) -> bool:
    name = str(file.get("name", ""))
    stem, suffix = name.rpartition("/")[2].partition(".")[::2]
    if request.formats and suffix not in request.formats:
        return False
    return not (request.sections and name.startswith(OF_SECTIONS) and stem not in request.sections)
