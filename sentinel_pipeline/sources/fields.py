"""Columns of source tables in their types: what a column should hold, and what becomes of values that do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
import polars as pl

from sentinel_pipeline.domain.sums import LARGEST_COUNT
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sources.timestamps import Zones, from_local, instants, is_plausible

Kind = Literal["text", "integer", "real", "flag", "time", "json"]

# A number that is none is read as one of these: no number a system could mean, so that it is told from NULL.
NO_INTEGER = -(2**63)
NO_REAL = float("inf")

HIGHEST_PORT = 65_535

ROW = "_row"
REASON = "_reason"

TRUE = ("1", "1.0", "t", "true", "y", "yes", "on")
FALSE = ("0", "0.0", "f", "false", "n", "no", "off")


@dataclass(frozen=True)
class Field:
    """A column of a source table as it is read; a number outside `least`..`most` counts as unreadable."""

    name: str
    kind: Kind = "text"
    least: float | None = None
    most: float | None = None


def texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def counts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "integer", least=0, most=LARGEST_COUNT) for name in names)


def whole(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "integer") for name in names)


def ports(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "integer", least=0, most=HIGHEST_PORT) for name in names)


def reals(*names: str, least: float | None = None, most: float | None = None) -> tuple[Field, ...]:
    return tuple(Field(name, "real", least, most) for name in names)


def flags(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "flag") for name in names)


def jsons(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "json") for name in names)


def moments(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "time") for name in names)


def filled(*names: str) -> pl.Expr:
    """The first of these text columns that is neither NULL nor blank."""
    return pl.coalesce(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in names)


def typed(raw: pl.DataFrame, fields: Sequence[Field], zones: Zones) -> pl.DataFrame:
    """The frame with each field in its type, and for each unreadable value NULL and its name in REASON."""
    columns = [_typed(raw[field.name], field, zones) for field in fields]
    marks = [
        pl.when(mark).then(pl.lit(f"bad_{field.name}")).alias(field.name)
        for field, column in zip(fields, columns, strict=True)
        if (mark := _is_lost(raw[field.name], column)).any()
    ]
    reason = pl.concat_str(marks, separator=",", ignore_nulls=True) if marks else pl.lit("")
    return pl.DataFrame([*columns, raw[ROW]]).with_columns(reason.alias(REASON))


def _is_lost(raw: pl.Series, column: pl.Series) -> pl.Series:
    return raw.is_not_null() & column.is_null() if column.null_count() > raw.null_count() else pl.Series([False])


def _typed(raw: pl.Series, field: Field, zones: Zones) -> pl.Series:
    match field.kind:
        case "text":
            return readable(raw)
        case "integer" | "real":
            return _within(raw, field)
        case "flag":
            return _flag(readable(raw))
        case "json":
            return _json(readable(raw))
        case "time":
            return times(raw, zones).to_frame().select(_plausible(raw.name)).to_series()


def _json(text: pl.Series) -> pl.Series:
    """The text where it is JSON; blank counts as none."""
    broken = [value for value in text.unique().drop_nulls() if value.strip() and not _is_json(value)]
    return text.zip_with(~text.is_in(broken), pl.Series([None], dtype=pl.String)) if broken else text


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _plausible(name: str) -> pl.Expr:
    return pl.when(is_plausible(pl.col(name))).then(pl.col(name))


def times(raw: pl.Series, zones: Zones) -> pl.Series:
    """Instants of a column of times, plausible or not."""
    if not isinstance(raw.dtype, pl.Datetime):
        return instants(readable(raw), zones).alias(raw.name)
    if raw.dtype.time_zone is not None:
        return raw.cast(INSTANT)
    return from_local(raw.cast(pl.Datetime("us")), zones.plain).alias(raw.name)


def readable(raw: pl.Series) -> pl.Series:
    """Bytes as text; NULL where they are no UTF-8."""
    if raw.dtype != pl.Binary:
        return raw.cast(pl.String)
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(raw.name, [_decoded(value) for value in raw], dtype=pl.String)


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _within(raw: pl.Series, field: Field) -> pl.Series:
    value = pl.col(raw.name)
    fits = value != NO_INTEGER if field.kind == "integer" else value.is_finite()
    if field.least is not None:
        fits &= value >= field.least
    if field.most is not None:
        fits &= value <= field.most
    return raw.to_frame().select(pl.when(fits).then(value)).to_series()


def _flag(text: pl.Series) -> pl.Series:
    word = pl.col(text.name).str.strip_chars().str.to_lowercase()
    is_set = pl.when(word.is_in(TRUE)).then(True).when(word.is_in(FALSE)).then(False)
    return text.to_frame().select(is_set.cast(pl.Boolean).alias(text.name)).to_series()
