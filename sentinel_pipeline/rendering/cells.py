"""One value of any type as text for people, the same in PDF, HTML and mail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.rendering.quantities import MISSING, quantity


def written(value: object, kind: Kind, zone: ZoneInfo) -> str:
    """A value as text for people; instants in `zone`, nothing known is '–'. Never raises, whatever the value is."""
    try:
        return _written(value, kind, zone)
    except Exception:  # a cell must never take a report down
        return _last_resort(value)


def written_instant(instant: datetime, zone: ZoneInfo) -> str:
    """`YYYY-MM-DD HH:MM` in the zone, seconds when not zero, the offset only for an hour that the clock shows twice."""
    local = instant.astimezone(zone) if instant.tzinfo else instant
    text = local.isoformat(sep=" ", timespec="seconds" if local.second else "minutes")
    offset = text[19 if local.second else 16 :]
    text = text.removesuffix(offset)
    return f"{text} ({offset})" if _is_repeated(local) else text


def _is_repeated(local: datetime) -> bool:
    return local.tzinfo is not None and local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _written(value: object, kind: Kind, zone: ZoneInfo) -> str:
    if value is None:
        return MISSING
    for types, write in WRITERS:
        if isinstance(value, types):
            return write(value, kind, zone)
    return str(value)


def _joined(values: Iterable[object], kind: Kind, zone: ZoneInfo) -> str:
    return "; ".join(_written(value, kind, zone) for value in values)


def _nested(value: dict[Any, Any], _kind: Kind, _zone: ZoneInfo) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


WRITERS: tuple[tuple[tuple[type, ...], Callable[[Any, Kind, ZoneInfo], str]], ...] = (
    ((bool,), lambda value, _kind, _zone: "Yes" if value else "No"),
    ((int, float, Decimal), lambda value, kind, _zone: quantity(value, kind)),
    ((str,), lambda value, _kind, _zone: value),
    ((datetime,), lambda value, _kind, zone: written_instant(value, zone)),
    ((date,), lambda value, _kind, _zone: value.isoformat()),
    ((bytes,), lambda value, _kind, _zone: value.decode("utf-8", errors="replace")),
    ((dict,), _nested),
    ((list, tuple, pl.Series), _joined),
    ((set, frozenset), lambda value, kind, zone: "; ".join(sorted(_written(item, kind, zone) for item in value))),
)


def _last_resort(value: object) -> str:
    try:
        return str(value)
    except Exception:  # a broken __str__, or an integer too long for Python to print
        return f"({type(value).__name__})"
