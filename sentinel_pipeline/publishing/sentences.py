"""`words.json`: what an edition says in sentences, so that a mail can say it again from the folder alone."""

from __future__ import annotations

from sentinel_pipeline.publishing.composition import told
from sentinel_pipeline.publishing.states import silent, state_of, unread
from sentinel_pipeline.publishing.words import biggest_change, in_short, open_matters
from sentinel_pipeline.rendering.chart_words import alt_text
from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline.sections.section import Bars, Lines


def sentences(report: Report) -> dict[str, object]:
    """The bottom line, the paragraphs, every section's finding, and the chart that shows most of the period."""
    known = {figure.id for figure in report.key_figures}
    speaks_of = {figure.id: figure.about for figure in FIGURES if figure.id in known}
    shown = leading_chart(report.sections)
    return {
        "title": report.title,
        "state": state_of(report.completeness, report.key_figures),
        "in_short": in_short(report.key_figures, told(report.sections)),
        "headline": report.headline,
        "biggest_change": biggest_change(report.key_figures, report.period),
        "open_matters": open_matters(report.key_figures),
        "completeness": report.completeness_words,
        "unread": unread(report.completeness),
        "silent": silent(report.completeness),
        "leading_chart": None if shown is None else {"section": shown.section.name, "alt": alt_text(shown)},
        "sections": [
            {
                "name": result.section.name,
                "title": result.section.title,
                "topic": result.section.topic,
                "finding": result.finding,
                "is_told": result.section.is_told,
                "is_made": result.failure is None,
                "awaits_before": result.awaits_before,
                "figures": [name for name, about in speaks_of.items() if about == result.section.about],
            }
            for result in report.sections
        ],
    }


def leading_chart(results: tuple[SectionResult, ...]) -> SectionResult | None:
    """The first section over time, else the first ranking, whose chart shows more than zeros."""
    made = [result for result in results if result.is_made and _peak(result) > 0]
    return next((result for kind in (Lines, Bars) for result in made if isinstance(result.section.chart, kind)), None)


def _peak(result: SectionResult) -> float:
    chart, table = result.section.chart, result.table
    columns = chart.values if isinstance(chart, Lines) else (chart.value,) if isinstance(chart, Bars) else ()
    peaks = (table[column].max() for column in columns if column in table.columns and table[column].dtype.is_numeric())
    return max((float(peak) for peak in peaks if isinstance(peak, int | float)), default=0.0)
