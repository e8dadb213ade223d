"""Which runs are being executed right now: a lock file per run, held by the executing process until it ends or dies.

The kernel gives a lock up with the process that holds it, however it died, so a lock that can be had means a worker
that is gone. Knows nothing of Dagster.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from urllib.parse import quote

PATIENCE_SECONDS = 5.0

_held: dict[Path, int] = {}


def hold(folder: Path, run_id: str) -> None:
    """Holds the run's lock until `release` or the end of this process. Raises TimeoutError when another has it."""
    place = _place(folder, run_id)
    if place in _held:
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, run_id)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except BaseException:
        os.close(descriptor)
        raise
    _held[place] = descriptor


def release(folder: Path, run_id: str) -> None:
    """Gives the lock up, if it is ours, and removes its file: the run has ended."""
    place = _place(folder, run_id)
    place.unlink(missing_ok=True)
    descriptor = _held.pop(place, None)
    if descriptor is not None:
        os.close(descriptor)


def is_held(folder: Path, run_id: str) -> bool:
    """Whether a living process, this one included, executes the run."""
    place = _place(folder, run_id)
    if place in _held:
        return True
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _place(folder: Path, run_id: str) -> Path:
    return folder / quote(run_id, safe="")


def _lock(descriptor: int, run_id: str) -> None:
    # `is_held` of another process has the lock for an instant while it looks: worth a second try.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run_id} is being executed by another process") from None
            time.sleep(0.01)
        else:
            return


def _forget_after_fork() -> None:
    # A forked child shares the open lock and would keep a dead parent's run alive.
    for descriptor in _held.values():
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
