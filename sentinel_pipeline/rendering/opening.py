"""The first page: who, what and when, bottom line, key figures, how much of the data there was, contents."""

from __future__ import annotations

from dataclasses import replace

from sentinel_pipeline.rendering.blocks import Heading, Panel, Words, text
from sentinel_pipeline.rendering.cards import Cards
from sentinel_pipeline.rendering.chart_times import offsets, unusual_hours
from sentinel_pipeline.rendering.contents import Contents
from sentinel_pipeline.rendering.palette import ACCENT, BAD, LOOKS
from sentinel_pipeline.rendering.parts import completeness
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import Block
from sentinel_pipeline.rendering.styles import BODY, HEADING, LEAD, OWNER, PERIOD, SMALL, TITLE

PATH = (("Sect", "opening"),)


def opening(report: Report, headings: tuple[Heading, ...]) -> list[Block]:
    blocks: list[Block] = [text(words, PATH) for words in title(report) if words.text]
    blocks.append(text(Words(report.headline, LEAD), PATH))
    # How much could be seen stands in the panel.
    told = (line for line in report.narrative if line and line != report.completeness_words)
    blocks += [text(Words(line, BODY), PATH) for line in told]
    if report.strip:
        blocks.append(Cards(report.strip, PATH))
    blocks.append(completeness_panel(report))
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


def completeness_panel(report: Report) -> Panel:
    """How far the figures can be trusted."""
    known = completeness(report)
    look = LOOKS[known.look]
    words = [Words(f"{look.glyph} {known.head}", replace(BODY, font=LEAD.font, colour=look.ink))]
    words += [Words(line, BODY) for line in known.lines]
    words += [Words(line, replace(BODY, size=8.5, colour=BAD)) for line in known.problems]
    return Panel(tuple(words), look.fill, look.ink, (*PATH, ("Sect", "completeness")))
