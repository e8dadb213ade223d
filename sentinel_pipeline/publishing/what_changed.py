"""The section that says what a revision tells otherwise than the one before, and small changes to earlier editions.

Small changes are kept in the lake for the edition that is to list them: while it is not published more may be noted,
afterwards nothing, so that it can be made again and lists the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.lake.working_copy import remove
from sentinel_pipeline.publishing.editions import edition_folder, revisions
from sentinel_pipeline.publishing.figures import changes
from sentinel_pipeline.rendering.edition_folder import Told, told
from sentinel_pipeline.rendering.report import KeyFigure, SectionResult
from sentinel_pipeline.rendering.restating import Restated, restated
from sentinel_pipeline.rendering.values import written_change
from sentinel_pipeline.sections.section import Section

COLUMNS: dict[str, pl.DataType] = {
    "edition": pl.String(),
    "figure": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
    "change": pl.String(),
    "why": pl.String(),
    "fact": pl.String(),
    "unit": pl.String(),
    "value_before": pl.Float64(),
    "value_after": pl.Float64(),
}
FOR_FILES = ("fact", "unit", "value_before", "value_after")


def what_changed(restatements: Sequence[Restated], edition: str) -> pl.DataFrame:
    """Figures that an edition told otherwise: before, after, by how much, and which late rows are why.

    As people read them; exact numbers stand beside them in the files.
    """
    return pl.DataFrame([_row(one, edition) for one in restatements], schema=COLUMNS)


def _row(one: Restated, edition: str) -> dict[str, object]:
    before = None if one.was is None else one.was.value
    change, percent = changes(one.now.value, before, one.now.unit)
    compared = replace(one.now, previous=before, change=change, change_percent=percent)
    return {
        "edition": edition,
        "figure": one.now.label,
        "before": one.before,
        "after": one.after,
        "change": written_change(compared),
        "why": one.why,
        "fact": one.now.id,
        "unit": one.now.unit,
        "value_before": _number(before),
        "value_after": _number(one.now.value),
    }


def _number(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


SECTION = Section(
    "What changed",
    "corrections",
    what_changed,
    lambda table: counted(table.height, "changed figure"),
    hidden=FOR_FILES,
    is_told=True,
)


def noted_asset(cadence: str) -> str:
    """Lake asset of the small changes to earlier editions; its partitions are the periods whose editions list them."""
    return f"noted_changes/{cadence}"


def noted(period: Period, lake: Lake) -> pl.DataFrame:
    """What the edition of a period lists of earlier ones."""
    return lake.read_all(noted_asset(period.cadence), [period.key], pl.Schema(COLUMNS))


def listing_period(period: Period, editions: Path) -> Period:
    """The first later period whose edition can still list something: nobody has published it."""
    later = period.next
    while revisions(edition_folder(editions, later)):
        later = later.next
    return later


def note(restatements: Sequence[Restated], period: Period, revision: int, editions: Path, lake: Lake) -> Period:
    """Keeps small changes of an edition for the next one, in place of what was kept of it; returns whose that is."""
    listing = listing_period(period, editions)
    others = noted(listing, lake).filter(~pl.col("edition").str.starts_with(f"{period.cadence}/{period.key}/"))
    kept = pl.concat([others, what_changed(restatements, f"{period.cadence}/{period.key}/r{revision}")])
    kept = kept.sort("edition", maintain_order=True)
    path = lake.path(noted_asset(period.cadence), listing.key)
    if kept.is_empty():
        remove([path])
    else:
        lake.write(noted_asset(period.cadence), listing.key, kept)
    return listing


def told_before(editions: Path, period: Period, revision: int) -> Told | None:
    """The newest revision before one, as far as it can still be told."""
    folder = edition_folder(editions, period)
    earlier = [number for number in revisions(folder) if number < revision]
    try:
        return told(folder / f"r{earlier[-1]}") if earlier else None
    except SentinelError:
        return None


def since(before: Told, figures: Sequence[KeyFigure], completeness: pl.DataFrame) -> tuple[Restated, ...]:
    """What figures tell otherwise than an edition."""
    return restated(before.figures, figures, before.completeness, completeness)


def changes_told(
    editions: Path, period: Period, revision: int, figures: Sequence[KeyFigure], completeness: pl.DataFrame, lake: Lake
) -> SectionResult | None:
    """The section of an edition; None for a first revision with nothing to tell of earlier editions."""
    before, small = told_before(editions, period, revision), noted(period, lake)
    if before is None and small.is_empty():
        return None
    own = what_changed(
        () if before is None else since(before, figures, completeness), "" if before is None else before.name
    )
    return SectionResult(SECTION, pl.concat([own, small]), _finding(before, own.height, small))


def _finding(before: Told | None, own: int, small: pl.DataFrame) -> str:
    parts = []
    if before is not None:
        parts.append(
            f"{counted(own, 'figure')} changed since r{before.revision}"
            if own
            else f"No figure changed since r{before.revision}; its files were made again"
        )
    if not small.is_empty():
        of = counted(small["edition"].n_unique(), "earlier edition")
        parts.append(f"{counted(small.height, 'figure')} of {of} changed a little since")
    return "; ".join(parts)
