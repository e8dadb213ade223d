"""The first sheet of the workbook: what the report is, its figures with their change, and what the sheets hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_pipeline.rendering.quantities import MISSING
from sentinel_pipeline.rendering.report import KeyFigure, Number, Report
from sentinel_pipeline.rendering.spreadsheet import Exact, cell_text, put_text
from sentinel_pipeline.rendering.values import change_word, figure_kind
from sentinel_pipeline.rendering.workbook_sheets import NUMBER_FORMATS, Book

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

FIGURE_HEADS = ("Figure", "Value", "Before", "Change", "Change %", "Direction", "Unit", "Definition")
SHEET_HEADS = ("Sheet", "What it shows")
WIDTHS = (34, 16, 16, 16, 12, 16, 14, 90)


def write_summary(book: Book, sheet: Worksheet, report: Report, names: list[str]) -> None:
    """Writes the summary; `names` are the sheets of sections, of completeness if it has its own, and of method."""
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    put_text(sheet, 0, 0, report.title, book.format(bold=True, font_size=16))
    row = _write_facts(book, sheet, report)
    row = _write_figures(book, sheet, report.key_figures, row + 1)
    findings = [result.failure or result.finding for result in report.sections]
    findings += [report.completeness_words] if len(names) > len(findings) + 1 else []
    findings.append("How the figures are made")
    _write_head(book, sheet, row + 1, SHEET_HEADS)
    for line, texts in enumerate(zip(names, findings, strict=True), start=row + 2):
        for column, text in enumerate(texts):
            put_text(sheet, line, column, cell_text(text))


def _write_facts(book: Book, sheet: Worksheet, report: Report) -> int:
    """Writes label and text lines; returns the row after them."""
    period = report.period
    facts = (
        ("Organisation", report.organisation),
        ("Period", period.words),
        ("Interval", period.interval),
        ("Time zone", f"{period.zone.key} (times in all sheets are local wall time)"),
        ("Hours", f"{period.window.hours:g}"),
        ("Edition", f"r{report.revision}"),
        ("Figures", report.figures_hash),
        ("Data", report.completeness_words),
        ("Bottom line", report.headline),
        *(("", sentence) for sentence in report.narrative),
    )
    for row, (label, text) in enumerate(facts, start=1):
        put_text(sheet, row, 0, label, book.format(bold=True))
        put_text(sheet, row, 1, cell_text(text))
    return len(facts) + 1


def _write_figures(book: Book, sheet: Worksheet, figures: tuple[KeyFigure, ...], row: int) -> int:
    """Writes the table of figures; returns the row after it."""
    _write_head(book, sheet, row, FIGURE_HEADS)
    for line, figure in enumerate(figures, start=row + 1):
        put_text(sheet, line, 0, cell_text(figure.label))
        _put_figure(book, sheet, (line, 1), figure, figure.value)
        _put_figure(book, sheet, (line, 2), figure, figure.previous)
        _put_change(book, sheet, line, figure)
        texts = (change_word(figure), figure.unit, figure.definition)
        for column, text in enumerate(texts, start=5):
            put_text(sheet, line, column, cell_text(text))
    return row + len(figures) + 1


def _write_head(book: Book, sheet: Worksheet, row: int, heads: tuple[str, ...]) -> None:
    for column, head in enumerate(heads):
        put_text(sheet, row, column, head, book.head)


def _put_figure(
    book: Book, sheet: Worksheet, cell: tuple[int, int], figure: KeyFigure, value: Number | str | None
) -> None:
    if value is None or isinstance(value, str):
        put_text(sheet, *cell, cell_text(MISSING if value is None else value), book.format(align="right"))
        return
    kind = figure_kind(figure)
    pattern = NUMBER_FORMATS[kind]
    if figure.is_lower_bound and value is figure.value:
        pattern = f'"≥ "{pattern}'
    sheet.write_number(*cell, Exact(value / 100 if kind == "percent" else value), book.format(num_format=pattern))


def _put_change(book: Book, sheet: Worksheet, line: int, figure: KeyFigure) -> None:
    if figure.change is not None:
        is_percent = figure_kind(figure) == "percent"
        pattern = '0.00" points"' if is_percent else NUMBER_FORMATS[figure_kind(figure)]
        sheet.write_number(line, 3, Exact(figure.change), book.format(num_format=f"+{pattern};-{pattern};{pattern}"))
    if figure.change_percent is not None:
        sheet.write_number(line, 4, Exact(figure.change_percent / 100), book.format(num_format="+0.0%;-0.0%;0.0%"))
