"""Deleting files below the data folder and nowhere else: every step of the way is opened, and none may be a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.lake.working_copy import copy_of
from sentinel_pipeline.retention.stock import File, files_now

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def remove(data: Path, files: Iterable[File]) -> tuple[int, int]:
    """Deletes files as they were seen; returns how many went, and how many bytes that freed.

    What is gone already, or was replaced since, is left. Raises SentinelError for what cannot be deleted.
    """
    number = freed = 0
    local = []
    for room, members in groupby(files, key=lambda file: file.path.partition("/")[0]):
        if copy := copy_of(data / room):
            there = files_now(copy, members)
            copy.delete([file.path for file in there])
            number, freed = number + len(there), freed + sum(file.bytes for file in there)
        else:
            local += list(members)
    for folder, here in groupby(local, key=lambda file: file.path.rpartition("/")[0]):
        try:
            with opened(data, folder) as descriptor:
                for file in here:
                    bytes_freed = _unlink(descriptor, file)
                    number += bytes_freed is not None
                    freed += bytes_freed or 0
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SentinelError(f"{data / folder}: cannot be deleted from: {error.strerror or error}") from None
    return number, freed


def remove_empty(data: Path, folders: Iterable[str]) -> None:
    """Removes folders that hold nothing, the deepest first; nobody may be about to write into them."""
    for folder in sorted(set(folders), key=lambda one: (-one.count("/"), one)):
        above, _, name = folder.rpartition("/")
        with suppress(OSError), opened(data, above) as descriptor:
            os.rmdir(name, dir_fd=descriptor)


@contextmanager
def opened(data: Path, folder: str) -> Iterator[int]:
    """A folder by its path from the data folder. Raises OSError when a step of it is no folder, or a link."""
    descriptor = os.open(data, FOLDER)
    try:
        for step in filter(None, folder.split("/")):
            if step == "..":
                raise OSError(f"{folder} leads elsewhere")
            below = os.open(step, FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _unlink(folder: int, file: File) -> int | None:
    """Bytes that are free now (none while the file has another name); None when it is not the file that was seen."""
    name = file.path.rpartition("/")[2]
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode) or (status.st_ino, status.st_mtime_ns) != (file.inode, file.changed_ns):
        return None
    os.unlink(name, dir_fd=folder)
    return status.st_size if status.st_nlink == 1 else 0
