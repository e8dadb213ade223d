"""What the document says, in reading order, with the charts it needs."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.rendering.blocks import Heading
from sentinel_pipeline.rendering.chapters import Press, chapters
from sentinel_pipeline.rendering.charts import bound
from sentinel_pipeline.rendering.closing import all_figures, annex, method
from sentinel_pipeline.rendering.opening import opening
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import Block, every


@dataclass(frozen=True)
class Story:
    """Blocks in order, and the charts that go into the room they leave, as pages of one PDF."""

    blocks: tuple[Block, ...]
    charts: tuple[str, ...]
    book: bytes


def story(report: Report) -> Story:
    press = Press(report)
    body = [*chapters(press), *all_figures(report), *method(report), *annex(report)]
    headings = tuple(block for block in every(body) if isinstance(block, Heading))
    return Story((*opening(report, headings), *body), tuple(press.charts), bound(press.charts.values()))
