"""The chapters of the document: sections by topic, then all figures, the method, and where the data is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.blocks import Heading, Panel, Words, text
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.charts import alt_text, picture
from sentinel_pipeline.rendering.grids import grid, natural_width
from sentinel_pipeline.rendering.palette import BAD, LOOKS
from sentinel_pipeline.rendering.pictures import Beside, Picture
from sentinel_pipeline.rendering.plots import INCH
from sentinel_pipeline.rendering.report import KeyFigure, Report, SectionResult
from sentinel_pipeline.rendering.sheets import Block
from sentinel_pipeline.rendering.styles import ALARM, BODY, FINDING, HEADING, NOTE, TEXT_WIDTH, TOPIC
from sentinel_pipeline.rendering.tags import Path
from sentinel_pipeline.rendering.values import (
    ShownTable,
    change_word,
    shown_rows,
    shown_table,
    written_change,
    written_figure,
    written_previous,
)
from sentinel_pipeline.sections.section import Bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More rows of one section than this are for its file, not for paper; rankings in a daily report are shorter still.
MOST_ROWS = 200
DAILY_ROWS = 5
TABLE_BESIDE = TEXT_WIDTH * 0.56
CHART_BESIDE = TEXT_WIDTH * 0.42
MOST_BESIDE = 20
DEFINITION = replace(NOTE, before=0.0, after=2.0)


@dataclass(frozen=True)
class Press:
    """What sections are printed with: the report they belong to, and the charts drawn so far, by section."""

    report: Report
    charts: dict[str, Figure] = field(default_factory=dict)

    def chart(self, result: SectionResult, wide: float, path: Path) -> Picture | None:
        drawn = picture(result, self.report.period, wide / INCH)
        if drawn is None:
            return None
        self.charts[result.section.name] = drawn
        wide, high = (INCH * float(side) for side in drawn.get_size_inches())
        return Picture(result.section.name, wide, high, alt_text(result), path)


def chapters(press: Press) -> list[Block]:
    """Sections in their order, each topic under its own title."""
    blocks: list[Block] = []
    for topic, results in groupby(_by_topic(press.report.sections), key=lambda result: result.section.topic):
        path: Path = (("Sect", topic),)
        blocks.append(Heading(Words(topic.capitalize(), TOPIC), f"topic {topic}", 0, path))
        for result in results:
            blocks += _section(press, result, (*path, ("Sect", result.section.name)))
    return blocks


def _by_topic(results: tuple[SectionResult, ...]) -> list[SectionResult]:
    """Sections of one topic stand together, topics in the order in which they first appear."""
    order = list(dict.fromkeys(result.section.topic for result in results))
    return sorted(results, key=lambda result: order.index(result.section.topic))


def _section(press: Press, result: SectionResult, path: Path) -> list[Block]:
    section = result.section
    head: list[Block] = [Heading(Words(section.title, HEADING), f"section {section.name}", 1, path)]
    if result.failure is not None:
        return [*head, _failure(result.failure, path)]
    head.append(text(Words(result.finding, FINDING), path, stays_with_next=True))
    definition = " ".join(section.description.split())
    if definition:
        head.append(text(Words(definition, DEFINITION), path, stays_with_next=True))
    return [*head, *_body(press, _on_paper(result, press.report), path)]


def _failure(reason: str, path: Path) -> Panel:
    look = LOOKS["failure"]
    words = (
        Words(f"{look.glyph} This section could not be made", replace(FINDING, colour=BAD)),
        Words(reason, ALARM),
    )
    return Panel(words, look.fill, look.ink, path)


def _body(press: Press, result: SectionResult, path: Path) -> list[Block]:
    """Chart and table: next to each other where both are small, else one below the other."""
    if result.table.is_empty() and not result.section.chart:
        return [text(Words("Nothing to list in this period.", NOTE), path)]
    shown = shown_rows(result, press.report.period.zone)
    has_rows = not result.table.is_empty() and len(shown.rows) > shown.closing
    if has_rows and isinstance(result.section.chart, Bars) and _is_narrow(shown):
        return _beside(press, result, shown, path)
    chart = press.chart(result, TEXT_WIDTH, path)
    blocks: list[Block] = [chart] if chart else []
    if has_rows:
        return [*blocks, _grid(shown, path)]
    return blocks + ([text(Words(_where(result), NOTE), path)] if result.table.height else [])


def _is_narrow(shown: ShownTable) -> bool:
    wide = natural_width(shown.labels, shown.kinds, [tuple(map(readable, row)) for row in shown.rows])
    return wide <= TABLE_BESIDE and len(shown.rows) <= MOST_BESIDE


def _beside(press: Press, result: SectionResult, shown: ShownTable, path: Path) -> list[Block]:
    chart = press.chart(result, CHART_BESIDE, path)
    table = _grid(shown, path, TABLE_BESIDE)
    if chart is None:
        return [table]
    return [Beside(chart, table, TEXT_WIDTH - TABLE_BESIDE)]


def _where(result: SectionResult) -> str:
    """For a table that is wholly left to its file."""
    rows = counted(result.table.height, "row")
    return f"{'The' if result.table.height == 1 else 'All'} {rows}: tables/{result.section.name}.csv"


def _on_paper(result: SectionResult, report: Report) -> SectionResult:
    """The result with a limit on its rows: a ranking in a daily report is short, and no table becomes a book."""
    section = result.section
    if section.shown == 0:
        return result
    most = DAILY_ROWS if report.period.cadence == "daily" and section.shown else MOST_ROWS
    most = min(most, section.shown or most)
    # A sixth row takes no more room than the line that says one is left out.
    return result if result.table.height <= most + 1 else replace(result, section=replace(section, shown=most))


def _grid(shown: ShownTable, path: Path, wide: float = TEXT_WIDTH) -> Block:
    path = (*path, ("Table", "rows"))
    return grid(shown.labels, shown.kinds, shown.rows, path, shown.closing, wide=wide, note=shown.note or "")


def all_figures(report: Report) -> list[Block]:
    """Every key figure with the period before and what exactly it counts."""
    if not report.key_figures:
        return []
    path: Path = (("Sect", "figures"),)
    rows = [
        (figure.label, written_figure(figure), written_previous(figure), _change(figure), figure.definition)
        for figure in report.key_figures
    ]
    labels = ("Figure", "Value", "Before", "Change", "Definition")
    table = grid(labels, ("text", "count", "count", "count", "text"), rows, (*path, ("Table", "figures")))
    return [Heading(Words("All key figures", TOPIC), "figures", 0, path), table]


def _change(figure: KeyFigure) -> str:
    change, word = written_change(figure), change_word(figure)
    return word if word in ("unchanged", "not comparable") else f"{change} {word}"


def method(report: Report) -> list[Block]:
    """How the figures are made, and what was read for them."""
    path: Path = (("Sect", "method and glossary"),)
    blocks: list[Block] = [Heading(Words("Method and glossary", TOPIC), "method", 0, path)]
    if all(result.section.name != "data_completeness" for result in report.sections):
        shown = shown_table(report.completeness, report.period.zone)
        blocks.append(Heading(Words("Data completeness", HEADING), "completeness", 1, path))
        blocks.append(_grid(shown, path))
    for term, meaning in report.methods:
        blocks.append(text(Words(term, replace(FINDING, before=5.0, after=1.0)), path, stays_with_next=True))
        blocks.append(text(Words(meaning, BODY), path))
    return blocks


def annex(report: Report) -> list[Block]:
    """The files that hold what paper cannot."""
    path: Path = (("Sect", "annex"),)
    if not report.sections:
        return []
    cells = [_file(result) for result in report.sections] + [("", "")]
    rows = [(*left, *right) for left, right in zip(cells[0:-1:2], cells[1::2], strict=True)]
    table = grid(("File (also .json)", "Rows") * 2, ("text", "count") * 2, rows, (*path, ("Table", "annex")))
    return [Heading(Words("Annex: data files", TOPIC), "annex", 0, path), table]


def _file(result: SectionResult) -> tuple[str, str]:
    rows = "not made" if result.failure is not None else f"{result.table.height:,}"
    return f"tables/{result.section.name}.csv", rows
