"""Names of time zones."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


def is_zone(name: str) -> bool:
    """Whether the IANA time zone database of this machine knows the name."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    """Listed once: listing walks through a folder of six hundred files."""
    return frozenset(available_timezones())
