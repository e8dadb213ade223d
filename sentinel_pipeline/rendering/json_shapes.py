"""JSON as source systems document it: what stands around the list of rows, and the columns in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.rendering.batches import Heard, batches, unheard
from sentinel_pipeline.rendering.casts import all_typed, iso_time
from sentinel_pipeline.rendering.json_lines import json_lines
from sentinel_pipeline.rendering.layout_cells import newest_first, numeric
from sentinel_pipeline.rendering.spelling import Spelling


@dataclass(frozen=True)
class Occasion:
    """An export as its own file tells of it; what nobody said, or what must not be told, is None.

    `window`: its edges, None where it is open. `devices`: those asked for, () for all.
    """

    export_id: str | None = None
    made_at: datetime | None = None
    window: tuple[datetime | None, datetime | None] = (None, None)
    devices: Sequence[str] | None = ()
    rows: int | None = None


Head = Callable[[Occasion, Spelling, Sequence[str]], Mapping[str, Any]]


@dataclass(frozen=True)
class JsonShape:
    """`select` gives the rows, `head` (of the occasion, the spelling and the columns) what stands before the list of
    them, which is called `key`; without head the list is all there is. Text in `parsed` columns is JSON already.
    """

    select: Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]
    head: Head | None = None
    key: str = ""
    parsed: tuple[str, ...] = ()
    is_rounding: ClassVar[bool] = False

    def write(
        self, frame: pl.LazyFrame, path: Path, spelling: Spelling, occasion: Occasion, heard: Heard = unheard
    ) -> int:
        """Strict JSON, a row to a line; returns the number of rows."""
        rows = 0
        names = frame.collect_schema().names()
        with path.open("wb") as file:
            if self.head:
                told = orjson.dumps(dict(self.head(occasion, spelling, names)), option=orjson.OPT_INDENT_2)
                file.write(told.removesuffix(b"\n}") + b",\n  " + orjson.dumps(self.key) + b": ")
            file.write(b"[")
            for batch in batches(frame, heard):
                for line in json_lines(all_typed(batch, spelling.zone), self.parsed):
                    file.write((b",\n" if rows else b"\n") + line)
                    rows += 1
            file.write((b"\n]" if rows else b"]") + (b"\n}\n" if self.head else b"\n"))
        return rows


def edges(window: Window | None, earliest: datetime, latest: datetime) -> tuple[datetime | None, datetime | None]:
    """Start and end of a window, None where it is open."""
    if window is None:
        return None, None
    return (window.start if window.start > earliest else None), (window.end if window.end < latest else None)


def kasa_head(occasion: Occasion, spelling: Spelling, names: Sequence[str]) -> Mapping[str, Any]:
    start, end = (_local(edge, spelling) for edge in occasion.window)
    return {
        "metadata": {
            "export_id": occasion.export_id,
            "created_at": _local(occasion.made_at, spelling),
            "format": "json",
            "devices": "all" if occasion.devices == () else occasion.devices,
            "date_range": {"start": start, "end": end},
            "aggregation": "raw",
            "fields": list(names),
            "options": {"timezone": spelling.zone.key, "decimal_places": spelling.decimals},
            "user": None,
        }
    }


def iotsentinel_head(kind: str, occasion: Occasion, spelling: Spelling, _: Sequence[str]) -> Mapping[str, Any]:
    start, end = (_local(edge, spelling) for edge in occasion.window)
    return {
        "export_type": kind,
        "generated_at": _local(occasion.made_at, spelling),
        "window": {"start": start, "end": end, "zone": spelling.zone.key},
        "total_count": occasion.rows,
    }


def iotsentinel(kind: str, order: Callable[[pl.LazyFrame], pl.LazyFrame]) -> JsonShape:
    """The raw values, in the order of the documented CSV, under the name of what they are."""
    return JsonShape(lambda rows, _: order(rows), partial(iotsentinel_head, kind), kind)


def atlas_logs(rows: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Logs of all machines, newest first, the times as the agents posted them where they did."""
    order = ("logged_at", "machine_id", numeric("log_id"), "log_id")
    return rows.sort(*order, descending=[True, False, True, True], nulls_last=True).select(
        pl.col("log_id").alias("id"),
        "machine_id",
        "serial_number",
        pl.coalesce("log_timestamp", iso_time(pl.col("logged_at"), INSTANT, zone)).alias("timestamp"),
        "level",
        pl.coalesce("raw_widget_type", "widget_type").alias("widget_type"),
        "message",
        "data",
    )


ATLAS = JsonShape(atlas_logs, parsed=("data",))
CONNECTIONS = iotsentinel("connections", lambda rows: newest_first(rows, "started_at", "connection_id"))
ALERTS = iotsentinel("alerts", lambda rows: newest_first(rows, "raised_at", "alert_id"))


def _local(instant: datetime | None, spelling: Spelling) -> str | None:
    return None if instant is None else instant.astimezone(spelling.zone).isoformat()
