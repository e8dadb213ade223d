"""A SQLite database as files: how to open it so that nothing beside or inside it changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

MAGIC = b"SQLite format 3\0"
HEADER = 100
WRITE_VERSION = 18  # 2: write-ahead log, 1: rollback journal
WAL_HEADER = 32
WAL_TAIL = 4_096
ATTEMPTS = 3


@dataclass
class Opening:
    """How a database is opened: the URI, and what to watch or to throw away afterwards."""

    uri: str
    watched: str | None = None  # state of the main file that must not change while it is read without locks
    copy: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def size(path: Path) -> int:
    """Bytes of a file; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def trouble(path: Path) -> tuple[str, str] | None:
    """What is wrong with a database file before it is opened, and how to mend it; None when nothing is."""
    if not path.exists():
        return "the file does not exist", "check the path in 'location'"
    if not path.is_file():
        return "this is a folder, not a database file", "give the database file itself in 'location'"
    if not os.access(path, os.R_OK):
        return "the file may not be read", "give this user permission to read it"
    if size(path) == 0:
        return "the file is empty (0 bytes)", "check that the system has written its database here"
    if _head(path)[: len(MAGIC)] != MAGIC:
        return "the file is not a SQLite database, or it is encrypted", "give an unencrypted SQLite 3 file"
    return None


def opening(path: Path) -> Opening:
    """The gentlest way to read the database as it stands.

    A log with content is read through its index without touching it; without an index, or with a journal that must be
    rolled back, a private copy is read. A log-mode database at rest is read as an immutable file, which makes no
    files beside it but takes no locks, so the file is watched.
    """
    if size(beside(path, "-wal")) > WAL_HEADER:
        return _uri(path, "mode=ro&readonly_shm=1") if beside(path, "-shm").exists() else copied(path)
    head = _head(path)
    if len(head) > WRITE_VERSION and head[WRITE_VERSION] == 2:
        opened = _uri(path, "mode=ro&immutable=1")
        opened.watched = state(path)
        return opened
    return _uri(path, "mode=ro")


def copied(path: Path) -> Opening:
    """A private copy of the database with its log or journal, taken while nothing wrote to them.

    Raises OSError when it cannot be made or the files never held still.
    """
    folder = tempfile.TemporaryDirectory(prefix="sentinel-", ignore_cleanup_errors=True)
    target = Path(folder.name) / "copy.db"
    for _ in range(ATTEMPTS):
        before = fingerprint(path)
        shutil.copyfile(path, target)
        for suffix in ("-wal", "-journal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(beside(path, suffix), beside(target, suffix))
        if fingerprint(path) == before:
            return Opening(_uri(target, "mode=rw").uri, copy=folder)
    folder.cleanup()
    raise OSError("the files were written to all the while they were copied")


def state(path: Path) -> str:
    """Size, time and header of the main file as a digest."""
    status = path.stat()
    return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns} ".encode() + _head(path)).hexdigest()


def fingerprint(path: Path) -> str:
    """Changes whenever the main file or its log may have changed."""
    digest = hashlib.sha256(state(path).encode())
    log = beside(path, "-wal")
    with suppress(FileNotFoundError):
        status = log.stat()
        digest.update(f" {status.st_size} {status.st_mtime_ns} ".encode())
        with log.open("rb") as file:
            digest.update(file.read(WAL_HEADER))
            file.seek(max(WAL_HEADER, status.st_size - WAL_TAIL))
            digest.update(file.read(WAL_TAIL))
    return digest.hexdigest()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER)


def _uri(path: Path, options: str) -> Opening:
    return Opening(f"file:{quote(str(path))}?{options}")
