"""Processes the control room starts and stops: each with its log, its own process group, and no way to outlive it.

Knows nothing of Dagster.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG_LIMIT = 20 * 2**20
GRACE_SECONDS = 15.0
PR_SET_PDEATHSIG = 1
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Child:
    """A started process; `group` reaches whatever it has started itself."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def group(self) -> int:
        return self.process.pid

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None


def start(name: str, command: Sequence[str], log: Path, inherited: Sequence[int] = ()) -> Child:
    """Starts a command whose output goes to `log`; the log of the last time is kept as `….1`."""
    if log.exists():
        log.replace(_older(log))
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 # the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(inherited),
            start_new_session=True,  # Ctrl-C reaches the control room alone, which then stops everything in order
            preexec_fn=ending_with_parent(signal.SIGTERM),  # noqa: PLW1509 # the control room has one thread
        )
    return Child(name, process, log)


def stop(children: Sequence[Child], grace: float = GRACE_SECONDS) -> None:
    """Asks all of them and their offspring to stop, kills what has not after `grace` seconds, leaves nothing behind."""
    for child in children:
        _signal(child, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(map(_is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in children:
        _signal(child, signal.SIGKILL)
        child.process.wait()


def keep_log_short(child: Child) -> None:
    """Moves a log that has grown too long to `….1`; its writers append, so they go on at the new beginning."""
    if child.log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(child.log, _older(child.log))
        os.truncate(child.log, 0)


def last_words(child: Child) -> str:
    """The last line of a child's log that says something, shortened."""
    text = COLOUR.sub("", child.log.read_bytes()[-4096:].decode("utf-8", "replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _older(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def _is_alive(child: Child) -> bool:
    child.process.poll()  # a leader that was not waited for would count as alive
    return _signal(child, 0)


def _signal(child: Child, number: int) -> bool:
    try:
        os.killpg(child.group, number)
    except ProcessLookupError:
        return False
    return True


def ending_with_parent(number: signal.Signals) -> Callable[[], object] | None:
    """What has the kernel send the process that calls it a signal when its parent ends, if the kernel can do that."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(PR_SET_PDEATHSIG, number)
