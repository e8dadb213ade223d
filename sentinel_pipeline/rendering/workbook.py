"""The report as one workbook: a summary, a sheet per section with its chart, completeness and method."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.parts import COMPLETENESS, METHOD, has_completeness_section, nothing
from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline.rendering.spreadsheet import OPTIONS, cell_text, put_text
from sentinel_pipeline.rendering.workbook_charts import add_chart
from sentinel_pipeline.rendering.workbook_sheets import ROWS_PER_SECTION, Book, write_table
from sentinel_pipeline.rendering.workbook_summary import write_summary


def render_workbook(report: Report) -> bytes:
    """XLSX of a report; the same report gives the same bytes, on any machine and at any time."""
    import xlsxwriter

    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {**OPTIONS, "in_memory": True}) as workbook:
        workbook.set_properties(_properties(report))
        book = Book(workbook, report.period.zone)
        summary = book.add_sheet("Summary")
        names = [_write_section(book, result) for result in report.sections]
        if not has_completeness_section(report):
            names.append(_write_completeness(book, report.completeness))
        names.append(_write_methods(book, report.methods))
        write_summary(book, summary, report, names)
    return buffer.getvalue()


def _properties(report: Report) -> dict[str, str | datetime]:
    return {
        "title": f"{report.title}, {report.period.words}",
        "author": cell_text(report.organisation),
        "comments": f"{report.period.interval} {report.period.zone.key}, edition r{report.revision}",
        "created": report.period.window.end.replace(tzinfo=None),
    }


def _write_section(book: Book, result: SectionResult) -> str:
    sheet = book.add_sheet(result.section.title)
    if result.failure is not None:
        sheet.set_column(0, 0, 100)
        put_text(sheet, 0, 0, cell_text(f"This section could not be made: {result.failure}"))
        return str(sheet.get_name())
    rows = result.table.head(ROWS_PER_SECTION)
    write_table(book, sheet, rows)
    if rows.is_empty():
        put_text(sheet, 1, 0, cell_text(nothing(result).rstrip(".") or result.finding))
    if result.table.height > rows.height:
        note = f"{rows.height:,} of {counted(result.table.height, 'row')}; all in tables/{result.section.name}.csv"
        put_text(sheet, rows.height + 2, 0, note)
    add_chart(book, sheet, result)
    return str(sheet.get_name())


def _write_completeness(book: Book, completeness: pl.DataFrame) -> str:
    sheet = book.add_sheet(COMPLETENESS)
    write_table(book, sheet, completeness)
    if completeness.is_empty():
        put_text(sheet, 1, 0, "No source was read")
    return str(sheet.get_name())


def _write_methods(book: Book, methods: tuple[tuple[str, str], ...]) -> str:
    sheet = book.add_sheet(METHOD)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 110, book.wrapped)
    sheet.freeze_panes(1, 0)
    for row, texts in enumerate((("Term", "Meaning"), *methods)):
        for column, text in enumerate(texts):
            put_text(sheet, row, column, cell_text(text), book.head if row == 0 else None)
    return str(sheet.get_name())
