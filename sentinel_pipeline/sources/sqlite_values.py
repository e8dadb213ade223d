"""SQL of values in SQLite, and stored values as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

from sentinel_pipeline.sources.fields import NO_INTEGER, ROW, Field

WITNESSES = {"text": "x''", "flag": "x''", "json": "x''", "time": "x''", "integer": "0", "real": "0.5"}

# Large primes without order, so that letters which change places, or two changes at once, undo nothing by chance.
FACTORS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)
LETTERS = {1: 7_919, 2: 49_979_687, 3: 1_299_709, -1: 15_485_863, -2: 104_729, -3: 32_452_843, -4: 67_867_967}

# The first that names a part of the declared type is meant.
AFFINITIES = (
    ("INTEGER", ("INT",)),
    ("TEXT", ("CHAR", "CLOB", "TEXT")),
    ("BLOB", ("BLOB",)),
    ("REAL", ("REAL", "FLOA", "DOUB")),
)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def witness(fields: Sequence[Field]) -> str:
    shown = ", ".join(f"{WITNESSES[field.kind]} AS {quoted(field.name)}" for field in fields)
    return f"SELECT {shown}, 0 AS {ROW}"


def witnessed(field: Field) -> pa.DataType:
    """The type that the driver gives a column after its witness."""
    numbers: dict[str, pa.DataType] = {"integer": pa.int64(), "real": pa.float64()}
    return numbers.get(field.kind, pa.binary())


def as_declared(field: Field, declared: str | None) -> str:
    """SQL that is cheaper than `expression`, and fails where a column holds what it is not declared to hold.

    A column that is not declared REAL may hold whole numbers that no real is, and the driver would round them.
    """
    is_declared = declared is not None and affinity(declared) == {"integer": "INTEGER", "real": "REAL"}.get(field.kind)
    return quoted(field.name) if is_declared else expression(field, declared)


def affinity(declared: str) -> str:
    """What SQLite makes of values put into a column of this declared type (https://sqlite.org/datatype3.html)."""
    name = declared.upper()
    known = (kind for kind, parts in AFFINITIES if any(part in name for part in parts))
    return next(known, "NUMERIC") if name else "BLOB"


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


def weighed(row: str, names: Sequence[str]) -> str:
    """SQL of a number that changes when what stands in the columns of a row does; SQLite has no hash of its own.

    Of each value its length, its first and its last letters count: enough for words, ids and addresses, not for prose.
    """
    words = " + ".join(f"{factor} * ({_word(name)})" for name, factor in zip(names, FACTORS, strict=False))
    return f"({row} % 999983 + 1) * (({words}) % 1000003) % 1000000007"


def _word(name: str) -> str:
    text = f"CAST({name} AS TEXT)"
    letters = (f"{factor} * coalesce(unicode(substr({text}, {place}, 1)), 0)" for place, factor in LETTERS.items())
    return f"coalesce(length({text}), -1) + {' + '.join(letters)}"


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
