"""The working copy of a bucket: what the data folder holds of it, as it is there now.

The bucket is the truth. What is read is asked for there first, and fetched when it is another; what is written is put
there before it gets its name here; what is gone there goes here. Without a bucket every function returns at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.stores import Store, declared
from sentinel_pipeline.lake.copy_notes import CopyNotes
from sentinel_pipeline.lake.mirror import ROOMS, Mirror, files_in, is_shared
from sentinel_pipeline.lake.objects import Objects, One, abreast
from sentinel_pipeline.lake.sightings import Sightings


def copy_of(path: Path) -> Mirror | None:
    """The working copy that a path belongs to; None where files stand for themselves.

    Raises StoreError when the bucket cannot be reached, UsageError when the folder is no copy of it.
    """
    found = declared(path)
    if found is None:
        return None
    data, store = found
    parts = path.relative_to(data).parts
    return _opened(data, store) if is_shared(parts) else None


@lru_cache(maxsize=16)
def _opened(data: Path, store: Store) -> Mirror:
    objects = Objects(store)
    copy = Mirror(data, objects, CopyNotes(data, store.kept_bytes), Sightings(objects))
    if copy.notes.address == store.url:
        copy.sweep()
        return copy
    if copy.notes.address:
        raise UsageError(
            f"{data} is the working copy of {copy.notes.address}; name another SENTINEL_DATA for {store.url}"
        )
    own = [room for room in ROOMS if any(is_shared(path.relative_to(data).parts) for path in files_in(data / room))]
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


def is_there(path: Path) -> bool:
    """Whether there is such a file, which is not fetched."""
    copy = copy_of(path)
    return path.exists() if copy is None else copy.sightings.of([copy.key(path)])[copy.key(path)] is not None


def fresh_all(paths: Iterable[Path]) -> list[Path]:
    """Files as they are in the bucket, fetched side by side."""
    wanted = list(paths)
    if wanted and (copy := copy_of(wanted[0])):
        copy.fresh([copy.key(path) for path in wanted])
    return wanted


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


def side_by_side(folder: Path, work: Callable[[One], object], of: Sequence[One]) -> None:
    """Does the work for each; several at once where a bucket is waited for meanwhile."""
    if copy_of(folder):
        abreast(work, of)
    else:
        for one in of:
            work(one)


def remove_below(folder: Path) -> None:
    """Deletes a folder with everything below, in the bucket first."""
    if copy := copy_of(folder):
        copy.delete([seen.key for seen in copy.objects.below(copy.key(folder))])
    shutil.rmtree(folder, ignore_errors=True)


def remove(paths: Iterable[Path]) -> None:
    """Deletes files, in the bucket first."""
    for path in paths:
        if copy := copy_of(path):
            copy.delete((copy.key(path),))
        path.unlink(missing_ok=True)
