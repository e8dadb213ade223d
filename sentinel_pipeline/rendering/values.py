"""Values as people read them, the same in PDF, HTML and mail; files for machines are written by `tables`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.rendering.cells import written
from sentinel_pipeline.rendering.quantities import DECIMALS, MISSING, Quantity, quantity, signed
from sentinel_pipeline.rendering.report import KeyFigure, SectionResult
from sentinel_pipeline.sections.section import Bars, Section

__all__ = [
    "ShownTable",
    "bare",
    "change_word",
    "figure_kind",
    "shown_rows",
    "shown_table",
    "written",
    "written_change",
    "written_figure",
    "written_previous",
]

UNIT_KINDS: dict[str, Kind] = {"bytes": "bytes", "B": "bytes", "percent": "percent", "%": "percent", "MB": "megabytes"}
TELLING = ("source", "currency")
WORDLESS_UNITS = ("", "count", "bytes", "B", "percent", "%")


@dataclass(frozen=True)
class ShownTable:
    """A table as a person's document prints it; the last `closing` rows are 'other (n)' and 'total'."""

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None
    closing: int = 0


def figure_kind(figure: KeyFigure) -> Kind:
    """How a figure's number is written, told by its unit."""
    if figure.unit in UNIT_KINDS:
        return UNIT_KINDS[figure.unit]
    return "decimal" if isinstance(figure.value, float) else "count"


def written_figure(figure: KeyFigure) -> str:
    """A figure's value with its unit; '≥ ' in front when data is missing behind it, '–' when it cannot be told."""
    if figure.value is None:
        return MISSING
    text = written(figure.value, figure_kind(figure), ZoneInfo("UTC"))
    if text == MISSING or isinstance(figure.value, str):
        return text
    text = text if figure.unit in WORDLESS_UNITS else f"{text} {_unit(figure)}"
    return f"≥ {text}" if figure.is_lower_bound else text


def _unit(figure: KeyFigure) -> str:
    """The unit's word; one of a thing is not many."""
    return figure.unit.removesuffix("s") if figure.value == 1 and len(figure.unit) > 2 else figure.unit


def bare(figure: KeyFigure) -> KeyFigure:
    """The figure without a unit that its label says already."""
    is_said = figure.unit not in UNIT_KINDS and figure.unit.rstrip("s") in figure.label.lower()
    return replace(figure, unit="") if is_said else figure


def written_previous(figure: KeyFigure) -> str:
    """The figure of the period before, with its unit; '–' when that period cannot be compared."""
    return written_figure(KeyFigure(figure.id, figure.label, figure.unit, figure.previous, figure.definition))


def written_change(figure: KeyFigure) -> str:
    """A figure's change: '+12 (+8.3 %)', 'new (was 0)', counts alone where a percentage misleads, '–' if unknown."""
    if figure.value is None or figure.previous is None:
        return MISSING
    if isinstance(figure.value, str) or isinstance(figure.previous, str):
        return "unchanged" if figure.value == figure.previous else f"was {figure.previous}"
    if figure.change is None or not math.isfinite(figure.change):
        return MISSING
    if figure.previous == 0 and figure.change > 0:
        return "new (was 0)"
    if figure_kind(figure) == "percent":
        return signed(figure.change, f"{quantity(figure.change, 'decimal')} points")
    absolute = signed(figure.change, quantity(figure.change, figure_kind(figure)))
    return f"{absolute}{_relative(figure.change_percent)}" if figure.change else absolute


def _relative(percent: float | None) -> str:
    if percent is None or not math.isfinite(percent):
        return ""
    return f" ({signed(percent, f'{abs(percent):,.1f}'.removesuffix('.0'))} %)"


def change_word(figure: KeyFigure) -> str:
    """The direction of a change in words, and whether it is good: 'up, worse', 'down, better', 'unchanged'."""
    if figure.value is None or figure.previous is None:
        return "not comparable"
    if isinstance(figure.value, str) or isinstance(figure.previous, str):
        return "unchanged" if figure.value == figure.previous else "changed"
    if figure.change is None or not math.isfinite(figure.change):
        return "not comparable"
    if figure.change == 0:
        return "unchanged"
    direction = "up" if figure.change > 0 else "down"
    if figure.is_good_when is None:
        return direction
    return f"{direction}, {'better' if direction == figure.is_good_when else 'worse'}"


def shown_rows(result: SectionResult, zone: ZoneInfo, most: int | None = None) -> ShownTable:
    """A section's table as printed: its first rows, what the rest adds up to, and where to find all of it.

    `most` is a document's own limit for sections that would print all their rows.
    """
    section, table = result.section, result.table
    limit = most if section.shown is None else section.shown
    printed = table if limit is None else table.head(limit)
    printed = printed.drop(*_hidden(result), *_needless(result), strict=False)
    shown = shown_table(printed, zone)
    totals = tuple(column for column in section.totals if column in table.columns)
    kind_of = dict(zip(printed.columns, shown.kinds, strict=True))
    whole = {name: _whole(section, table, name, kind_of[name]) for name in totals}
    closing = _closing(table, printed, whole, kind_of, zone) if totals and printed.height else ()
    note = _note(printed.height, table.height, section.name)
    return ShownTable(shown.columns, shown.labels, shown.kinds, shown.rows + closing, note, len(closing))


