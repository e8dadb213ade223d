"""How long keys of a fleet have been in use, as far as what they sealed tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.tables import DECRYPTIONS

LONGEST_DAYS: Final = 90
AT = pl.col("received_at")


@dataclass
class KeyAges:
    """Hears rows of `decryptions`; a key counts from the first to the last thing that it opened."""

    _uses: pl.DataFrame = field(default_factory=lambda: _uses(DECRYPTIONS.empty().lazy()))

    def hear(self, rows: pl.DataFrame) -> None:
        both = pl.concat([self._uses, _uses(rows.lazy())])
        self._uses = both.group_by("key").agg(pl.min("first_at"), pl.max("last_at"), pl.sum("number"))

    def lines(self, zone: ZoneInfo) -> Iterator[str]:
        """A line for each key, the one in use last first."""
        for row in self._uses.sort("last_at", "key", descending=[True, False]).iter_rows(named=True):
            days = (row["last_at"] - row["first_at"]).days
            first, last = (row[name].astimezone(zone).date().isoformat() for name in ("first_at", "last_at"))
            late = f", more than {LONGEST_DAYS}: it is to be changed" if days > LONGEST_DAYS else ""
            yield f"key {row['key']}: opened {row['number']:,}, {first} to {last}, {counted(days, 'day')}{late}"


def _uses(decryptions: pl.LazyFrame) -> pl.DataFrame:
    opened = decryptions.filter(pl.col("key_fingerprint").is_not_null() & AT.is_not_null())
    return (
        opened.group_by(key="key_fingerprint")
        .agg(AT.min().alias("first_at"), AT.max().alias("last_at"), pl.len().cast(pl.Int64).alias("number"))
        .collect()
    )
