"""What makes a row one that was exported before: source, key and time, as a digest that no library release changes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import numpy as np
import polars as pl

from sentinel_pipeline.domain.tables import INSTANT, QUARANTINE, Table

IDENTITY: Final = "_identity"
AT: Final = "_at"
KEYS: Final = pl.Schema({IDENTITY: pl.Binary(), AT: INSTANT})
DIGEST_BYTES = 16
# All are of one length, so that it does no harm that NumPy takes zero bytes at the end for none.
DIGEST: Final = f"S{DIGEST_BYTES}"


def identified(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with two columns more: a digest of 16 bytes, and the time that decides their day (None: an inventory).

    Rows of equal key and another time are different rows: ids begin again when a system is set up anew. A row without
    key is known by all it holds.
    """
    names = ["source", "table", "location", "reason"] if table is QUARANTINE else ["source", table.key, table.time]
    known = pl.concat_str(_told(name, table) for name in names if name)
    if rows[table.key].has_nulls():
        whole = pl.struct(pl.all()).struct.json_encode()
        known = pl.when(pl.col(table.key).is_null()).then(whole).otherwise(known)
    texts = rows.select(known).to_series()
    digests = [blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in texts]
    at = pl.col(table.time) if table.time else pl.lit(None, INSTANT)
    return rows.with_columns(pl.Series(IDENTITY, digests, pl.Binary), at.alias(AT))


class Identities:
    """Digests in the least memory that tells whether one is among them: sixteen bytes each."""

    def __init__(self, parts: Iterable[pl.Series]) -> None:
        self._sorted = np.concatenate([np.empty(0, DIGEST), *map(_packed, parts)])
        self._sorted.sort()

    def unknown(self, digests: pl.Series) -> pl.Series:
        """Which of the digests are not among them."""
        if not self._sorted.size:
            return pl.Series(np.ones(len(digests), dtype=np.bool_))
        wanted = _packed(digests)
        places = np.minimum(np.searchsorted(self._sorted, wanted), self._sorted.size - 1)
        return pl.Series(self._sorted[places] != wanted)


def _packed(digests: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    return np.frombuffer(b"".join(digests), DIGEST)


def _told(name: str, table: Table) -> pl.Expr:
    """A value with its length, so that no two rows run together to one text."""
    column = pl.col(name)
    text = column.dt.epoch("us").cast(pl.String) if name == table.time else column.cast(pl.String)
    return pl.when(column.is_null()).then(pl.lit("-")).otherwise(pl.format("{}:{}", text.str.len_bytes(), text))
