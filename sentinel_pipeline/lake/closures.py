"""Days of the lake that retention has closed: what they held is deleted, and nobody reads or counts them again.

A day is closed before its first file goes, so that whatever dies in between leaves no day that looks half read. Whoever
works on a day has the lake in use, whoever deletes has it alone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Literal

from sentinel_pipeline.domain.shared_locks import shared
from sentinel_pipeline.lake.store import Lake, read_json, write_json
from sentinel_pipeline.lake.working_copy import look_again

Closed = Literal["facts", "quarantine", "statistics"]
# What of a day must be there for it to be read and counted again.
NEEDED: tuple[Closed, ...] = ("facts", "quarantine", "statistics")
STEP_SECONDS = 0.2


def close(lake: Lake, what: Closed, day: str, at: datetime) -> None:
    """Notes that what a day held is deleted from now on; the first note stands."""
    if closed_at(lake, what, day) is None:
        write_json(lake.folder("closed", what) / f"{day}.json", {"closed_at": at.isoformat()})
        _sync(lake, what)


def _sync(lake: Lake, what: Closed) -> None:
    """The note is on disk before what it tells of is gone from there."""
    descriptor = os.open(lake.folder("closed", what), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def closed_at(lake: Lake, what: Closed, day: str) -> datetime | None:
    """When retention deleted what a day held; None when it did not."""
    written = read_json(lake.folder("closed", what) / f"{day}.json").get("closed_at")
    return None if written is None else datetime.fromisoformat(str(written))


def is_closed(lake: Lake, day: str) -> bool:
    """Whether a day can no longer be read and counted anew: it would be told with less than it had."""
    return any(closed_at(lake, what, day) is not None for what in NEEDED)


def closed_on(lake: Lake, what: Closed, days: Iterable[str]) -> dict[str, datetime]:
    """The days of which retention deleted that, each with the instant."""
    found = ((day, closed_at(lake, what, day)) for day in days)
    return {day: at for day, at in found if at is not None}


@contextmanager
def in_use(lake: Lake) -> Iterator[None]:
    """Nothing of the lake is deleted meanwhile; waits while somebody deletes."""
    with _lock(lake) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with _used_everywhere(lake):
            look_again(lake.root / "closed")
            yield


@contextmanager
def unused(lake: Lake, seconds: float) -> Iterator[Callable[[], bool]]:
    """Asks whether nobody has the lake in use, after waiting so long for it, and keeps others from beginning.

    What is yielded tells it, also of now: a machine that was suspended may no longer be the only one.
    """
    with _lock(lake) as descriptor:
        until = time.monotonic() + seconds
        if not _had(descriptor, until):
            yield lambda: False
            return
        with _unused_everywhere(lake, until) as is_unused:
            yield is_unused


def _used_everywhere(lake: Lake) -> AbstractContextManager[object]:
    found = shared(lake.root)
    if found is None:
        return nullcontext()
    from sentinel_pipeline.ledger.locks import used_at

    return used_at(*found)


def _unused_everywhere(lake: Lake, until: float) -> AbstractContextManager[Callable[[], bool]]:
    found = shared(lake.root)
    if found is None:
        return nullcontext(lambda: True)
    from sentinel_pipeline.ledger.locks import unused_at

    return unused_at(*found, max(0.0, until - time.monotonic()))


def _had(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(STEP_SECONDS)
        else:
            return True


@contextmanager
def _lock(lake: Lake) -> Iterator[int]:
    lake.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lake.root / "in_use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
