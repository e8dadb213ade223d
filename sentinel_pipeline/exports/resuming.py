"""The state of a name: held by one call at a time, and about one thing."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.exports import increments
from sentinel_pipeline.exports.aggregating import Aggregation
from sentinel_pipeline.exports.bucket_increments import BucketMemory
from sentinel_pipeline.exports.computing import Computing
from sentinel_pipeline.exports.increments import Memory, read_state
from sentinel_pipeline.exports.wanted import EARLIEST, Wanted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@contextmanager
def resumed(
    states: Path, name: str, wanted: Wanted, sources: Sequence[str], output: Path
) -> Iterator[tuple[Memory, Wanted]]:
    """The state of that name, held until the block ends, and what is wanted with the window that it has to read.

    A new state begins at the window's start. Raises UsageError when it was begun for something else, SentinelError
    while another call holds it.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"--state '{name}' is no name; use up to 64 letters, digits, - and _")
    aggregation = _aggregation(wanted)
    window = wanted.window
    asked = {
        "table": wanted.table.name,
        "sources": sorted(set(sources)),
        "conditions": {condition.option: sorted(condition.values) for condition in wanted.conditions},
        "aggregate": f"{aggregation.grain} in {aggregation.zone.key}" if aggregation else None,
    }
    folder = states / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SentinelError(f"the state '{name}' is in use by another export; wait until it has ended") from None
        since = window.start if window and window.start > EARLIEST else None
        kind = BucketMemory if aggregation else Memory
        memory = kind(folder, wanted.table, _agreed(folder, name, asked, since), increments.MOST_REMEMBERED)
        memory.notice = memory.recover(output)
        yield memory, replace(wanted, window=memory.window(window.end if window else None))


def _agreed(folder: Path, name: str, asked: Mapping[str, Any], since: datetime | None) -> dict[str, Any]:
    """What the state is about, which no later call may change."""
    written = read_state(folder / "journal.json").get("next") or read_state(folder / "state.json")
    begun = written.get("about") if isinstance(written, dict) else None
    wanted = {**asked, "since": since and since.isoformat()}
    if not isinstance(begun, dict):
        return wanted
    if since is None:
        wanted["since"] = begun.get("since")
    different = sorted(key for key in wanted if wanted[key] != begun.get(key))
    if different:
        told = ", ".join(f"{key} {_spelled(key, begun.get(key))}" for key in different)
        raise UsageError(f"the state '{name}' was begun with {told}; ask for the same again, or use another name")
    return wanted


def _spelled(key: str, value: object) -> str:
    if value in (None, [], {}):
        return "none" if key == "aggregate" else "all"
    return str(value)


def _aggregation(wanted: Wanted) -> Aggregation | None:
    """The aggregation that is asked for; raises UsageError for what depends on rows that other calls have given."""
    found = None
    for step in wanted.transformations:
        if isinstance(step, Aggregation):
            found = step
        elif not isinstance(step, Computing):
            raise UsageError("--state sees new rows only, and what is an outlier depends on all; leave --outliers out")
        elif step.has_totals:
            raise UsageError(
                "--state sees new rows only, and SUM, COUNT, AVG, MIN and MAX are of all rows; compute from a row's own"
                " columns, or leave --state out"
            )
    return found
