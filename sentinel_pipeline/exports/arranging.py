"""Rows in the order of an export, sorted a part at a time: memory is that of a part, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sentinel_pipeline.lake.storage import SPOOLS
from sentinel_pipeline.lake.writing import COMPRESSION_LEVEL

PART_ROWS = 65_536
# A reader holds several groups at once, as many as there are cores and more.
ROW_GROUP = 16_384
GRAIN = "1m"


def arranged(
    rows: pl.LazyFrame, time: str | None, arrange: Callable[[pl.LazyFrame], pl.LazyFrame], place: Path
) -> pl.LazyFrame:
    """What `arrange` makes of the rows, which sorts by `time`, newest first and NULL last (None: by something else).

    Many rows are arranged a span of time after the other into `place`; a part holds PART_ROWS and the rest of a minute.
    """
    spans = [] if time is None else _spans(rows, time)
    if len(spans) < 2:
        return arrange(rows)
    schema = arrange(rows.clear()).collect().to_arrow().schema
    with SPOOLS.writer(place, schema, COMPRESSION_LEVEL) as writer:
        for span in spans:
            part = arrange(rows.filter(span)).collect(engine="streaming")
            writer.write_table(part.to_arrow().cast(schema), row_group_size=ROW_GROUP)
    return SPOOLS.scan(place)


def _spans(rows: pl.LazyFrame, time: str) -> list[pl.Expr]:
    """Conditions that hold for PART_ROWS rows or little more each, the newest first; every row is in one."""
    minutes = rows.group_by(pl.col(time).dt.truncate(GRAIN).alias("minute")).agg(pl.len().alias("rows"))
    counted = minutes.sort("minute", descending=True, nulls_last=True).collect(engine="streaming")
    before = pl.col("rows").cum_sum() - pl.col("rows")
    known = counted.filter(pl.col("minute").is_not_null())
    edges = (
        known.group_by(part=before // PART_ROWS, maintain_order=True).agg(pl.col("minute").min())["minute"].to_list()
    )
    at = pl.col(time)
    spans = [at >= first if n == 0 else (at >= first) & (at < edges[n - 1]) for n, first in enumerate(edges)]
    return spans if known.height == counted.height else [*spans, at.is_null()]
