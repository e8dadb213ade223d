"""What an export would hold, without making its file: the first rows, how many there are, about how large."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from sentinel_pipeline.domain.limits import UNLIMITED, Limits
from sentinel_pipeline.exports.limits import require_rows
from sentinel_pipeline.exports.origins import Origin
from sentinel_pipeline.exports.protection import protected
from sentinel_pipeline.exports.rows import shape, write
from sentinel_pipeline.exports.spool import Listener, height, silent, spool
from sentinel_pipeline.exports.wanted import Wanted, require_possible
from sentinel_pipeline.rendering.spelling import Spelling

SAMPLE: Final = 2_000


@dataclass(frozen=True)
class Preview:
    """`bytes` is exact where the sample is all there is, otherwise an estimate from it."""

    head: pl.DataFrame
    rows: int
    bytes: int
    is_estimate: bool


def preview(
    wanted: Wanted,
    origin: Origin,
    spelling: Spelling,
    count: int,
    listener: Listener = silent,
    *,
    limits: Limits = UNLIMITED,
) -> Preview:
    """The first `count` rows as the file would hold them. Refuses what the export itself would refuse."""
    require_possible(wanted)
    with TemporaryDirectory(prefix="sentinel-preview-") as name:
        folder = Path(name)
        rows = spool(wanted, origin, folder, listener)
        read = height(rows)
        if not wanted.transformations:
            require_rows(read, limits)
        rows = protected(wanted, rows, origin, folder)
        head = shape(wanted, rows, spelling, folder).head(count).collect(engine="streaming")
        total = height(shape(wanted, rows, spelling, folder)) if wanted.transformations else read
        require_rows(total, limits)
        stride = max(1, -(-read // SAMPLE))
        sample = rows.gather_every(stride)
        size, written = _size(wanted, sample, spelling, folder)
        if stride > 1:
            empty, _ = _size(wanted, rows.head(0), spelling, folder)
            size = empty + (size - empty) * total // max(written, 1)
    return Preview(head, total, size, stride > 1)


def _size(wanted: Wanted, rows: pl.LazyFrame, spelling: Spelling, folder: Path) -> tuple[int, int]:
    """Bytes and rows of a file of these."""
    path = folder / "sample"
    count = write(wanted, rows, spelling, path, folder)
    return path.stat().st_size, count
