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
class SourceSettings:
    """One configured source system.

    `location` is a URL (`sqlite:///…`, `postgresql://…`) or a folder or glob, references already resolved; it may
    hold a password and is never printed: `place` is. `zone` is the zone of timestamps that carry no offset.
    `resolve` fetches what a reference in the options (`env:NAME`, `file:PATH`) stands for, when it is used; raises
    UsageError.
    """

    name: str
    kind: str
    location: str = field(repr=False)
    place: str
    zone: ZoneInfo = UTC_ZONE
    options: dict[str, object] = field(default_factory=dict, repr=False, hash=False)
    resolve: Callable[[str], str] = field(default=as_written, repr=False, compare=False)
