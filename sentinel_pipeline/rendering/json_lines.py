"""Rows as strict JSON objects, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
import polars as pl

# Beyond it, a reader that keeps numbers as doubles (JavaScript, many others) would silently change an id.
MOST_EXACT_INTEGER: Final = 2**53


def json_lines(rows: pl.DataFrame, parsed: Sequence[str] = ()) -> Iterator[bytes]:
    """Each row as a JSON object without line end; keys in column order, NaN and infinities as null.

    The text of `parsed` columns is JSON, and stands in the object as what it says; text that is none stays text.
    """
    names = rows.columns
    columns = [_parsed(column) if column.name in parsed else _values(column) for column in rows]
    for row in zip(*columns, strict=True):
        yield orjson.dumps(dict(zip(names, row, strict=True)))


def _values(column: pl.Series) -> list[Any]:
    values = column.to_list()
    if column.dtype.is_nested():
        return [_exact(value) for value in values]
    if column.dtype.is_integer() and _is_wide(column):
        return [_exact(value) for value in values]
    return values


def _parsed(column: pl.Series) -> list[Any]:
    found: list[Any] = []
    for text in column:
        try:
            found.append(None if text is None else _exact(orjson.loads(text)))
        except orjson.JSONDecodeError:
            found.append(text)
    return found


def _is_wide(column: pl.Series) -> bool:
    low, high = column.min(), column.max()
    return isinstance(low, int) and isinstance(high, int) and max(-low, high) > MOST_EXACT_INTEGER


def _exact(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > MOST_EXACT_INTEGER:
        return str(value)
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    return value
