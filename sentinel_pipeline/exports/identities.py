"""What makes a row one that was exported before: source, key and time, as a digest that no library release changes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT, QUARANTINE, Table

IDENTITY: Final = "_identity"
AT: Final = "_at"
KEYS: Final = pl.Schema({IDENTITY: pl.Binary(), AT: INSTANT})
DIGEST_BYTES = 16


def identified(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with two columns more: a digest of 16 bytes, and the time that decides their day (None: an inventory).

    Rows of equal key and another time are different rows: ids begin again when a system is set up anew. A row without
    key is known by all it holds.
    """
    names = ["source", "table", "location", "reason"] if table is QUARANTINE else ["source", table.key, table.time]
    known = pl.concat_str(_told(name, table) for name in names if name)
    whole = pl.struct(pl.all()).struct.json_encode()
    texts = rows.select(pl.when(pl.col(table.key).is_null()).then(whole).otherwise(known)).to_series()
    digests = [blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in texts]
    at = pl.col(table.time) if table.time else pl.lit(None, INSTANT)
    return rows.with_columns(pl.Series(IDENTITY, digests, pl.Binary), at.alias(AT))


def _told(name: str, table: Table) -> pl.Expr:
    """A value with its length, so that no two rows run together to one text."""
    column = pl.col(name)
    text = column.dt.epoch("us").cast(pl.String) if name == table.time else column.cast(pl.String)
    return pl.when(column.is_null()).then(pl.lit("-")).otherwise(pl.format("{}:{}", text.str.len_bytes(), text))
