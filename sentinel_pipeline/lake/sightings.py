"""What was seen in a bucket lately, so that it is not asked for the same thing again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Final

from sentinel_pipeline.lake.objects import Objects, Seen

# So long holds what was seen. Of the lake it may be longer: who waits for a lock, or begins a run, looks anew.
FRESH_SECONDS: Final = 1.0
FRESH_LAKE_SECONDS: Final = 30.0
LAKE: Final = "lake/"
# A small folder that is looked at with those below it.
TOGETHER: Final = "lake/closed"


def _place(key: str) -> tuple[str, str]:
    """The folder that is listed for an object, and the object's name in it."""
    if key.startswith(f"{TOGETHER}/"):
        return TOGETHER, key.removeprefix(f"{TOGETHER}/")
    folder, _, name = key.rpartition("/")
    return folder, name


@dataclass
class Folder:
    """What was seen of a folder: all of it, or objects one by one, each with the moment."""

    listed: float | None = None
    names: dict[str, tuple[float, Seen | None]] = field(default_factory=dict)

    def knows(self, name: str, since: float) -> bool:
        return self.is_listed(since) or (name in self.names and self.names[name][0] >= since)

    def is_listed(self, since: float) -> bool:
        return self.listed is not None and self.listed >= since

    def told(self, name: str) -> Seen | None:
        return self.names.get(name, (0.0, None))[1]


@dataclass
class Sightings:
    """What is in a bucket, as it was seen a moment ago at most."""

    objects: Objects
    _folders: dict[str, Folder] = field(default_factory=dict)
    _answered: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def of(self, keys: Sequence[str]) -> dict[str, Seen | None]:
        """Objects by key; a folder of which several are asked for is listed."""
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for key in keys:
            folders[_place(key)[0]].append(key)
        return {key: seen for folder, wanted in folders.items() for key, seen in self._in(folder, wanted).items()}

    def _in(self, folder: str, keys: list[str]) -> dict[str, Seen | None]:
        since, names = self._since(folder), {key: _place(key)[1] for key in keys}
        with self._lock:
            known = self._folders.get(folder, Folder())
            unknown = [key for key in keys if not known.knows(names[key], since)]
            is_asked_for = any(at >= since for at, _ in known.names.values())
            told = {key: known.told(name) for key, name in names.items()}
        # What is told was seen here: another thread may have it forgotten meanwhile, and nothing is not what is there.
        if len(unknown) == 1 and not is_asked_for and folder != TOGETHER:
            told[unknown[0]] = self._look(unknown[0])
        elif unknown:
            listed = self._list(folder)
            told = {key: listed.told(name) for key, name in names.items()}
        return told

    def inside(self, folder: str) -> dict[str, Seen]:
        """Objects of a folder by name, without those in folders of its own."""
        with self._lock:
            known = self._folders.get(folder)
        if known is None or not known.is_listed(self._since(folder)):
            known = self._list(folder)
        with self._lock:
            return {name: seen for name, (_, seen) in known.names.items() if seen is not None}

    def note(self, seen: Seen) -> None:
        """What was put there a moment ago."""
        self._note(seen.key, seen)

    def note_put(self, key: str, tag: str, size: int) -> None:
        self._note(key, Seen(key, tag, size, datetime.now(UTC)))

    def note_gone(self, key: str) -> None:
        self._note(key, None)

    def forget(self, below: str = "") -> None:
        """Forgets what was seen below a folder."""
        with self._lock:
            for folder in [one for one in self._folders if one.startswith(below)]:
                del self._folders[folder]

    def _note(self, key: str, seen: Seen | None) -> None:
        folder, name = _place(key)
        with self._lock:
            self._folders.setdefault(folder, Folder()).names[name] = (monotonic(), seen)

    def _look(self, key: str) -> Seen | None:
        at, seen = monotonic(), self.objects.look(key)
        if seen is None and at - self._answered > FRESH_LAKE_SECONDS:
            folder, name = _place(key)
            return self._list(folder).told(name)  # which tells whether the bucket itself is still there
        self._answered = at
        self._note(key, seen)
        return seen

    def _list(self, folder: str) -> Folder:
        at = self._answered = monotonic()
        found = self.objects.below(folder) if folder == TOGETHER else self.objects.inside(folder)[0].values()
        whole = {seen.key.removeprefix(f"{folder}/"): (at, seen) for seen in found}
        with self._lock:
            later = {name: told for name, told in self._names(folder) if told[0] > at}
            self._folders[folder] = Folder(at, whole | later)
            return self._folders[folder]

    def _names(self, folder: str) -> list[tuple[str, tuple[float, Seen | None]]]:
        return list(self._folders.get(folder, Folder()).names.items())

    @staticmethod
    def _since(folder: str) -> float:
        return monotonic() - (FRESH_LAKE_SECONDS if folder.startswith(LAKE) else FRESH_SECONDS)
