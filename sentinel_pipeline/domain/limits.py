"""What one export may be: set by whoever runs the deployment, refused beyond, never cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Most rows, calendar days and bytes of one export; None: as many as there are."""

    rows: int | None = None
    days: int | None = None
    bytes: int | None = None


UNLIMITED = Limits()
