"""Files that appear whole or not at all, whoever else writes and whatever dies meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from sentinel_pipeline.lake.working_copy import copy_of, send


@dataclass
class Appearing:
    """A file that is being written: where, and under which name it will be found."""

    temporary: Path
    path: Path


@contextmanager
def appearing(path: Path, *, is_new: bool = False) -> Iterator[Appearing]:
    """A temporary file beside `path` that takes its name, synced to disk, when the block ends well.

    With `is_new` it replaces nothing: a name that is taken gets `_2`, `_3` … before its suffixes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = Appearing(path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}"), path)
    try:
        yield file
        with file.temporary.open("rb+") as content:
            os.fsync(content.fileno())
        if is_new:
            file.path = _linked(file.temporary, path)
        else:
            name(file.temporary, path)
    finally:
        file.temporary.unlink(missing_ok=True)


def name(temporary: Path, path: Path) -> None:
    """Gives a file its name, in the bucket first where there is one."""
    send(temporary, path)
    temporary.replace(path)


def _linked(temporary: Path, path: Path) -> Path:
    """The first free name, taken in one step: of two that want it at once only one gets it."""
    number, wanted, ending = 1, path, "".join(path.suffixes)
    copy = copy_of(path)
    while True:
        try:
            if copy and not copy.send_new(temporary, wanted):
                raise FileExistsError
            if copy:  # free there, it is a leftover here
                wanted.unlink(missing_ok=True)
            wanted.hardlink_to(temporary)
        except FileExistsError:
            number += 1
            wanted = path.with_name(f"{path.name.removesuffix(ending)}_{number}{ending}")
        else:
            return wanted


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, synced to disk, when the block ends well."""
    with appearing(path) as file:
        yield file.temporary


@contextmanager
def replacing_folder(target: Path, last: Sequence[str] = ()) -> Iterator[Path]:
    """An empty folder that takes the place of the folder `target` when the block ends well.

    In a bucket the files that `last` names come last.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(mkdtemp(prefix=".staging-", dir=target.parent))
    try:
        yield staging
        if copy := copy_of(target):
            copy.send_folder(staging, target, last)
        shutil.rmtree(target, ignore_errors=True)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that appears whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
