"""A day's facts counted: in one go, or, where memory could not hold them, in slices that are put together exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.copies import KeyHashes
from sentinel_pipeline.lake.storage import SPOOLS
from sentinel_pipeline.lake.writing import COMPRESSION_LEVEL, ROW_GROUP
from sentinel_pipeline.statistics.merging import GROUP, Added, Foremost, Grouped, Tally
from sentinel_pipeline.statistics.statistic import Statistic

SLICE_ROWS = 64 * ROW_GROUP
Known = Mapping[str, pl.LazyFrame]


def number_of_rows(facts: pl.LazyFrame) -> int:
    """From the footer of a file; nothing else of it is read."""
    return int(facts.select(pl.len()).collect().item())


def counted(
    facts: pl.LazyFrame, statistics: Sequence[Statistic], day: Period, spool: Path, most: int = SLICE_ROWS
) -> list[pl.DataFrame]:
    """The statistics of a day's facts, the same however large the slices: of `most` rows, in the order of the file.

    What cannot be told by slices alone is kept in the folder `spool` meanwhile, readable by this process only.
    """
    if number_of_rows(facts) <= most:
        return pl.collect_all([statistic.of(facts, day) for statistic in statistics], engine="streaming")
    before = [statistic.before for statistic in statistics if statistic.before is not None]
    known = {name: frame.lazy() for name, frame in _merged(before, facts, day, most, {}).items()}
    made = _merged(statistics, facts, day, most, known)
    for statistic in statistics:
        if isinstance(statistic.merge, Grouped):
            made[statistic.name] = _by_groups(statistic, statistic.merge, facts, day, spool, most)
        elif statistic.merge is None:
            made[statistic.name] = statistic.of(facts, day).collect(engine="streaming")
    return [made[statistic.name] for statistic in statistics]


def _merged(
    statistics: Sequence[Statistic], facts: pl.LazyFrame, day: Period, most: int, known: Known
) -> dict[str, pl.DataFrame]:
    """Those of the statistics that slices tell, one slice after another in memory."""
    merges = {s: s.merge for s in statistics if isinstance(s.merge, Added | Foremost)}
    made: dict[str, pl.DataFrame] = {}
    for first in range(0, number_of_rows(facts) if merges else 0, most):
        part = facts.slice(first, most)
        found = pl.collect_all([statistic.of(part, day, known) for statistic in merges], engine="streaming")
        for (statistic, merge), frame in zip(merges.items(), found, strict=True):
            name = statistic.name
            made[name] = merge.merged([made[name], frame] if name in made else [frame])
    return made


def _by_groups(
    statistic: Statistic, merge: Grouped, facts: pl.LazyFrame, day: Period, spool: Path, most: int
) -> pl.DataFrame:
    """A statistic of groups of rows, from parts that hold all rows of their groups; most groups are too small."""
    tally = Tally(number_of_rows(facts))
    for batch in facts.select(merge.hash).collect_batches(engine="streaming"):
        tally.add(batch[GROUP])
    usable = merge.hash.map_batches(
        lambda hashes: tally.holds(hashes, merge.fewest), return_dtype=pl.Boolean, is_elementwise=True
    )
    parts = max(-(-tally.rows(merge.fewest) // most), 1)
    paths = _parted(facts.filter(usable), merge.hash % parts, parts, spool)
    return merge.best.merged([statistic.of(SPOOLS.scan(path), day).collect(engine="streaming") for path in paths])


def _parted(rows: pl.LazyFrame, by: pl.Expr, parts: int, spool: Path) -> list[Path]:
    """Rows in so many files, each where the number says that `by` gives for it."""
    paths = [spool / f"{number}.parquet" for number in range(parts)]
    schema = rows.collect_schema().to_frame().to_arrow().schema
    with ExitStack() as stack:
        writers = [stack.enter_context(SPOOLS.writer(path, schema, COMPRESSION_LEVEL)) for path in paths]
        for batch in rows.collect_batches(engine="streaming"):
            for (number,), part in batch.group_by(by):
                writers[int(str(number))].write_table(part.to_arrow().cast(schema), row_group_size=ROW_GROUP)
    return paths


def has_repeated_keys(facts: pl.LazyFrame, keys: Sequence[str], required: str) -> bool:
    """Whether two rows agree in all `keys`; those that lack the `required` one do with none.

    They are found by hashes, eight bytes a row, and only rows of one hash are compared.
    """
    rows = facts.filter(pl.col(required).is_not_null())
    key = pl.struct(keys)
    hashes = KeyHashes()
    for batch in rows.select(key.hash().alias(GROUP)).collect_batches(engine="streaming"):
        hashes.add(batch[GROUP])
    suspected = hashes.repeated()
    if suspected.is_empty():
        return False
    suspects = rows.filter(key.hash().is_in(suspected.implode())).select(keys).collect(engine="streaming")
    return bool(suspects.is_duplicated().any())
