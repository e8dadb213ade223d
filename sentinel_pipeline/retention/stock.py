"""What lies in a data folder, by kind and by the day or edition it belongs to; links are not files of ours."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CADENCES, CUSTOM, Period, day_of
from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.lake.closures import Closed, closed_at
from sentinel_pipeline.lake.mirror import Mirror
from sentinel_pipeline.lake.objects import Seen
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.lake.working_copy import copy_of
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.publishing.withdrawal import withdrawn_at

DAY = r"(?P<key>\d{4}-\d\d-\d\d)"
NAME = r"[^/.][^/]*"  # what begins with a dot is being written
REQUEST = r"(?P<key>\d{4}-\d\d-\d\d_[1-9]\d*d_[0-9a-f]+)"
CADENCE = rf"(?P<cadence>{'|'.join(CADENCES)})"
REVISION = rf"r[1-9][0-9]*/(?!{re.escape(MANIFEST)}$).+"
CLOSED: frozenset[str] = frozenset(get_args(Closed))


@dataclass(frozen=True)
class File:
    """A file by its path from the data folder, as it was seen: another inode or time is another file."""

    path: str
    bytes: int
    inode: int
    changed_ns: int


@dataclass(frozen=True)
class Item:
    """What goes together: its days, `number` of things (files, runs) in it, and since when it is kept.

    `is_begun` says that its deletion was begun and has to be ended.
    """

    kind: Kind
    name: str
    first: date
    last: date
    kept_since: date
    number: int
    bytes: int
    files: tuple[File, ...] = ()
    is_begun: bool = False

    @property
    def identity(self) -> tuple[Kind, str]:
        return self.kind, self.name


@dataclass(frozen=True)
class Place:
    """Where files of a kind lie: below `root`, and which of them, by their path from the data folder.

    `is_dated` says that an item is kept since its newest file was written, if that is later than its own days.
    """

    kind: Kind
    root: str
    pattern: re.Pattern[str]
    is_dated: bool = False


def _place(kind: Kind, root: str, below: str, *, is_dated: bool = False) -> Place:
    return Place(kind, root, re.compile(re.escape(root) + "/" + below), is_dated)


# The first that fits counts.
PLACES = (
    _place("quarantine", "lake/extracts", rf"{NAME}/quarantine/{DAY}\.parquet"),
    _place("quarantine", "lake/facts", rf"quarantine/{DAY}\.parquet"),
    _place("facts", "lake/extracts", rf"{NAME}/{NAME}/{DAY}\.(parquet|json)"),
    _place("facts", "lake/facts", rf"{NAME}/{DAY}\.parquet"),
    _place("statistics", "lake/statistics", rf"{NAME}/(superseded/)?{DAY}(\.[0-9a-f]+)?\.parquet"),
    *(_place("drafts", f"lake/{one}", rf"{NAME}/{DAY}\.parquet", is_dated=True) for one in CADENCES),
    _place("drafts", "editions/.drafts", rf"{CADENCE}/{NAME}/{DAY}/.+", is_dated=True),
    _place("daily_editions", "editions/daily", rf"{DAY}/{REVISION}", is_dated=True),
    _place("weekly_editions", "editions/weekly", rf"{DAY}/{REVISION}", is_dated=True),
    _place("monthly_editions", "editions/monthly", rf"{DAY}/{REVISION}", is_dated=True),
    _place("drafts", "lake/custom", rf"{NAME}/{REQUEST}\.parquet", is_dated=True),
    _place("drafts", "editions/.drafts", rf"(?P<cadence>custom)/{NAME}/{REQUEST}/.+", is_dated=True),
    _place("custom_editions", "editions/custom", rf"{REQUEST}/{REVISION}", is_dated=True),
    _place("exports", "exports", r"(?!\.)(?!.*/\.).+", is_dated=True),
    _place("outbox", "outbox", rf"{NAME}\.eml", is_dated=True),
)


def stock(data: Path, zone: ZoneInfo, kinds: Collection[Kind]) -> list[Item]:
    """What there is of some kinds, by kind and name."""
    gathered: dict[tuple[Kind, str], list[tuple[File, date, date]]] = {}
    places = [place for place in PLACES if place.kind in kinds]
    for root in dict.fromkeys(place.root for place in places):
        here = [place for place in PLACES if place.root == root]
        for file in files_below(data, root):
            found = _belonging(file, here, zone)
            if found is not None and found[0].kind in kinds:
                place, name, first, last = found
                gathered.setdefault((place.kind, name), []).append((file, first, last))
    dated = {place.kind for place in PLACES if place.is_dated}
    begun = _begun(data)
    return [
        _item(kind, name, entries, zone, is_dated=kind in dated, is_begun=begun(kind, name))
        for (kind, name), entries in sorted(gathered.items())
    ]


def _belonging(file: File, places: list[Place], zone: ZoneInfo) -> tuple[Place, str, date, date] | None:
    """Where a file belongs, the name of its item, and the item's first and last day; None for what is not ours."""
    for place in places:
        match = place.pattern.fullmatch(file.path)
        if match is None:
            continue
        named = match.groupdict()
        if "key" not in named:
            day = written_on(file, zone)
            return place, day.isoformat(), day, day
        cadence = named.get("cadence") or place.root.rpartition("/")[2]
        is_of_cadence = cadence in (*CADENCES, CUSTOM)
        try:
            period = Period.parse(cadence if is_of_cadence else "daily", named["key"], zone)
        except UsageError:
            return None
        return place, f"{cadence}/{period.key}" if is_of_cadence else period.key, period.first, period.last
    return None


