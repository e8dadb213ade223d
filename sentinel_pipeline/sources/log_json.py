"""Logs of JSON lines: one object a line, as text columns, whatever else stands in the object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import polars as pl

from sentinel_pipeline.sources.logblocks import Block, numbered_lines
from sentinel_pipeline.sources.logchunks import Chunk

VISIBLE_BYTE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9a-fA-F]{2})")
SURROGATES = (b"\\ud", b"\\uD")


@dataclass(frozen=True)
class JsonShape:
    """Keys that are read; those of a `nested` object become `object.key`, which may also stand so in the line."""

    keys: tuple[str, ...]
    nested: Mapping[str, tuple[str, ...]]

    @cached_property
    def dotted(self) -> dict[str, tuple[str, str]]:
        return {f"{name}.{key}": (name, key) for name, keys in self.nested.items() for key in keys}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.keys, *self.dotted)))

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        structs = {name: pl.Struct(dict.fromkeys(keys, pl.String())) for name, keys in self.nested.items()}
        return {**dict.fromkeys(self.columns, pl.String()), **structs}

    def flat(self, found: dict[str, object]) -> dict[str, object]:
        """The object with the keys of its nested ones beside the others; dotted keys win."""
        inner = {
            f"{name}.{key}": value
            for name in self.nested
            if isinstance(held := found.get(name), dict)
            for key, value in held.items()
        }
        return inner | found


def objects(block: Block, shape: JsonShape, home: str) -> Iterator[Chunk]:
    """Lines that are no objects as chunks with their reason, and last one chunk of the lines that are, of kind `home`.

    Its rows have columns line, record and those of the shape.
    """
    lines = numbered_lines(block).filter(pl.col("record").str.strip_chars() != "")
    rows = _typed_at_once(block.data, lines.height, shape)
    if rows is None:
        rows, reasons = _typed_one_by_one(lines["record"], shape)
        for reason in ("not_json", "not_an_object"):
            yield Chunk(home, lines.filter(reasons == reason), reason)
        lines = lines.filter(reasons == "")
    yield Chunk(home, lines.hstack(rows))


def _typed_at_once(data: bytes, height: int, shape: JsonShape) -> pl.DataFrame | None:
    """All lines as text columns, fast; None when one of them is no plain object."""
    if b"\\u" in data and any(mark in data for mark in SURROGATES):  # half a pair would become another character
        return None
    try:
        rows = pl.read_ndjson(data, schema=shape.schema)
    except pl.exceptions.PolarsError:
        return None
    if rows.height != height:
        return None
    nested = [
        pl.coalesce(dotted, pl.col(name).struct.field(key)).alias(dotted)
        for dotted, (name, key) in shape.dotted.items()
    ]
    # In one piece: polars 2.1 panics in pl.format on a column one of whose pieces was filtered empty.
    return rows.with_columns(nested).select(shape.columns).rechunk()


def _typed_one_by_one(records: pl.Series, shape: JsonShape) -> tuple[pl.DataFrame, pl.Series]:
    """The lines that are objects as text columns, and for each line why it is none ('' when it is)."""
    reasons: list[str] = []
    rows: list[dict[str, object]] = []
    for text in records:
        try:
            found = loaded(text)
        except orjson.JSONDecodeError:
            reasons.append("not_json")
            continue
        is_object = isinstance(found, dict)
        reasons.append("" if is_object else "not_an_object")
        if is_object:
            rows.append(shape.flat(found))
    columns = {key: pl.Series(key, [_text(row.get(key)) for row in rows], pl.String) for key in shape.columns}
    return pl.DataFrame(columns), pl.Series("reason", reasons, pl.String)


def loaded(text: str) -> Any:
    """The JSON value of a line. Raises JSONDecodeError; visible bytes (\\xHH), which JSON does not know, are texts."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if "\\x" not in text:
            raise
    return orjson.loads(VISIBLE_BYTE.sub(r"\1\\\\x\2", text))


def object_of(text: str) -> dict[str, object] | None:
    """The object that a line holds; None when it holds none."""
    try:
        found = loaded(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str | None:
    """A JSON value as text; numbers without a fraction have none, lists and objects are JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "[nested too deeply]"
