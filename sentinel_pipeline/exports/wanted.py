"""What an export holds, as a value: made by whoever asks, kept by the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.exports.filters import Condition
from sentinel_pipeline.exports.privacy import DROP, NO_PRIVACY, Privacy
from sentinel_pipeline.exports.sealing import Sealing
from sentinel_pipeline.rendering.compression import COMPRESSIONS, Compression
from sentinel_pipeline.rendering.json_shapes import Occasion, edges
from sentinel_pipeline.rendering.layouts import Shape, layout
from sentinel_pipeline.rendering.tables import FORMATS, Format

CANONICAL = "canonical"
SEALABLE = ("csv", "json")
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
Transformation = Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True)
class Wanted:
    """The table, its rows (times in `window`, None: all; every condition holds) and the shape of the file.

    `transformations` are applied one after another to the rows in their order; `columns` (None: all) are chosen from
    what they give. A `layout` other than canonical has columns of its own, and may fix them and the format. `privacy`
    is kept in what remains. `export_id` and `made_at` are for layouts that document such.
    """

    table: Table
    window: Window | None = None
    columns: tuple[str, ...] | None = None
    format: str = "csv"
    layout: str = CANONICAL
    conditions: tuple[Condition, ...] = ()
    transformations: tuple[Transformation, ...] = ()
    compression: str | None = None
    privacy: Privacy = NO_PRIVACY
    sealing: Sealing | None = None
    export_id: str | None = None
    made_at: datetime | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether the layout leaves no choice of columns, decimals and format."""
        return self.layout != CANONICAL and layout(self.table.name, self.layout).fixes(self.format)

    @property
    def shape(self) -> Shape | None:
        """How the layout documents the format."""
        return None if self.layout == CANONICAL else layout(self.table.name, self.layout).shapes.get(self.format)

    @property
    def occasion(self) -> Occasion:
        """What its file may tell of the export; which devices were asked for is what privacy keeps back."""
        asked = tuple(value for one in self.conditions if one.option == "device" for value in one.values)
        told = None if self.privacy and asked else asked
        return Occasion(self.export_id, self.made_at, edges(self.window, EARLIEST, LATEST), told)

    @property
    def suffix(self) -> str:
        """How a file of this kind is called at its end."""
        packed = compression_of(self.compression).suffix if self.compression else ""
        return format_of(self.format).suffix + packed + (self.sealing.suffix if self.sealing else "")


def format_of(name: str) -> Format:
    """Raises UsageError for a format there is none of."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise UsageError(f"'{name}' is no format; choose one of {', '.join(known.name for known in FORMATS)}")


def compression_of(name: str) -> Compression:
    """Raises UsageError for a compression there is none of."""
    for known in COMPRESSIONS:
        if known.name == name:
            return known
    raise UsageError(f"'{name}' is no compression; choose one of {', '.join(known.name for known in COMPRESSIONS)}")


def require_possible(wanted: Wanted) -> None:
    """Raises UsageError for columns the table lacks, and for a layout that cannot be had like this."""
    format_of(wanted.format)
    if wanted.layout != CANONICAL and DROP in wanted.privacy.measures:
        raise UsageError(f"the layout '{wanted.layout}' has personal columns; choose another measure than drop")
    if wanted.is_fixed:
        formats = layout(wanted.table.name, wanted.layout).formats
        if wanted.columns or wanted.format not in formats:
            fixed = f"the layout '{wanted.layout}' fixes columns and format ({', '.join(formats)})"
            raise UsageError(f"{fixed}; leave those options out")
    if wanted.sealing and (wanted.format not in SEALABLE or wanted.compression):
        raise UsageError(f"{wanted.sealing.suffix} files hold {' or '.join(SEALABLE)} as it is; choose one of them")
    if not wanted.transformations:
        _require_columns(wanted)


def _require_columns(wanted: Wanted) -> None:
    known = wanted.table.schema.names()
    if wanted.layout != CANONICAL:
        empty = wanted.table.empty().lazy()
        known = (
            layout(wanted.table.name, wanted.layout)
            .selecting(wanted.format)(empty, ZoneInfo("UTC"))
            .collect_schema()
            .names()
        )
    require_known(wanted.table, wanted.columns, known)


def require_known(table: Table, columns: Sequence[str] | None, known: Sequence[str]) -> None:
    """Raises UsageError for columns that are none of those known."""
    unknown = [name for name in columns or () if name not in known]
    if unknown:
        raise UsageError(f"{table.name} has no column {', '.join(unknown)}; it has {', '.join(known)}")
