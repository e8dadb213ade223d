"""The machines a fleet's logs speak of, as they were known at the end of each day: whatever is read together with it.

A machine is known while one of its logs lies in the day or in the 30 days before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import MACHINES
from sentinel_pipeline.sources.atlas_units import Row, Unit, framed
from sentinel_pipeline.sources.timestamps import EARLIEST

KNOWN_FOR = timedelta(days=30)


@dataclass
class Heard:
    """The first and last time a machine was heard of, and the serial number it told last."""

    first: datetime
    last: datetime
    serial: tuple[int, str] | None = None

    def include(self, other: Heard) -> None:
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        told = [serial for serial in (self.serial, other.serial) if serial is not None]
        self.serial = max(told, default=None)


def known_since(windows: Sequence[Window | None]) -> Window | None:
    """The window of all logs that tell what was known at the end of others; None for all there are."""
    known = [_known(window) for window in windows]
    if any(window is None for window in known):
        return None
    spans = [window for window in known if window is not None]
    return Window(min(window.start for window in spans), max(window.end for window in spans))


def inventories(units: Iterable[Unit], windows: Sequence[Window | None], source: str) -> list[pl.DataFrame]:
    """For each window the machines known at its end, with the first and last of their logs then, in order of ids.

    One pass: what was heard is kept by the spans between the ends of all windows, which are few.
    """
    known = [_known(window) for window in windows]
    edges = sorted({edge for window in known if window for edge in (window.start, window.end)})
    heard: dict[str, dict[int, Heard]] = {}
    for number, row in enumerate(row for unit in units for row in unit.rows):
        moment, serial = row["logged_at"], row["serial_number"]
        one = Heard(moment, moment, (number, serial) if serial else None)
        spans = heard.setdefault(str(row["machine_id"]), {})
        spans.setdefault(bisect_right(edges, moment), one).include(one)
    return [_inventory(heard, _spans(window, edges), source) for window in known]


def _known(window: Window | None) -> Window | None:
    return Window(max(window.start - KNOWN_FOR, EARLIEST), window.end) if window else None


def _spans(window: Window | None, edges: Sequence[datetime]) -> range:
    """Numbers of the spans a window is made of: span 0 ends with the first edge, the last has no end."""
    if window is None:
        return range(len(edges) + 1)
    return range(bisect_right(edges, window.start), bisect_right(edges, window.end))


def _inventory(heard: dict[str, dict[int, Heard]], spans: range, source: str) -> pl.DataFrame:
    rows: list[Row] = []
    for machine in sorted(heard):
        found = [heard[machine][span] for span in spans if span in heard[machine]]
        if found:
            rows.append({"machine_id": machine, **_merged(found)})
    empty = dict.fromkeys(MACHINES.schema.names())
    return framed((empty | row | {"source": source} for row in rows), MACHINES, source)


def _merged(found: Sequence[Heard]) -> Row:
    whole = Heard(found[0].first, found[0].last)
    for one in found:
        whole.include(one)
    serial = whole.serial[1] if whole.serial else None
    return {"serial_number": serial, "first_seen_at": whole.first, "last_seen_at": whole.last}
