"""The data folder as a mirror of a bucket: fetches what is another there, puts there what is written here.

Beside each copy a note says which object it is of, so that only what lies in the bucket is ever removed from here.
"""

from __future__ import annotations

import filecmp
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sentinel_pipeline.domain.errors import ObjectChangedError, PublishingError, StoreError
from sentinel_pipeline.lake.copy_notes import CopyNotes
from sentinel_pipeline.lake.objects import Objects, Seen, abreast
from sentinel_pipeline.lake.sightings import Sightings

ROOMS: Final = ("lake", "editions", "exports")
# Hidden names that belong to what is published; all others are being written, or are locks.
SHARED: Final = frozenset({".drafts", ".made_from", ".revisions", ".scheduled_since", ".withdrawn.json"})
DOWNLOADED: Final = "exports/"
# What is put over nothing is in memory meanwhile; larger files are put in parts.
LARGE: Final = 64 * 1024 * 1024
TRIES: Final = 5


@dataclass
class Mirror:
    """A data folder and its bucket."""

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
        abreast(lambda key: self._renew(key, found[key]), stale)

    def fresh_finals(self, keys: Sequence[str]) -> None:
        """Fetches what never changes once it is there, where it is not here already."""
        abreast(self._fetch, [key for key in keys if not self.notes.holds(key)])

    def fresh_below(self, folder: str) -> None:
        """Makes a folder here, however deep, what it is in the bucket."""
        noted = list(self.notes.below(folder))  # before: what another process puts meanwhile is not gone
        found = {seen.key: seen for seen in self.objects.below(folder)}
        for key in noted:
            if key not in found:
                self.notes.remove(key)
        stale = [key for key, seen in found.items() if not self.notes.is_of(key, seen.tag)]
        abreast(lambda key: self._renew(key, found[key]), stale)

    def _renew(self, key: str, seen: Seen | None) -> None:
        """Before a file goes it is looked for once more: another process of this copy may just have written it."""
        if seen is None and self.objects.look(key) is None:
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
        try:
            self._fetch_into(key, path)
        except OSError as error:
            raise StoreError(f"{path}: cannot be fetched: {error.strerror or error}") from None
        self.notes.bound()

    def _fetch_into(self, key: str, path: Path) -> None:
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
            os.utime(temporary, (time.time(), written))
            self.notes.write(key, seen.tag, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def send(self, temporary: Path, path: Path) -> None:
        """Puts a file into the bucket that will have the name `path` here."""
        key = self.key(path)
        tag = self.objects.put(key, temporary)
        self._adopt_time(key, temporary)
        self._sent(key, tag, temporary)

    def send_new(self, temporary: Path, path: Path) -> bool:
        """The same for a name that is free in the bucket; False when it is not."""
        key = self.key(path)
        tag = self.objects.put_new(key, temporary)
        if tag is not None:
            self._adopt_time(key, temporary)
            self._sent(key, tag, temporary)
        return tag is not None

    def _adopt_time(self, key: str, temporary: Path) -> None:
        """Of what people download: whoever gets a part from one copy gets the rest from another."""
        seen = self.objects.look(key) if key.startswith(DOWNLOADED) else None
        if seen is not None:
            os.utime(temporary, (time.time(), seen.written.timestamp()))

    def _sent(self, key: str, tag: str, temporary: Path) -> None:
        self.sightings.note_put(key, tag, temporary.stat().st_size)
        self.notes.write(key, tag, temporary)

    def send_folder(self, staging: Path, folder: Path, last: Sequence[str] = ()) -> None:
        """Makes a folder of the bucket what `staging` is, which will have the name `folder` here; some names last."""
        below = self.key(folder)
        files = {f"{below}/{path.relative_to(staging).as_posix()}": path for path in files_in(staging)}
        at_the_end = {f"{below}/{name}" for name in last}
        self.delete([seen.key for seen in self.objects.below(below) if seen.key not in files.keys() - at_the_end])
        for part in ({k: v for k, v in files.items() if k not in at_the_end}, {k: files[k] for k in at_the_end}):
            for key, tag in self.objects.put_all(part).items():
                self._sent(key, tag, part[key])

    def send_finals(self, files: Mapping[Path, Path]) -> None:
        """Puts files that never change, by the names they will have, over nothing.

        What is there with the same content stays. Raises PublishingError for what is there and differs.
        """
        keys = {self.key(path): temporary for path, temporary in files.items()}
        abreast(lambda key: self._send_final(key, keys[key]), list(keys))

    def _send_final(self, key: str, temporary: Path) -> None:
        is_large = temporary.stat().st_size > LARGE
        if is_large and self.objects.look(key) is None:
            tag: str | None = self.objects.put(key, temporary)
        else:
            tag = self.objects.put_new(key, temporary)
        self._sent(key, tag or self._same(key, temporary), temporary)

    def _same(self, key: str, temporary: Path) -> str:
        seen = self.objects.look(key)
        if seen is None or not self.is_same(key, temporary):
            raise PublishingError(f"{self.objects.store.url}/{key}: there is something else")
        return seen.tag

    def is_same(self, key: str, file: Path) -> bool:
        """Whether an object is there with the content of a file."""
        there = file.with_name(f".{file.name}.{os.getpid()}.there")
        try:
            return self.objects.fetch(key, there) is not None and filecmp.cmp(there, file, shallow=False)
        finally:
            there.unlink(missing_ok=True)

    def adopt_times(self, folder: str, staging: Path) -> None:
        """Gives files, which lie in `staging` until they get their names, the times of their objects."""
        for seen in self.objects.below(folder):
            path, written = staging / seen.key.removeprefix(f"{folder}/"), seen.written.timestamp()
            if path.is_file():
                os.utime(path, (time.time(), written))
                self.notes.write(seen.key, seen.tag, path)

    def sweep(self) -> None:
        """Once a day: removes copies of what is gone from the bucket, though nobody asks for them any more."""
        if not self.notes.is_sweep_due():
            return
        folders: dict[str, set[str]] = {}
        for key in self.notes.below(""):
            folders.setdefault(key.rpartition("/")[0], set()).add(key)

        def sweep_one(folder: str) -> None:
            there = {seen.key for seen in self.objects.inside(folder)[0].values()}
            for key in folders[folder] - there:
                self.notes.remove(key)

        abreast(sweep_one, sorted(folders))
        self.notes.note_sweep()

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects, and what is here of them."""
        self.objects.delete(keys)
        for key in keys:
            self.sightings.note_gone(key)
            self.notes.remove(key)


def is_shared(parts: Sequence[str]) -> bool:
    """Whether a path below the data folder belongs into the bucket; locks are each machine's own."""
    if not parts or parts[0] not in ROOMS or parts[-1].endswith(".lock"):
        return False
    return all(part in SHARED for part in parts if part.startswith("."))


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
