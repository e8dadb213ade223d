"""Which data folders are worked on by several machines: said when settings are read, asked wherever a lock is taken."""

from __future__ import annotations

from pathlib import Path

_LEDGERS: dict[Path, str] = {}


def declare(data: Path, ledger: str | None) -> None:
    """Says that locks of a data folder hold on all machines that use a ledger (its URL); a file is one machine's."""
    if ledger is None or ledger.startswith("sqlite:"):
        _LEDGERS.pop(data, None)
    else:
        _LEDGERS[data] = ledger


def shared(lock: Path) -> tuple[str, str] | None:
    """The ledger that a lock file is shared over, and its name there; None where it is this machine's alone."""
    found = ((data, url) for data, url in _LEDGERS.items() if lock.is_relative_to(data))
    return next(((url, f"lock:{lock.relative_to(data).as_posix()}") for data, url in found), None)
