"""The report as PDF: blocks laid out on A4 pages, drawn with ReportLab, finished with charts and tags."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.finishing import CREATOR, LANGUAGE, Particulars, finished
from sentinel_pipeline.rendering.fonts import BOLD, REGULAR, register, width
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import MUTED, RULE
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import Page, Sheet, heading_pages, pages
from sentinel_pipeline.rendering.story import Story, story
from sentinel_pipeline.rendering.styles import BOTTOM, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, SMALL, TEXT_WIDTH
from sentinel_pipeline.rendering.supplement import characters_in, typeset
from sentinel_pipeline.rendering.tags import artifact


def render_pdf(report: Report) -> bytes:
    """The whole report as one PDF; the same report gives the same bytes on every machine."""
    with typeset(characters_in(report)):
        told = story(report)
        drawn, sheet = _drawn(report, told)
        return finished(drawn, told.charts, told.book, sheet.tags.root, particulars(report))


def particulars(report: Report) -> Particulars:
    """What the document says of itself; it is dated by the end of its period, never by the clock."""
    title = readable(f"{report.title} – {report.period.words}")
    subject = readable(f"{report.period.interval} ({report.period.zone.key}), edition r{report.revision}")
    return Particulars(title, readable(report.organisation), subject, report.period.window.end)


def _drawn(report: Report, told: Story) -> tuple[bytes, Sheet]:
    filled = pages(told.blocks)
    file = BytesIO()
    canvas = _canvas(file, report)
    sheet = Sheet(canvas, heading_pages(filled))
    for number, page in enumerate(filled, start=1):
        _margins(sheet, report, number, len(filled))
        _page(sheet, page)
        canvas.showPage()
    canvas.save()
    return file.getvalue(), sheet


def _canvas(file: BytesIO, report: Report) -> Any:
    from reportlab.pdfgen.canvas import Canvas

    register()
    size = (PAGE_WIDTH, PAGE_HEIGHT)
    canvas = Canvas(file, size, invariant=1, pageCompression=0, initialFontName=REGULAR, lang=LANGUAGE)
    canvas.setTitle(particulars(report).title)
    canvas.setCreator(CREATOR)
    return canvas


def _page(sheet: Sheet, page: Page) -> None:
    for placed in page:
        placed.block.draw(sheet, MARGIN, placed.top)


def _margins(sheet: Sheet, report: Report, number: int, total: int) -> None:
    """Head and foot of a page: decoration to a screen reader, orientation to the eye."""
    canvas = sheet.canvas
    edition = readable(f"{report.period.words} · edition r{report.revision} · figures {report.figures_hash}")
    with artifact(canvas):
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, BOTTOM - 10, PAGE_WIDTH - MARGIN, BOTTOM - 10)
        _foot(sheet, edition, f"page {number} of {total}")
        if number > 1:
            head = readable(f"{report.organisation} · {report.title}")
            sheet.lines([fitted(head, TEXT_WIDTH, SMALL.size)], SMALL, MARGIN, PAGE_HEIGHT - 30)
            canvas.line(MARGIN, PAGE_HEIGHT - 44, PAGE_WIDTH - MARGIN, PAGE_HEIGHT - 44)


def _foot(sheet: Sheet, edition: str, page: str) -> None:
    right = PAGE_WIDTH - MARGIN - width(page, SMALL.size, BOLD)
    sheet.lines([fitted(edition, TEXT_WIDTH - 90, SMALL.size)], SMALL, MARGIN, BOTTOM - 14)
    sheet.canvas.setFont(BOLD, SMALL.size)
    sheet.canvas.setFillColor(MUTED)
    sheet.canvas.drawString(right, BOTTOM - 14 - SMALL.size * 1.02, page)
