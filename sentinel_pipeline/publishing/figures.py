"""Key figures of an edition: value, the period before, change, course, and the partitions they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.scope import ALWAYS, Scope, statistic_asset
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.sections.figures import Figure, Value
from sentinel_pipeline.sections.shares import ratio
from sentinel_pipeline.sections.trends import SEEN, missing_reads, unseen_days

SMALLEST_BASE = 10
READ = (*SEEN, "not in source")
Input = tuple[str, str, str]


def key_figures(
    scope: Scope,
    period: Period,
    statistics: Mapping[str, pl.DataFrame],
    before: Mapping[str, pl.DataFrame],
    versions: Mapping[str, tuple[Input, ...]],
) -> tuple[KeyFigure, ...]:
    """All figures in reading order; `before` are the previous period's statistics, `versions` inputs by statistic."""
    return tuple(_key_figure(figure, period, statistics, before, versions) for figure in scope.figures)


def _key_figure(
    figure: Figure,
    period: Period,
    statistics: Mapping[str, pl.DataFrame],
    before: Mapping[str, pl.DataFrame],
    versions: Mapping[str, tuple[Input, ...]],
) -> KeyFigure:
    value = known_value(figure, statistics, period)
    unit = figure.unit_for(statistics)
    previous = whole_value(figure, before, period.previous) if figure.unit_for(before) == unit else None
    missing = unread(statistics["completeness"], figure.about, period)
    change, percent = (None, None) if missing else changes(value, previous, unit)
    return KeyFigure(
        id=figure.id,
        label=figure.label,
        unit=unit,
        value=value,
        definition=figure.definition,
        previous=previous,
        change=change,
        change_percent=percent,
        is_good_when=figure.good,
        is_lower_bound=missing and value is not None and unit not in ("%", ""),
        sparkline=figure.sparkline(statistics, period),
        inputs=tuple(entry for name in figure.statistics for entry in versions.get(name, ())),
    )


def known_value(figure: Figure, statistics: Mapping[str, pl.DataFrame], period: Period) -> Value:
    """The figure's value; None when no source of its table could be read on any day."""
    completeness = statistics["completeness"]
    if figure.about in ALWAYS:
        is_seen = completeness["status"].is_in(READ).any()
    else:
        is_seen = len(unseen_days(completeness, figure.about, period)) < len(period.days)
    return figure.value(statistics, period) if is_seen else None


def whole_value(figure: Figure, statistics: Mapping[str, pl.DataFrame], period: Period) -> Value:
    """The figure's value for a period that was read in full; None otherwise, so that no change is shown for it."""
    is_whole = not unread(statistics["completeness"], figure.about, period)
    return figure.value(statistics, period) if is_whole else None


def unread(completeness: pl.DataFrame, about: str, period: Period) -> bool:
    """Whether part of the period was not read from some source that gives the table (the pipeline's own: any)."""
    if about not in ALWAYS:
        return missing_reads(completeness, about, period) > 0
    read = completeness.filter(pl.col("status").is_in(READ))
    return read.height < completeness.height or read["day"].n_unique() < len(period.days)


def changes(value: Value, previous: Value, unit: str) -> tuple[int | float | None, float | None]:
    """Absolute and relative change; of percentages only the difference in points, of a base below 10 no percent."""
    if not isinstance(value, int | float) or not isinstance(previous, int | float):
        return None, None
    difference = round(value - previous, 2)
    if unit == "%" or abs(previous) < SMALLEST_BASE:
        return difference, None
    return difference, ratio(round((value - previous) * 100), round(previous * 100), scale=100, decimals=1)


def versions_of(scope: Scope, period: Period, lake: Lake) -> dict[str, tuple[Input, ...]]:
    """For every statistic the partitions of the period that exist: asset, partition, data version."""
    return {
        statistic.name: tuple(
            (asset, day, lake.version(asset, day))
            for asset in [statistic_asset(statistic.name)]
            for day in period.day_keys
            if lake.has(asset, day)
        )
        for statistic in scope.statistics
    }


FIGURE_TYPES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "label": pl.String(),
    "value": pl.String(),
    "unit": pl.String(),
    "previous": pl.String(),
    "change": pl.String(),
    "change_percent": pl.Float64(),
    "is_lower_bound": pl.Boolean(),
    "is_good_when": pl.String(),
    "definition": pl.String(),
    "sparkline": pl.List(pl.Int64()),
    "inputs": pl.String(),
}
JSON_TEXT = ("value", "previous", "change", "inputs")


def as_table(figures: tuple[KeyFigure, ...]) -> pl.DataFrame:
    """Key figures as a table of the lake; values of any type as JSON text."""
    rows = [
        {name: getattr(figure, name) for name in FIGURE_TYPES}
        | {name: json.dumps(getattr(figure, name)) for name in JSON_TEXT}
        | {"sparkline": list(figure.sparkline)}
        for figure in figures
    ]
    return pl.DataFrame(rows, schema=FIGURE_TYPES)


def from_table(table: pl.DataFrame) -> tuple[KeyFigure, ...]:
    """The inverse of `as_table`."""
    return tuple(
        KeyFigure(
            **row
            | {name: json.loads(row[name]) for name in JSON_TEXT if name != "inputs"}
            | {
                "inputs": tuple(tuple(entry) for entry in json.loads(row["inputs"])),
                "sparkline": tuple(row["sparkline"]),
            }
        )
        for row in table.iter_rows(named=True)
    )