def _hidden(result: SectionResult) -> tuple[str, ...]:
    """Columns for the files only; what tells rows of several sources, currencies or one name apart is none of them."""
    table, chart = result.table, result.section.chart
    telling = [name for name in TELLING if name in table.columns and table[name].drop_nulls().n_unique() > 1]
    if isinstance(chart, Bars) and chart.otherwise and not _tell_apart(table[chart.label]):
        telling.append(chart.otherwise)
    return tuple(name for name in result.section.hidden if name not in telling)


def _tell_apart(names: pl.Series) -> bool:
    """Whether every row has a name, and one of its own."""
    return names.is_unique().all() and not names.is_in(["Unknown"]).any() and not names.null_count()


def _needless(result: SectionResult) -> tuple[str, ...]:
    """Notes, names and times of which no row has any; the source, where all rows are of one that needs no telling."""
    section, table = result.section, result.table
    if table.is_empty():
        return ()
    blank = [column.name for column in table if column.dtype in (pl.String, pl.Datetime) and not column.count()]
    speaks_of_sources = section.compares_sources or section.topic == "method" or "source" not in table.columns
    return tuple(blank if speaks_of_sources or table["source"].n_unique() > 1 else [*blank, "source"])


def _note(printed: int, rows: int, name: str) -> str | None:
    if printed == rows:
        return None
    return (
        f"{printed:,} of {rows:,}, all in tables/{name}.csv"
        if printed
        else f"{'The' if rows == 1 else 'All'} {counted(rows, 'row')}: tables/{name}.csv"
    )


def shown_table(table: pl.DataFrame, zone: ZoneInfo) -> ShownTable:
    """A whole table as text, with labels and kinds of its columns."""
    displays = tuple(display(column) for column in table.columns)
    kinds = tuple(shown.kind for shown in displays)
    rows = tuple(
        tuple(written(value, kind, zone) for value, kind in zip(row, kinds, strict=True)) for row in table.iter_rows()
    )
    return ShownTable(tuple(table.columns), tuple(shown.label for shown in displays), kinds, rows)


def _closing(
    table: pl.DataFrame,
    printed: pl.DataFrame,
    whole: dict[str, Quantity | None],
    kind_of: dict[str, Kind],
    zone: ZoneInfo,
) -> tuple[tuple[str, ...], ...]:
    """The 'other (n)' row (only when rows are left out) and the 'total' row."""
    rows = [_closing_row("total", whole, kind_of, zone)]
    left_out = table.height - printed.height
    if left_out:
        rest = {name: _rest(whole[name], printed[name], kind_of[name]) for name in whole}
        rows.insert(0, _closing_row(f"other ({left_out:,})", rest, kind_of, zone))
    return tuple(rows)


def _closing_row(
    label: str, sums: dict[str, Quantity | None], kind_of: dict[str, Kind], zone: ZoneInfo
) -> tuple[str, ...]:
    named = next((column for column in kind_of if column not in sums), None)
    cells = (
        label if name == named else written(sums[name], kind, zone) if name in sums else ""
        for name, kind in kind_of.items()
    )
    return tuple(cells)


def _whole(section: Section, table: pl.DataFrame, name: str, kind: Kind) -> Quantity | None:
    """A column's total: exact where the section knows better than a sum of rounded values."""
    exact = dict(section.whole).get(name)
    if exact is None:
        return total(table[name], kind)
    value = exact(table)
    return None if value is None else _rounded(value, kind)


def total(values: pl.Series, kind: Kind) -> Quantity | None:
    """Sum of what is known, None when nothing is; broken numbers are exact decimals, rounded as the kind is printed."""
    known = [value for value in values.drop_nulls().to_list() if math.isfinite(value)]
    if not known:
        return None
    if values.dtype.is_integer():
        return int(sum(known))
    return _rounded(math.fsum(known), kind)


def _rest(whole: Quantity | None, printed: pl.Series, kind: Kind) -> Quantity | None:
    """What the printed rows leave of the whole, so that rows, rest and total add up as they stand on paper."""
    if whole is None or printed.dtype.is_integer():
        return None if whole is None else whole - sum(printed.drop_nulls().to_list())
    rows: Iterable[float] = (value for value in printed.drop_nulls().to_list() if math.isfinite(value))
    return Decimal(whole) - sum((_rounded(value, kind) for value in rows), Decimal(0))


def _rounded(value: float, kind: Kind) -> Decimal:
    return Decimal(f"{value:.{DECIMALS.get(kind, 2)}f}")
