"""How an export spells its values: the zone of its times, decimals, and the habits of its file."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Spelling:
    """What a writer is told besides the rows; a writer that has no use for a habit leaves it alone.

    `title` names what the rows are (a sheet, a database table, a document); `decimals` None: numbers as they are.
    """

    zone: ZoneInfo
    title: str = "rows"
    decimals: int | None = None
    has_header: bool = True
    delimiter: str = ","
    has_bom: bool = False
