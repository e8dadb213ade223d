"""The chapters of the document: sections by topic, as densely as they are read with ease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.blocks import Heading, Panel, Words, text
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.charts import PageChart, alt_text, page_chart
from sentinel_pipeline.rendering.columns import Columns
from sentinel_pipeline.rendering.frames import INCH
from sentinel_pipeline.rendering.grids import grid, least_width, natural_width, table_grid
from sentinel_pipeline.rendering.palette import BAD, LOOKS
from sentinel_pipeline.rendering.parts import by_topic
from sentinel_pipeline.rendering.pictures import Beside, Column, Picture
from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline.rendering.sheets import Block
from sentinel_pipeline.rendering.styles import ALARM, FINDING, HEADING, NOTE, TEXT_WIDTH, TOPIC
from sentinel_pipeline.rendering.tags import Path
from sentinel_pipeline.rendering.values import ShownTable, shown_rows
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines

# More rows of one section than this are for its file, not for paper; rankings in a daily report are shorter still.
MOST_ROWS = 200
DAILY_ROWS = 5
TABLE_BESIDE = TEXT_WIDTH * 0.54, TEXT_WIDTH * 0.66  # least and most
BETWEEN = 8.0
HALF = (TEXT_WIDTH - 16.0) / 2
MOST_BESIDE = 20
MOST_WRAPPED = 1.5  # how much higher a table may be in half the width
QUIET = ("Also looked at", "Found")
DEFINITION = replace(NOTE, size=7.0, before=0.0, after=1.5)


@dataclass(frozen=True)
class Press:
    """What sections are printed with: the report they belong to, and the charts drawn so far, by section."""

    report: Report
    charts: dict[str, PageChart] = field(default_factory=dict)

    def chart(self, result: SectionResult, wide: float, path: Path) -> Picture | None:
        made = page_chart(result, self.report.period, wide / INCH)
        if made is None:
            return None
        self.charts[result.section.name] = made
        return Picture(result.section.name, wide, INCH * made.high, alt_text(result), path)


def chapters(press: Press) -> list[Block]:
    """Sections in their order, each topic under its own title; those without rows are lines of a table at its end."""
    blocks: list[Block] = []
    for topic, results in groupby(by_topic(press.report.sections), key=lambda result: result.section.topic):
        path: Path = (("Sect", topic),)
        blocks.append(Heading(Words(topic.capitalize(), TOPIC), f"topic {topic}", 0, path))
        members = list(results)
        shown = [_on_paper(result, press.report) for result in members if not is_quiet(result)]
        for together in _abreast(shown, press.report):
            blocks += _columns(press, together, path) if together[1:] else _section(press, together[0], path)
        blocks += _quiet([result for result in members if is_quiet(result)], path)
    return blocks


def is_quiet(result: SectionResult) -> bool:
    """Whether a section has no more to say than its finding."""
    return result.failure is None and result.table.is_empty()


def _quiet(results: list[SectionResult], topic: Path) -> list[Block]:
    rows = [(result.section.title, result.finding) for result in results]
    path = (*topic, ("Sect", "quiet"), ("Table", "rows"))
    return [grid(QUIET, ("text", "text"), rows, path)] if rows else []


def _abreast(results: list[SectionResult], report: Report) -> Iterator[list[SectionResult]]:
    """Sections one by one, but those together that follow one another and have room in half the width."""
    for narrow, members in groupby(results, key=lambda result: is_narrow(result, report)):
        together = list(members)
        yield from [together] if narrow else ([result] for result in together)


def is_narrow(result: SectionResult, report: Report) -> bool:
    """Whether half the width holds a section: a chart over time, a short table that hardly has to wrap."""
    section = result.section
    if result.failure is not None or isinstance(section.chart, HeatMap):
        return False
    shown = shown_rows(result, report.period.zone)
    if len(shown.rows) == shown.closing:
        return isinstance(section.chart, Lines)
    if isinstance(section.chart, Lines) or len(shown.rows) > MOST_BESIDE:
        return False
    cells = [tuple(map(readable, row)) for row in shown.rows]
    is_whole = least_width(shown.labels, shown.kinds, cells) <= HALF
    return is_whole and table_grid(shown, (), HALF).height <= MOST_WRAPPED * table_grid(shown, ()).height


def _columns(press: Press, results: list[SectionResult], topic: Path) -> list[Block]:
    pieces = (Column(inside=tuple(_narrow(press, result, _path(topic, result)))) for result in results)
    return [Columns(tuple(pieces), TEXT_WIDTH - HALF)]


def _narrow(press: Press, result: SectionResult, path: Path) -> list[Block]:
    """A section in half the width; of a rank the bars are behind the rows of its table."""
    shown = shown_rows(result, press.report.period.zone)
    if len(shown.rows) == shown.closing:
        return _charted(press, result, path, HALF)
    return [*_head(result, path, HALF), table_grid(shown, path, HALF, _bars(result, len(shown.rows) - shown.closing))]


def _bars(result: SectionResult, rows: int) -> tuple[float, ...]:
    """How far each of the first rows reaches, of the largest."""
    chart = result.section.chart
    if not isinstance(chart, Bars):
        return ()
    values = [max(float(value or 0), 0.0) for value in result.table[chart.value].head(rows)]
    largest = max(values, default=0.0)
    return tuple(value / largest for value in values) if largest else ()


def _path(topic: Path, result: SectionResult) -> Path:
    return (*topic, ("Sect", result.section.name))


def _charted(press: Press, result: SectionResult, path: Path, wide: float) -> list[Block]:
    """A section whose rows are left to its file; where there is room beside its words, its chart over time is there."""
    if wide > HALF and isinstance(result.section.chart, Lines):
        words = Column(inside=(*_head(result, path, HALF), text(Words(_where(result), NOTE), path, wide=HALF)))
        drawn = press.chart(result, HALF, path)
        return [Beside(words, drawn, TEXT_WIDTH - HALF) if drawn else words]
    chart = press.chart(result, wide, path)
    where = text(Words(_where(result), NOTE), path, wide=wide)
    return [*_head(result, path, wide), *([replace(chart, stays_with_next=True)] if chart else []), where]


def _section(press: Press, result: SectionResult, topic: Path) -> list[Block]:
    path = _path(topic, result)
    if result.failure is not None:
        return [_heading(result, path), _failure(result.failure, path)]
    return _laid_out(press, result, path)


def _heading(result: SectionResult, path: Path, wide: float = TEXT_WIDTH) -> Heading:
    return Heading(Words(result.section.title, HEADING), f"section {result.section.name}", 1, path, wide)


def _head(result: SectionResult, path: Path, wide: float = TEXT_WIDTH) -> list[Block]:
    """Title, finding and definition."""
    blocks: list[Block] = [_heading(result, path, wide)]
    blocks.append(text(Words(result.finding, FINDING), path, stays_with_next=True, wide=wide))
    definition = " ".join(result.section.description.split())
    if definition:
        blocks.append(text(Words(definition, DEFINITION), path, stays_with_next=True, wide=wide))
    return blocks


def _failure(reason: str, path: Path) -> Panel:
    look = LOOKS["failure"]
    words = (
        Words(f"{look.glyph} This section could not be made", replace(FINDING, colour=BAD)),
        Words(reason, ALARM),
    )
    return Panel(words, look.fill, look.ink, path)


def _laid_out(press: Press, result: SectionResult, path: Path) -> list[Block]:
    """Words, chart and table: next to each other where both are small, else one below the other."""
    head = _head(result, path)
    shown = shown_rows(result, press.report.period.zone)
    has_rows = len(shown.rows) > shown.closing
    if has_rows and isinstance(result.section.chart, Bars) and len(shown.rows) <= MOST_BESIDE:
        beside = _beside(press, result, shown, path)
        if beside:
            return beside
    if not has_rows:
        return _charted(press, result, path, TEXT_WIDTH)
    if isinstance(result.section.chart, Bars):
        return [*head, table_grid(shown, path, bars=_bars(result, len(shown.rows) - shown.closing))]
    chart = press.chart(result, TEXT_WIDTH, path)
    if chart:
        return [*head, chart, table_grid(shown, path)]
    return _worded(result, shown, path) or [*head, table_grid(shown, path)]


def _worded(result: SectionResult, shown: ShownTable, path: Path) -> list[Block]:
    """A narrow table beside its words; nothing for one that is wide or long."""
    cells = [tuple(map(readable, row)) for row in shown.rows]
    wide = TABLE_BESIDE[1]
    if natural_width(shown.labels, shown.kinds, cells) > wide or len(shown.rows) > MOST_BESIDE:
        return []
    words = Column(inside=tuple(_head(result, path, TEXT_WIDTH - wide - BETWEEN)))
    return [Beside(words, table_grid(shown, path, wide), TEXT_WIDTH - wide)]


def _beside(press: Press, result: SectionResult, shown: ShownTable, path: Path) -> list[Block]:
    """A small chart next to its table, under its words or below them, whichever is lower.

    Nothing where that breaks words of the table, or is higher than a table of the whole width.
    """
    cells = [tuple(map(readable, row)) for row in shown.rows]
    wide = min(max(natural_width(shown.labels, shown.kinds, cells), TABLE_BESIDE[0]), TABLE_BESIDE[1])
    if least_width(shown.labels, shown.kinds, cells) > wide:
        return []
    left = TEXT_WIDTH - wide - BETWEEN
    chart, table = press.chart(result, left, path), table_grid(shown, path, wide)
    if chart is None:
        return []
    head = _head(result, path)
    plain: list[Block] = [*head, Beside(chart, table, TEXT_WIDTH - wide)]
    under: list[Block] = [Beside(Column(inside=(*_head(result, path, left), chart)), table, TEXT_WIDTH - wide)]
    lower = min(under, plain, key=_height)
    if _height(lower) <= _height([*head, table_grid(shown, path)]):
        return lower
    del press.charts[result.section.name]
    return []


def _height(blocks: list[Block]) -> float:
    return Column(inside=tuple(blocks)).height


def _where(result: SectionResult) -> str:
    """For a table that is wholly left to its file."""
    rows = counted(result.table.height, "row")
    return f"{'The' if result.table.height == 1 else 'All'} {rows}: tables/{result.section.name}.csv"


def _on_paper(result: SectionResult, report: Report) -> SectionResult:
    """The result with a limit on its rows: a ranking in a daily report is short, and no table becomes a book."""
    section = result.section
    if section.shown == 0:
        return result
    most = DAILY_ROWS if report.period.is_day and section.shown else MOST_ROWS
    most = min(most, section.shown or most)
    # A sixth row takes no more room than the line that says one is left out.
    return result if result.table.height <= most + 1 else replace(result, section=replace(section, shown=most))
