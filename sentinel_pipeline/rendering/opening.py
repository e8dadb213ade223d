"""The first page: who, what and when, bottom line, key figures, how much of the data there was, contents."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.blocks import Heading, Panel, Words, text
from sentinel_pipeline.rendering.cards import Cards
from sentinel_pipeline.rendering.chart_times import offsets, unusual_hours
from sentinel_pipeline.rendering.contents import Contents
from sentinel_pipeline.rendering.palette import ACCENT, BAD, LOOKS, status_look
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import Block
from sentinel_pipeline.rendering.styles import BODY, HEADING, LEAD, OWNER, PERIOD, SMALL, TITLE

MOST_PROBLEMS = 8
PATH = (("Sect", "opening"),)


def opening(report: Report, headings: tuple[Heading, ...]) -> list[Block]:
    blocks: list[Block] = [text(words, PATH) for words in title(report) if words.text]
    blocks.append(text(Words(report.headline, LEAD), PATH))
    blocks += [text(Words(line, BODY), PATH) for line in report.narrative if line]
    if report.strip:
        blocks.append(Cards(report.strip, PATH))
    blocks.append(completeness(report))
    contents = Heading(Words("Contents", HEADING), "contents", 0, PATH)
    return [*blocks, contents, Contents(headings, PATH)]


def title(report: Report) -> list[Words]:
    period = report.period
    edition = f"Edition r{report.revision} · figures {report.figures_hash}"
    return [
        Words(report.organisation, OWNER),
        Words(report.title, TITLE),
        Words(period.words, PERIOD),
        Words(f"{period.interval} · {offsets(period)}", SMALL),
        Words(unusual_hours(period), replace(SMALL, colour=ACCENT)),
        Words(edition, SMALL),
    ]


def completeness(report: Report) -> Panel:
    """How far the figures can be trusted: in words, in counts, and which tables are to blame."""
    table = report.completeness
    statuses = [str(status) for status in table["status"]] if "status" in table.columns else []
    is_broken = any(status_look(status) == "failure" for status in statuses)
    look = LOOKS["ok" if report.is_complete else "failure" if is_broken else "attention"]
    head = "Data complete" if report.is_complete else "Data not complete: figures may be too low"
    colour = look.ink
    words = [Words(f"{look.glyph} {head}", replace(BODY, font=LEAD.font, colour=colour))]
    words += [Words(line, BODY) for line in (report.completeness_words, _counts(report, statuses)) if line]
    words += [Words(line, replace(BODY, size=8.5, colour=BAD)) for line in _problems(report)]
    return Panel(tuple(words), look.fill, colour, (*PATH, ("Sect", "completeness")))


def _counts(report: Report, statuses: list[str]) -> str:
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


def _problems(report: Report) -> list[str]:
    """Each table that did not arrive whole, as far as there is room."""
    rows = [
        row
        for row in report.completeness.iter_rows(named=True)
        if status_look(str(row.get("status"))) in ("attention", "failure")
    ]
    lines = [f"{row.get('source')} {row.get('table')}: {row.get('status')}" for row in rows[:MOST_PROBLEMS]]
    more = [f"and {len(rows) - MOST_PROBLEMS:,} more"] if len(rows) > MOST_PROBLEMS else []
    return lines + more
