"""What follows the chapters: all figures, the method, and where the data is."""

from __future__ import annotations

from dataclasses import replace

from sentinel_pipeline.rendering.blocks import Heading, Words, text
from sentinel_pipeline.rendering.grids import table_grid
from sentinel_pipeline.rendering.parts import (
    ANNEX,
    COMPLETENESS,
    FIGURES,
    METHOD,
    annex_table,
    changes_table,
    has_completeness_section,
    methods_table,
)
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import Block
from sentinel_pipeline.rendering.styles import FINDING, HEADING, NOTE, TOPIC
from sentinel_pipeline.rendering.tags import Path
from sentinel_pipeline.rendering.values import shown_table

FILES_ACROSS = 3
FIGURES_ACROSS = 2
COUNTED = "What they count"
TERMS_TOGETHER, BETWEEN_TERMS = 8, "  ·  "
TERM = replace(NOTE, size=7.0, before=0.0)


def all_figures(report: Report) -> list[Block]:
    """Every key figure with its change, and what exactly it counts."""
    if not report.key_figures:
        return []
    path: Path = (("Sect", "figures"),)
    told = [f"{one.label}: {one.definition}" for one in report.key_figures]
    parts = (told[start : start + TERMS_TOGETHER] for start in range(0, len(told), TERMS_TOGETHER))
    return [
        Heading(Words(FIGURES, TOPIC), "figures", 0, path),
        table_grid(changes_table(report.key_figures, FIGURES_ACROSS), path),
        text(Words(COUNTED, FINDING), path, stays_with_next=True),
        *(text(Words(BETWEEN_TERMS.join(part), TERM), path) for part in parts),
    ]


def method(report: Report) -> list[Block]:
    """How the figures are made, and what was read for them."""
    path: Path = (("Sect", "method and glossary"),)
    blocks: list[Block] = [Heading(Words(METHOD, TOPIC), "method", 0, path)]
    if not has_completeness_section(report):
        blocks.append(Heading(Words(COMPLETENESS, HEADING), "completeness", 1, path))
        blocks.append(table_grid(shown_table(report.completeness, report.period.zone), path))
    return [*blocks, table_grid(methods_table(report), (*path, ("Sect", "terms")))]


def annex(report: Report) -> list[Block]:
    """The files that hold what paper cannot."""
    path: Path = (("Sect", "annex"),)
    if not report.sections:
        return []
    return [Heading(Words(ANNEX, TOPIC), "annex", 0, path), table_grid(annex_table(report, FILES_ACROSS), path)]
