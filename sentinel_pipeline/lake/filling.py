"""A data folder that stood for itself moves into a bucket, and is its working copy from then on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentinel_pipeline.domain.errors import PublishingError, StoreError, UsageError
from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake.copy_notes import CopyNotes
from sentinel_pipeline.lake.mirror import ROOMS, Mirror, is_shared
from sentinel_pipeline.lake.objects import Objects, abreast
from sentinel_pipeline.lake.sightings import Sightings


@dataclass(frozen=True)
class Moved:
    """What of a room of the data folder lies in the bucket now, every file compared."""

    room: str
    files: int
    bytes: int


def fill(data: Path, store: Store, last: str) -> list[Moved]:
    """Puts lake, editions and exports into a bucket, files named `last` at the end; moved twice is moved once.

    Raises UsageError for the working copy of another bucket, StoreError when the bucket holds something else under one
    of the names, or not what was put there.
    """
    objects = Objects(store)
    copy = Mirror(data, objects, CopyNotes(data, store.kept_bytes), Sightings(objects))
    if copy.notes.address not in ("", store.url):
        raise UsageError(f"{data} is the working copy of {copy.notes.address}; it cannot be that of {store.url} too")
    objects.require()
    moved = [_move(copy, data / room, last) for room in ROOMS]
    copy.notes.become_copy_of(store.url)
    return moved


def shared_files(room: Path) -> Iterator[Path]:
    """Files of a room that belong into a bucket, by name."""
    for path in sorted(room.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_shared(path.relative_to(room.parent).parts):
            yield path


def _move(copy: Mirror, room: Path, last: str) -> Moved:
    files = list(shared_files(room))
    for is_last in (False, True):
        part = {path: path for path in files if (path.name == last) == is_last}
        try:
            copy.send_finals(part)
        except PublishingError as error:
            raise StoreError(f"{error}; name a prefix that holds nothing") from None
    there = {seen.key: seen for seen in copy.objects.below(room.name)}
    missing = [copy.key(path) for path in files if copy.key(path) not in there]
    if missing:
        raise StoreError(f"{copy.objects.store.url}/{missing[0]}: was put there, and is not there; move again")

    def compare(path: Path) -> None:
        seen = there[copy.key(path)]
        if seen.bytes != path.stat().st_size or not (_is_md5(path, seen.tag) or copy.is_same(seen.key, path)):
            raise StoreError(f"{copy.objects.store.url}/{seen.key}: is not what was put there; move again")

    abreast(compare, files)
    return Moved(room.name, len(files), sum(path.stat().st_size for path in files))


def _is_md5(path: Path, tag: str) -> bool:
    """Whether the tag is the checksum of the file, as it is where neither parts nor keys of the service come in."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == tag.strip('"')
