"""SQL of values and windows in PostgreSQL, by the declared type of a column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.fields import NO_INTEGER, Field
from sentinel_pipeline.sources.source import UTC_ZONE
from sentinel_pipeline.sources.timestamps import (
    CERTAIN_RANGE,
    EARLIEST,
    FARTHEST,
    FIRST_HELD,
    LAST_HELD,
    LATEST,
    TEXT_RANGE,
    Zones,
    local_edges,
    text_bounds,
)

WHOLE = ("smallint", "integer", "bigint")
NUMBERS = (*WHOLE, "real", "double precision")
STAMPS = ("timestamp with time zone", "timestamp without time zone", "date")
ABSENT = {"integer": "int8", "real": "float8"}
INTEGER_TEXT = r"^\s*[+-]?[0-9]{1,18}\s*$"
# Days of every February, of every month but that, and of the seven long ones; the 29th of February must be looked at.
DAYS = "(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?"
TIME_TEXT = f"^20[0-9]{{2}}-({DAYS})[ T]{CLOCK}$"
REAL_TEXT = r"^\s*[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?\s*$"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def hashed(*values: str) -> str:
    """SQL of a number that changes with any of the values (SQL of texts); NULL is a value of its own."""
    if len(values) == 1:  # as it was before there were several
        return f"hashtext({values[0]})::int8"
    apart = ", ".join(f"coalesce({value}, chr(1))" for value in values)
    return f"hashtext(concat_ws(chr(31), {apart}))::int8"


def expression(field: Field, columns: Mapping[str, str]) -> str:
    """SQL of one certain type; garbage in a column of text becomes the mark for it instead of an error."""
    name, declared = quoted(field.name), columns.get(field.name)
    if declared is None:
        return f"NULL::{ABSENT.get(field.kind, 'text')}"
    if field.kind == "integer":
        return _number(name, declared, WHOLE, INTEGER_TEXT, "int8", str(NO_INTEGER))
    if field.kind == "real":
        return _number(name, declared, NUMBERS, REAL_TEXT, "float8", "Infinity")
    if field.kind == "time" and declared in STAMPS:
        return _held(name, declared)
    return _text(name, declared)


def _number(name: str, declared: str, sure: tuple[str, ...], pattern: str, wanted: str, mark: str) -> str:
    if declared in sure:
        return f"{name}::{wanted}"
    return (
        f"CASE WHEN {name} IS NULL THEN NULL WHEN {name}::text ~ '{pattern}' THEN {name}::text::{wanted}"
        f" ELSE '{mark}'::{wanted} END"
    )


def _held(name: str, declared: str) -> str:
    """The time, or the first or last one that every program can hold: infinity is neither misread nor an error."""
    stamp = "timestamptz" if declared == STAMPS[0] else "timestamp"
    first, last = (f"'{edge.year:04}-{edge:%m-%d}'::{stamp}" for edge in (FIRST_HELD, LAST_HELD))
    return f"CASE WHEN {name} IS NOT NULL THEN LEAST(GREATEST({name}::{stamp}, {first}), {last}) END"


def _text(name: str, declared: str) -> str:
    return f"host({name})" if declared in ("inet", "cidr") else f"{name}::text"


def windowed(time: str, declared: str, window: Window, zones: Zones) -> str:
    """A condition that holds for the window, however zones are meant, and for whatever may be no usable time."""
    name = quoted(time)
    if declared in STAMPS:
        return _between(name, declared, window, zones)
    low, high = text_bounds(window)
    first, last = CERTAIN_RANGE
    text = f'{name}::text COLLATE "C"'
    doubtful = f"{text} < '{first}' OR {text} >= '{last}' OR {text} !~ '{TIME_TEXT}' OR {name} IS NULL"
    return f"({text} >= '{low}' AND {text} < '{high}') OR {doubtful}"


def _between(name: str, declared: str, window: Window, zones: Zones) -> str:
    margin = timedelta() if declared == STAMPS[0] else FARTHEST
    low, high = _edges(declared, window, zones)
    first, last = (_stamp(declared, edge) for edge in (EARLIEST + margin, LATEST - margin))
    return f"({name} >= {low} AND {name} < {high}) OR {name} < {first} OR {name} >= {last} OR {name} IS NULL"


def _edges(declared: str, window: Window, zones: Zones) -> tuple[str, str]:
    low, high = local_edges(window, UTC_ZONE if declared == STAMPS[0] else zones.plain)
    return _stamp(declared, low), _stamp(declared, high)


def _stamp(declared: str, edge: datetime) -> str:
    return f"'{edge:%Y-%m-%d %H:%M:%S.%f}+00'::{'timestamptz' if declared == STAMPS[0] else 'timestamp'}"


def within(time: str, declared: str, window: Window, zones: Zones) -> str:
    """A condition that holds for the window and no unusable time; for times kept as text also for some around it."""
    name = quoted(time)
    if declared not in STAMPS:
        low, high = text_bounds(window)
        text = f'{name}::text COLLATE "C"'
        return f"{text} >= '{low}' AND {text} < '{high}'"
    low, high = _edges(declared, window, zones)
    return f"{name} >= {low} AND {name} < {high}"


def first_times(time: str, declared: str) -> tuple[str, str]:
    """Order of a column of times, and the condition that a time is plausible."""
    name = quoted(time)
    if declared in STAMPS:
        return name, f"{name} >= '{EARLIEST:%Y-%m-%d}' AND {name} < '{LATEST:%Y-%m-%d}'"
    text = f'{name}::text COLLATE "C"'
    return text, f"{text} >= '{TEXT_RANGE[0]}' AND {text} < '{TEXT_RANGE[1]}'"
