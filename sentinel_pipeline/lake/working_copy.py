"""The working copy of a bucket: what the data folder holds of it, as it is there now.

The bucket is the truth. What is read is asked for there first, and fetched when it is another; what is written is put
there before it gets its name here; what is gone there goes here. Beside each copy a note says which object it is of, so
that only what lies in the bucket is ever removed from here. Without a bucket every function returns at once.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from sentinel_pipeline.domain.errors import ObjectChangedError, PublishingError, StoreError, UsageError
from sentinel_pipeline.domain.stores import Store, declared
from sentinel_pipeline.lake.copy_notes import CopyNotes
from sentinel_pipeline.lake.objects import ABREAST, Objects, Seen
from sentinel_pipeline.lake.sightings import Sightings

ROOMS: Final = ("lake", "editions", "exports")
# Hidden names that belong to what is published; all others are being written, or are locks.
SHARED: Final = frozenset({".drafts", ".made_from", ".revisions", ".scheduled_since", ".withdrawn.json"})
# What is put over nothing is in memory meanwhile; larger files are put in parts.
LARGE: Final = 64 * 1024 * 1024
TRIES: Final = 5


@dataclass
class WorkingCopy:
    """A data folder as the working copy of a bucket."""

    data: Path
    objects: Objects
    notes: CopyNotes
    sightings: Sightings

    def key(self, path: Path) -> str:
        return path.relative_to(self.data).as_posix()

    def inside(self, folder: Path) -> dict[str, Seen]:
        """Objects of a folder by name, without those in folders of its own."""
        return self.sightings.inside(self.key(folder))

    def fresh(self, keys: Sequence[str]) -> None:
        """Makes files here what they are in the bucket; those that are not there go here too."""
        found = self.sightings.of(keys)
        stale = [key for key, seen in found.items() if not self.notes.is_of(key, seen.tag if seen else None)]
        _abreast(lambda key: self._renew(key, found[key]), stale)

    def fresh_finals(self, keys: Sequence[str]) -> None:
        """Fetches what never changes once it is there, where it is not here already."""
        _abreast(self._fetch, [key for key in keys if not self.notes.holds(key)])

    def fresh_below(self, folder: str) -> None:
        """Makes a folder here, however deep, what it is in the bucket."""
        found = {seen.key: seen for seen in self.objects.below(folder)}
        for key in self.notes.below(folder):
            if key not in found:
                self.notes.remove(key)
        stale = [key for key, seen in found.items() if not self.notes.is_of(key, seen.tag)]
        _abreast(lambda key: self._renew(key, found[key]), stale)

    def _renew(self, key: str, seen: Seen | None) -> None:
        if seen is None:
            self.notes.remove(key)
        else:
            self._fetch(key)

    def _fetch(self, key: str) -> None:
        for _ in range(TRIES):
            with suppress(ObjectChangedError):
                return self._fetch_once(key)
        raise StoreError(f"{self.objects.store.url}/{key}: is replaced again and again; try later")

    def _fetch_once(self, key: str) -> None:
        path = self.data / key
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            seen = self.objects.fetch(key, temporary)
            if seen is None:
                self.sightings.note_gone(key)
                self.notes.remove(key)
                return
            self.sightings.note(seen)
            written = seen.written.timestamp()
            os.utime(temporary, (written, written))
            self.notes.write(key, seen.tag, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self.notes.bound()

    def send(self, temporary: Path, path: Path) -> None:
        """Puts a file into the bucket that will have the name `path` here."""
        key = self.key(path)
        self._sent(key, self.objects.put(key, temporary), temporary)

    def send_new(self, temporary: Path, path: Path) -> bool:
        """The same for a name that is free in the bucket; False when it is not."""
        key = self.key(path)
        tag = self.objects.put_new(key, temporary)
        if tag is not None:
            self._sent(key, tag, temporary)
        return tag is not None

    def _sent(self, key: str, tag: str, temporary: Path) -> None:
        self.sightings.note_put(key, tag, temporary.stat().st_size)
        self.notes.write(key, tag, temporary)

    def send_folder(self, staging: Path, folder: Path, last: Sequence[str] = ()) -> None:
        """Makes a folder of the bucket what `staging` is, which will have the name `folder` here; some names last."""
        below = self.key(folder)
        files = {f"{below}/{path.relative_to(staging).as_posix()}": path for path in _files(staging)}
        for key in [seen.key for seen in self.objects.below(below) if seen.key not in files]:
            self.delete([key])
        at_the_end = {f"{below}/{name}" for name in last}
        for part in ({k: v for k, v in files.items() if k not in at_the_end}, {k: files[k] for k in at_the_end}):
            for key, tag in self.objects.put_all(part).items():
                self._sent(key, tag, part[key])

    def send_finals(self, files: Mapping[Path, Path]) -> None:
        """Puts files that never change, by the names they will have, over nothing.

        What is there with the same content stays. Raises PublishingError for what is there and differs.
        """
        keys = {self.key(path): temporary for path, temporary in files.items()}
        _abreast(lambda key: self._send_final(key, keys[key]), list(keys))

    def _send_final(self, key: str, temporary: Path) -> None:
        is_large = temporary.stat().st_size > LARGE
        if is_large and self.objects.look(key) is None:
            tag: str | None = self.objects.put(key, temporary)
        else:
            tag = self.objects.put_new(key, temporary)
        self._sent(key, tag or self._same(key, temporary), temporary)

    def _same(self, key: str, temporary: Path) -> str:
        there = temporary.with_name(f".{temporary.name}.there")
        try:
            seen = self.objects.fetch(key, there)
            if seen is None or not filecmp.cmp(there, temporary, shallow=False):
                raise PublishingError(f"{self.objects.store.url}/{key}: something else was published there")
            return seen.tag
        finally:
            there.unlink(missing_ok=True)

    def adopt_times(self, folder: str, staging: Path) -> None:
        """Gives files, which lie in `staging` until they get their names, the times of their objects.

        So all copies of a file have one time, and whoever downloads a part from one gets the rest from another.
        """
        for seen in self.objects.below(folder):
            path, written = staging / seen.key.removeprefix(f"{folder}/"), seen.written.timestamp()
            if path.is_file():
                os.utime(path, (written, written))
                self.notes.write(seen.key, seen.tag, path)

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects, and what is here of them."""
        self.objects.delete(keys)
        for key in keys:
            self.sightings.note_gone(key)
            self.notes.remove(key)