def _item(
    kind: Kind,
    name: str,
    entries: list[tuple[File, date, date]],
    zone: ZoneInfo,
    *,
    is_dated: bool,
    is_begun: bool,
) -> Item:
    files = tuple(sorted((file for file, _, _ in entries), key=lambda file: file.path))
    _, first, last = entries[0]
    sizes = {file.inode: file.bytes for file in files}  # several names of one file are one file on disk
    kept_since = max(last, *(written_on(file, zone) for file in files)) if is_dated else last
    return Item(kind, name, first, last, kept_since, len(files), sum(sizes.values()), files, is_begun)


def written_on(file: File, zone: ZoneInfo) -> date:
    """The day on which a file was written, in the zone."""
    return day_of(datetime.fromtimestamp(file.changed_ns // 1_000_000_000, UTC), zone)


def _begun(data: Path) -> Callable[[Kind, str], bool]:
    lake = Lake(data / "lake")

    def is_begun(kind: Kind, name: str) -> bool:
        if kind.endswith("_editions"):
            return withdrawn_at(data / "editions" / name) is not None
        closed = next((what for what in get_args(Closed) if what == kind), None)
        return closed is not None and closed_at(lake, closed, name) is not None

    return is_begun


def files_below(data: Path, root: str) -> Iterator[File]:
    """Regular files of a folder of the data folder; neither links nor what lies behind them."""
    if copy := copy_of(data / root):
        yield from map(_object, copy.objects.below(root))
        return
    steps = root.split("/")
    if any((data / "/".join(steps[:count])).is_symlink() for count in range(1, len(steps) + 1)):
        return
    folders = [root]
    while folders:
        folder = folders.pop()
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(data / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}/{entry.name}")
                elif entry.is_file(follow_symlinks=False):
                    yield _file(f"{folder}/{entry.name}", entry.stat(follow_symlinks=False))


def _object(seen: Seen) -> File:
    """An object as if it were a file: another tag is another file."""
    same = int.from_bytes(sha256(f"{seen.key} {seen.tag}".encode()).digest()[:8], "big")
    return File(seen.key, seen.bytes, same, int(seen.written.timestamp()) * 1_000_000_000)


def files_now(copy: Mirror, files: Iterable[File]) -> list[File]:
    """Of files in a bucket those that are there as they were seen."""
    wanted = list(files)
    copy.sightings.forget()
    found = copy.sightings.of([file.path for file in wanted])
    return [file for file in wanted if (seen := found[file.path]) is not None and _object(seen) == file]


def _file(path: str, status: os.stat_result) -> File:
    return File(path, status.st_size, status.st_ino, status.st_mtime_ns)
