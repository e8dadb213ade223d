"""Energy by local hour, day, week or month: a row for every device and every bucket of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, INSTANT, Table
from sentinel_pipeline.exports.buckets import GRAINS, bucket_starts
from sentinel_pipeline.exports.measures import Measure, asked_measures
from sentinel_pipeline.exports.privacy import ADDRESSES, DEVICES, DROP, PSEUDONYMS, Privacy
from sentinel_pipeline.exports.wanted import CANONICAL, EARLIEST, LATEST, Wanted

KEYS: Final = ("source", "device_ip")
START: Final = "started_at"
TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Aggregation:
    """Buckets of a grain in a zone, and the columns they have."""

    table: Table
    window: Window | None
    grain: str
    zone: ZoneInfo
    measures: tuple[tuple[Measure, str], ...]

    @property
    def has_currency(self) -> bool:
        return self.table is ENERGY_INTERVALS

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The buckets, newest first; raises UsageError where costs are of several currencies."""
        if self.has_currency:
            self._require_one_currency(rows)
        starts = pl.Series(START, self._starts(rows), INSTANT)
        made = [measure.made(function, (self.time, self.table.key)) for measure, function in self.measures]
        currency = [pl.col("currency").max()] if self.has_currency else []
        grouped = (
            rows.map_batches(
                lambda batch: self._placed(batch, starts),
                streamable=True,
                projection_pushdown=False,
                schema=pl.Schema({**rows.collect_schema(), "_bucket": INSTANT}),
            )
            .group_by(*KEYS, "_bucket")
            .agg(*made, *currency)
            .rename({"_bucket": START})
        )
        devices = rows.group_by(KEYS).agg(pl.col("device_name").max())
        every = devices.join(starts.to_frame().lazy(), how="cross")
        return (
            every.join(grouped, on=[*KEYS, START], how="left", nulls_equal=True)
            .select(self.schema.names())
            .sort(START, *KEYS, descending=[True, False, False], nulls_last=True)
        )

    @property
    def time(self) -> str:
        return str(self.table.time)

    @property
    def schema(self) -> pl.Schema:
        empty = self.table.empty().lazy()
        order = (self.time, self.table.key)
        made = empty.group_by(KEYS).agg(*(measure.made(function, order) for measure, function in self.measures))
        keys = {"source": pl.String(), "device_ip": pl.String(), "device_name": pl.String(), START: INSTANT}
        currency = {"currency": pl.String()} if self.has_currency else {}
        return pl.Schema({**keys, **made.drop(KEYS).collect_schema(), **currency})

    def _starts(self, rows: pl.LazyFrame) -> Sequence[datetime]:
        """Of the window; an edge that nobody named is that of the rows."""
        at = pl.col(self.time)
        first, last = rows.select(at.min().alias("first"), at.max().alias("last")).collect(engine="streaming").row(0)
        if first is None:
            return []
        window = self.window or Window(EARLIEST, LATEST)
        start = first if window.start == EARLIEST else window.start
        end = last + TICK if window.end == LATEST else window.end
        return bucket_starts(Window(start, end), self.grain, self.zone)

    def _placed(self, batch: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
        places = starts.to_physical().search_sorted(batch[self.time].to_physical(), side="right")
        return batch.with_columns(_bucket=starts.gather(places.cast(pl.Int64) - 1))

    def _require_one_currency(self, rows: pl.LazyFrame) -> None:
        found = rows.select(pl.col("currency").drop_nulls().unique().sort()).collect(engine="streaming")
        if found.height > 1:
            names = ", ".join(found["currency"])
            raise UsageError(
                f"--aggregate cannot add {names}; narrow the rows to one currency: --source, --device, --since"
            )


def with_aggregation(
    wanted: Wanted, grain: str | None, functions: Sequence[str], zone: ZoneInfo
) -> tuple[Wanted, pl.Schema]:
    """What is wanted, by buckets where a grain is named, and the columns that it has.

    Raises UsageError for what has no buckets: other tables, layouts, columns there are not, devices made one.
    """
    if wanted.layout != CANONICAL and (grain or wanted.transformations):
        raise UsageError(f"the layout '{wanted.layout}' is of rows as they are; leave --aggregate and --outliers out")
    if grain is None:
        if functions:
            raise UsageError("--function says how rows become one; add --aggregate, or leave it out")
        return wanted, wanted.table.schema
    if grain not in GRAINS:
        raise UsageError(f"--aggregate '{grain}' is none; choose from {', '.join(GRAINS)}")
    aggregation = Aggregation(wanted.table, wanted.window, grain, zone, asked_measures(wanted.table, functions))
    _require_devices(wanted.privacy)
    return replace(wanted, transformations=(*wanted.transformations, aggregation)), aggregation.schema


def _require_devices(privacy: Privacy) -> None:
    is_apart = DEVICES in privacy.measures or (PSEUDONYMS in privacy.measures and ADDRESSES not in privacy.measures)
    if privacy and (not is_apart or DROP in privacy.measures):
        raise UsageError(
            "--aggregate tells devices apart; with --privacy choose devices or pseudonyms, or leave it out"
        )
