"""Notes beside the files of a working copy: which object each is of, so that nothing else is ever taken for one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from sentinel_pipeline.domain.stores import NOTED_ADDRESS as ADDRESS
from sentinel_pipeline.domain.stores import NOTES as FOLDER

# What tells of an edition stays: it is small, and asked for with every look at what is published.
STAYING: Final = ("/manifest.json", "/facts.json", "/words.json")
SWEPT: Final = "swept"
SWEEP_SECONDS: Final = 86_400
BEING_WRITTEN: Final = "~"
# Whoever was told that a file is fresh may be about to read it: so long it stays, however full the copy is.
IN_USE_SECONDS: Final = 3_600
TOUCHED_SECONDS: Final = 600
LOOKED_SECONDS: Final = 60


@dataclass
class CopyNotes:
    """Notes in `.store/` of a data folder, each under the name of its object; the files take `limit` bytes at most."""

    data: Path
    limit: int
    _bounded: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @property
    def address(self) -> str:
        """The address of the bucket that the folder is a working copy of; empty when it is of none yet."""
        return self._note(ADDRESS)

    def become_copy_of(self, address: str) -> None:
        place = self._place(ADDRESS)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(address, encoding="utf-8")
        self.note_sweep()

    def is_sweep_due(self) -> bool:
        """Whether a day went by since copies were compared with what is there."""
        try:
            return time.time() - self._place(SWEPT).stat().st_mtime > SWEEP_SECONDS
        except FileNotFoundError:
            return True

    def note_sweep(self) -> None:
        self._place(SWEPT).touch()

    def is_of(self, key: str, tag: str | None) -> bool:
        """Whether the file is here as it was fetched or put, of an object with that tag."""
        path = os.fspath(self.data / key)
        try:
            status = os.stat(path)  # noqa: PTH116 - as often as the lake is read
        except (FileNotFoundError, NotADirectoryError):
            return tag is None
        if tag is None or self._note(key) != _note(tag, status):
            return False
        now = time.time()
        if now - status.st_atime > TOUCHED_SECONDS:
            with suppress(OSError):
                os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        return True

    def holds(self, key: str) -> bool:
        """Whether the file is here as it was fetched or put, whatever became of its object."""
        note = self._note(key)
        return note != "" and self.is_of(key, note.split()[0])

    def write(self, key: str, tag: str, file: Path) -> None:
        """Notes that a file, which gets its name then, is of an object with that tag."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f"{place.name}.{os.getpid()}.{os.urandom(4).hex()}{BEING_WRITTEN}")
        temporary.write_text(_note(tag, file.stat()), encoding="utf-8")
        temporary.replace(place)

    def remove(self, key: str) -> None:
        """Removes a file and its note."""
        (self.data / key).unlink(missing_ok=True)
        self._place(key).unlink(missing_ok=True)

    def below(self, folder: str) -> Iterator[str]:
        """Names of what is noted below a folder."""
        root = self.data / FOLDER
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.name.endswith(BEING_WRITTEN) and path.parent != root:
                yield path.relative_to(root).as_posix()

    def bound(self) -> None:
        """Removes what was used least lately, as long as the files take more than they may."""
        with self._lock:
            now = time.monotonic()
            if self._bounded and now - self._bounded < LOOKED_SECONDS:
                return
            self._bounded = now
        here = []
        for key in self.below(""):
            with suppress(FileNotFoundError, NotADirectoryError):
                status = (self.data / key).stat()
                here.append((status.st_atime, status.st_size, key))
        excess = sum(size for _, size, _ in here) - self.limit
        for used, size, key in sorted(here):
            if excess <= 0 or time.time() - used < IN_USE_SECONDS:
                return
            if not key.endswith(STAYING) and self.holds(key):
                self.remove(key)
                excess -= size

    def _place(self, key: str) -> Path:
        return self.data / FOLDER / key

    def _note(self, key: str) -> str:
        try:
            with open(f"{self.data}/{FOLDER}/{key}", encoding="utf-8") as file:  # noqa: PTH123 - as often as read
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return ""


def _note(tag: str, status: os.stat_result) -> str:
    return f"{tag or '-'} {status.st_ino} {status.st_mtime_ns} {status.st_size}"
