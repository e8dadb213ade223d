"""Parts of the report that the document and the page have in common: their names, their order and their tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.palette import status_look
from sentinel_pipeline.rendering.report import KeyFigure, Report, SectionResult
from sentinel_pipeline.rendering.values import (
    ShownTable,
    bare,
    change_word,
    written_change,
    written_figure,
    written_previous,
)

# What follows the sections, in this order.
FIGURES, METHOD, ANNEX = "All key figures", "Method and glossary", "Annex: data files"
COMPLETENESS = "Data completeness"
NO_EVENTS = "No events in this period."
MOST_PROBLEMS = 8


class Seen(Protocol):
    """What tells how much could be seen: a report, or what an edition's folder says of it."""

    @property
    def completeness(self) -> pl.DataFrame: ...

    @property
    def completeness_words(self) -> str: ...

    @property
    def is_complete(self) -> bool: ...


@dataclass(frozen=True)
class Completeness:
    """How far the figures can be trusted: in words, in counts, and which tables are to blame."""

    look: str
    head: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]


def completeness(report: Seen) -> Completeness:
    table = report.completeness
    statuses = [str(status) for status in table["status"]] if "status" in table.columns else []
    is_broken = any(status_look(status) == "failure" for status in statuses)
    look = "ok" if report.is_complete else "failure" if is_broken else "attention"
    head = "Data complete" if report.is_complete else "Data not complete: figures may be too low"
    lines = tuple(line for line in (report.completeness_words, _counts(report, statuses)) if line)
    return Completeness(look, head, lines, tuple(_problems(report)))


def _counts(report: Seen, statuses: list[str]) -> str:
    table = report.completeness
    if not statuses:
        return "No source is configured."
    counts = ", ".join(f"{number:,} {status}" for status, number in Counter(statuses).items())
    sums = [
        f"{int(table[column].sum() or 0):,} {words}"
        for column, words in (("rows", "rows read"), ("quarantined", "quarantined"))
        if column in table.columns
    ]
    return f"{counted(table.height, 'table')}: {counts}. {', '.join(sums)}."


def _problems(report: Seen) -> list[str]:
    """Each table that did not arrive whole, as far as there is room."""
    rows = [
        row
        for row in report.completeness.iter_rows(named=True)
        if status_look(str(row.get("status"))) in ("attention", "failure")
    ]
    lines = [f"{row.get('source')} {row.get('table')}: {row.get('status')}" for row in rows[:MOST_PROBLEMS]]
    more = [f"and {len(rows) - MOST_PROBLEMS:,} more"] if len(rows) > MOST_PROBLEMS else []
    return lines + more


def has_completeness_section(report: Report) -> bool:
    """Whether the table of what arrived is a section already; if not, it stands with the method."""
    return any(result.section.name == "data_completeness" for result in report.sections)


def nothing(result: SectionResult) -> str:
    """What stands where a table without rows would: nothing happened, or nothing can be compared yet, as found."""
    return "" if result.awaits_before else NO_EVENTS


def by_topic(results: tuple[SectionResult, ...]) -> list[SectionResult]:
    """Sections of one topic stand together, topics in the order in which they first appear."""
    order = list(dict.fromkeys(result.section.topic for result in results))
    return sorted(results, key=lambda result: order.index(result.section.topic))


def figures_table(figures: tuple[KeyFigure, ...]) -> ShownTable:
    """Every key figure with the period before and what exactly it counts."""
    heads = ("Figure", "Value", "Before", "Change", "Definition")
    rows = tuple(
        (figure.label, written_figure(figure), written_previous(figure), changed(figure), figure.definition)
        for figure in map(bare, figures)
    )
    return ShownTable(heads, heads, ("text", "count", "count", "count", "text"), rows)


def changes_table(figures: tuple[KeyFigure, ...], across: int) -> ShownTable:
    """Every key figure and its change; `across` figures stand beside each other."""
    heads = ("Figure", "Value", "Change") * across
    cells = [(figure.label, written_figure(figure), _judged(figure)) for figure in map(bare, figures)]
    return ShownTable(heads, heads, ("text", "count", "count") * across, side_by_side(cells, across))


def _judged(figure: KeyFigure) -> str:
    """A figure's change, whose sign says its direction, and whether it is good."""
    word = change_word(figure)
    verdict = word.partition(", ")[2]
    return word if word in ("unchanged", "not comparable") else f"{written_change(figure)} {verdict}".rstrip()


def side_by_side(cells: Sequence[tuple[str, ...]], across: int) -> tuple[tuple[str, ...], ...]:
    """Rows of `across` entries each, read downwards."""
    down = -(-len(cells) // across)
    blank = ("",) * (len(cells[0]) if cells else 0)
    filled = [*cells, *[blank] * (down * across - len(cells))]
    return tuple(sum((filled[column * down + row] for column in range(across)), ()) for row in range(down))


def changed(figure: KeyFigure) -> str:
    """A figure's change and its direction in words."""
    change, word = written_change(figure), change_word(figure)
    return word if word in ("unchanged", "not comparable") else f"{change} {word}"


def methods_table(report: Report) -> ShownTable:
    """Terms and what they mean."""
    heads = ("Term", "Meaning")
    return ShownTable(heads, heads, ("text", "text"), report.methods)


def annex_table(report: Report, across: int = 1) -> ShownTable:
    """The files that hold what paper cannot, with their rows; `across` files stand beside each other."""
    heads = ("In tables/, .csv and .json", "Rows") * across
    cells = [_file(result) for result in report.sections]
    return ShownTable(heads, heads, ("text", "count") * across, side_by_side(cells, across))


def _file(result: SectionResult) -> tuple[str, str]:
    if result.is_made:
        return result.section.name, f"{result.table.height:,}"
    return result.section.name, "not yet" if result.awaits_before else "not made"
