"""Where a configured source is and how it is read: what the configuration says of it, ready for its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

UTC_ZONE = ZoneInfo("UTC")


def as_written(reference: str) -> str:
    """A text that refers to nothing but itself."""
    return reference


@dataclass(frozen=True)
class Pace:
    """How gently a database is read: how long a query may take (None: servers have a limit of their own, files none),
    rows of a batch, rest after each batch.
    """

    statement_timeout_seconds: int | None = None
    batch_rows: int = 65_536
    pause_milliseconds: int = 0


@dataclass(frozen=True)
class SourceSettings:
    """One configured source system.

    `location` is a URL (`sqlite:///…`, `postgresql://…`) or a folder or glob, references already resolved; it may
    hold a password and is never printed: `place` is. `zone` is the zone of timestamps that carry no offset.
    `resolve` fetches what a reference in the options (`env:NAME`, `file:PATH`) stands for, when it is used; raises
    UsageError. `replicas` are asked before `location`, in this order; neither they nor the `pace` change what is read.
    """

    name: str
    kind: str
    location: str = field(repr=False)
    place: str
    zone: ZoneInfo = UTC_ZONE
    options: dict[str, object] = field(default_factory=dict, repr=False, hash=False)
    resolve: Callable[[str], str] = field(default=as_written, repr=False, compare=False)
    replicas: tuple[str, ...] = field(default=(), repr=False)
    pace: Pace = Pace()
