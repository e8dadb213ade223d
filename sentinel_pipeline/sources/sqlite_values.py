"""SQL of values in SQLite, and stored values as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from sentinel_pipeline.sources.fields import NO_INTEGER, ROW, Field

WITNESSES = {"text": "x''", "flag": "x''", "json": "x''", "time": "x''", "integer": "0", "real": "0.5"}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def witness(fields: Sequence[Field]) -> str:
    shown = ", ".join(f"{WITNESSES[field.kind]} AS {quoted(field.name)}" for field in fields)
    return f"SELECT {shown}, 0 AS {ROW}"


def expression(field: Field, declared: str | None) -> str:
    """SQL of one certain type; CAST alone would read 'abc' as 0, so a value must survive it unchanged.

    `declared` is the column's type, None when there is no such column.
    """
    name = quoted(field.name)
    if declared is None:
        return "NULL"
    if field.kind == "integer":
        return _surviving(name, "INTEGER", str(NO_INTEGER))
    if field.kind == "real":
        return _surviving(name, "REAL", "9e999")
    return f"CAST({name} AS BLOB)"


def _surviving(name: str, wanted: str, mark: str) -> str:
    return f"CASE WHEN {name} IS CAST({name} AS {wanted}) THEN CAST({name} AS {wanted}) ELSE {mark} END"


def record(columns: Sequence[str], stored: Sequence[Any]) -> str:
    values = (_value(kind, value) for kind, value in zip(stored[::2], stored[1::2], strict=True))
    return orjson.dumps(dict(zip(columns, values, strict=True))).decode()


def _value(kind: str, value: bytes | None) -> object:
    if value is None:
        return None
    text = value.decode(errors="backslashreplace")
    if kind == "integer":
        return int(text)
    return float(text) if kind == "real" else text
