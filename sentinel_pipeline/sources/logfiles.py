"""Log files as they lie on disk: where they are, and what tells that they changed."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class LogFile:
    """One file as it stood when the source was opened; `name` is relative to the location and always valid text.

    `problem` says why it cannot be read, for a file that could not even be looked at.
    """

    path: str
    name: str
    size: int = 0
    modified_ns: int = 0
    problem: str = ""

    @property
    def stem(self) -> str:
        """The name up to its first dot, as Zeek names its logs: 'conn' of '2026-05-01/conn.13:00:00.log.gz'."""
        return Path(self.name).name.split(".")[0]

    def is_unchanged(self) -> bool:
        """Whether the file on disk is still the one that was listed."""
        try:
            now = Path(self.path).stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.modified_ns)


def find_log_files(location: str) -> list[LogFile]:
    """Regular files of a folder (searched recursively), a glob or a single path, sorted by name.

    Hidden files are no logs: Zeek itself keeps notes in them. A dangling link or a folder that cannot be listed is
    returned with its problem. Nothing there: an empty list.
    """
    places = [location] if os.path.lexists(location) else sorted(glob.glob(location, recursive=True))  # noqa: PTH207 - a glob may be absolute
    root = _root(location)
    found = {}
    for path, problem in (entry for place in places for entry in _paths_below(place, set())):
        file = _look_at(path, text_of(os.path.relpath(path, root)), problem)
        if file is not None:
            found[file.name] = file
    return sorted(found.values(), key=lambda file: file.name)


def fingerprint_of(files: Iterable[LogFile]) -> str:
    """Hash over the names, sizes and times of change of files."""
    digest = sha256()
    for file in sorted(files, key=lambda file: file.name):
        digest.update(repr((file.name, file.size, file.modified_ns, file.problem)).encode())
    return digest.hexdigest()


def text_of(path: str) -> str:
    """A path as text that any writer can write: bytes that are no UTF-8 stay visible as \\xHH."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def reason_of(error: OSError) -> str:
    """What the system says about a file, without its path."""
    return error.strerror or type(error).__name__


def _root(location: str) -> str:
    """The folder that names are relative to: the location, the parent of a file, what stands before a pattern."""
    if Path(location).is_dir():
        return location
    parent = Path(location).parent
    while not os.path.lexists(location) and glob.has_magic(str(parent)):
        parent = parent.parent
    return str(parent)


def _paths_below(place: str, visited: set[str]) -> Iterator[tuple[str, str]]:
    """Paths of files and what is wrong with them; links to folders are followed, each real folder once."""
    if not Path(place).is_dir():
        yield place, ""
        return
    real = os.path.realpath(place)
    if real in visited:
        return
    visited.add(real)
    try:
        names = sorted(os.listdir(place))  # noqa: PTH208 - names, not paths, are sorted
    except OSError as error:
        yield place, reason_of(error)
        return
    for name in names:
        if not name.startswith("."):
            yield from _paths_below(os.path.join(place, name), visited)  # noqa: PTH118 - a name may be no valid text


def _look_at(path: str, name: str, problem: str) -> LogFile | None:
    """The file at a path; None for pipes, sockets and devices, which would block a reader."""
    if problem:
        return LogFile(path, name, problem=problem)
    try:
        found = Path(path).stat()
    except OSError as error:
        return LogFile(path, name, problem=reason_of(error))
    return LogFile(path, name, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
