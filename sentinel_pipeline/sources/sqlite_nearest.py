"""SQL for the rows nearest to an instant, of each device: cheap where an index holds device and time."""
# ruff: noqa: S608 - every name in a query is quoted and every value a literal of ours

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sentinel_pipeline.sources.databases import Selection
from sentinel_pipeline.sources.sqlite_values import expression, literal, quoted, witness

KEPT = 20  # some of the nearest may be unreadable
ARMS = 100  # SQLite puts at most 500 queries together


@dataclass(frozen=True)
class Nearest:
    """The few rows before an instant (whole seconds), or from it on, for each value of the text column `by`.

    Of each value those nearest, and the nearest in which some column of `filled` is. Times are compared as they are
    written, so all of them must be written in UTC.
    """

    selection: Selection
    by: str
    filled: tuple[str, ...]
    moment: datetime
    is_before: bool


def distinct(table: str, column: str) -> str:
    """A query for the distinct values of a column, which skips from one to the next where the column leads an index."""
    name, place = quoted(column), quoted(table)
    return (
        f"WITH RECURSIVE found(value) AS (SELECT min({name}) FROM {place} UNION ALL"
        f" SELECT (SELECT min({name}) FROM {place} WHERE {name} > found.value) FROM found"
        " WHERE found.value IS NOT NULL) SELECT value FROM found WHERE value IS NOT NULL"
    )


def nearest_queries(asked: Nearest, columns: Mapping[str, str], values: Sequence[str]) -> Iterator[str]:
    """Queries that together give the rows; `columns` are the declared types of the table's columns."""
    selection, time = asked.selection, quoted(str(asked.selection.time))
    names = ", ".join(expression(field, columns.get(field.name)) for field in selection.fields)
    filled = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in asked.filled if name in columns)
    side, order = ("<", "DESC") if asked.is_before else (">=", "ASC")
    bound = literal(f"{asked.moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
    chosen = f"SELECT {names}, rowid FROM {quoted(selection.table)} WHERE {quoted(asked.by)} ="
    tail = f"ORDER BY {time} {order} LIMIT {KEPT}"
    for first in range(0, len(values), ARMS):
        arms = [
            f"SELECT * FROM ({chosen} {literal(value)} AND {time} {side} {bound}{condition} {tail})"
            for value in values[first : first + ARMS]
            for condition in ("", f" AND ({filled})" if filled else "")
        ]
        yield " UNION ALL ".join([witness(selection.fields), *arms])