def _abreast(work: Callable[[str], None], keys: Sequence[str]) -> None:
    if len(keys) < 2:
        for key in keys:
            work(key)
        return
    with ThreadPoolExecutor(ABREAST) as pool:
        for _ in pool.map(work, keys):
            pass


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def copy_of(path: Path) -> WorkingCopy | None:
    """The working copy that a path belongs to; None where files stand for themselves.

    Raises StoreError when the bucket cannot be reached, UsageError when the folder is no copy of it.
    """
    found = declared(path)
    if found is None:
        return None
    data, store = found
    parts = path.relative_to(data).parts
    if not parts or parts[0] not in ROOMS or any(part.startswith(".") and part not in SHARED for part in parts):
        return None
    return _opened(data, store)


@lru_cache(maxsize=16)
def _opened(data: Path, store: Store) -> WorkingCopy:
    objects = Objects(store)
    copy = WorkingCopy(data, objects, CopyNotes(data, store.kept_bytes), Sightings(objects))
    if copy.notes.address == store.url:
        return copy
    if copy.notes.address:
        raise UsageError(
            f"{data} is the working copy of {copy.notes.address}; name another SENTINEL_DATA for {store.url}"
        )
    own = [room for room in ROOMS if any(_files(data / room))]
    if own:
        raise UsageError(
            f"{data / own[0]} holds files that are not in {store.url}; `sentinel migrate --store` puts them there"
        )
    copy.objects.require()
    copy.notes.become_copy_of(store.url)
    return copy


def fresh(path: Path) -> Path:
    """The file as it is in the bucket; not there when it is not."""
    if copy := copy_of(path):
        copy.fresh((copy.key(path),))
    return path


def fresh_all(paths: Iterable[Path]) -> list[Path]:
    """Files as they are in the bucket, fetched side by side."""
    wanted = list(paths)
    if wanted and (copy := copy_of(wanted[0])):
        copy.fresh([copy.key(path) for path in wanted])
    return wanted


def fresh_finals(paths: Iterable[Path]) -> None:
    """The same for files that never change: they are not asked for again."""
    wanted = list(paths)
    if wanted and (copy := copy_of(wanted[0])):
        copy.fresh_finals([copy.key(path) for path in wanted])


def fresh_below(folder: Path) -> Path:
    """A folder as it is in the bucket, with everything below."""
    if copy := copy_of(folder):
        copy.fresh_below(copy.key(folder))
    return folder


def look_again(path: Path) -> None:
    """Whoever reads below the path from now on is told what the bucket holds then."""
    if copy := copy_of(path):
        copy.sightings.forget(copy.key(path))


def send(temporary: Path, path: Path) -> None:
    """Puts a file into the bucket before it gets its name."""
    if copy := copy_of(path):
        copy.send(temporary, path)


def remove(paths: Iterable[Path]) -> None:
    """Deletes files, in the bucket first."""
    for path in paths:
        if copy := copy_of(path):
            copy.delete((copy.key(path),))
        path.unlink(missing_ok=True)
