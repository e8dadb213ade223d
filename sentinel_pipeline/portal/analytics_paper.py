"""An analysis on paper: its table as a report prints it, with whose it is and of which days it speaks above."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.portal.analytics_question import Answer
from sentinel_pipeline.portal.analytics_sheets import Sheet
from sentinel_pipeline.portal.analytics_window import Days
from sentinel_pipeline.rendering.analysis_paper import Heading, render_analysis
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.values import ShownTable, bare, shown_table, written_figure
from sentinel_pipeline.sections.figures import FIGURES

FIGURE: Final = {figure.id: figure for figure in FIGURES}
# What a table is ranked by: how far the ground behind each row reaches.
RANKED: Final = (
    "incident_count",
    "violation_count",
    "count",
    "energy_kwh",
    "demand_kw",
    "standby_w",
    "data_mb",
    "connections",
    "bytes",
)
MOST_NAMED: Final = 5


def on_paper(told: Answer, sheet: Sheet, days: Days, owner: str) -> bytes:
    """The PDF of an answer. Raises TooLargeError for more rows than paper is good for."""
    table = sheet.table(told)
    heading = Heading(owner, sheet.title, tuple(_lines(told, days, table)))
    if table.columns == ["metric", "value"]:
        return render_analysis(heading, _figures(told))
    return render_analysis(heading, shown_table(table, days.zone), _bars(table))


def _lines(told: Answer, days: Days, table: pl.DataFrame) -> list[str]:
    """Which days, in which zone, how many rows of how many; and what of it nobody could see."""
    last = days.after - timedelta(days=1)
    spoken = f"{days.first:%-d %B %Y}" if days.count == 1 else f"{days.first:%-d %B %Y} to {last:%-d %B %Y}"
    rows = "" if "value" in table.columns else f" · {counted(table.height, 'row')}{_of_all(told, table.height)}"
    unseen = told.get("days_not_seen") or told.get("period", {}).get("days_not_seen") or []
    named = ", ".join(unseen[:MOST_NAMED]) + (" …" if len(unseen) > MOST_NAMED else "")
    return [f"{spoken} · {days.zone.key}{rows}", *([f"Could not be seen: {named}"] if unseen else [])]


def _of_all(told: Answer, rows: int) -> str:
    number = next((value for name, value in told.items() if name.startswith("total_") and isinstance(value, int)), rows)
    return f" of {number:,}" if "limit" in told and number > rows else ""


def _figures(told: Answer) -> ShownTable:
    """Figures with the names and units that reports give them; what is no figure of a report stands as it is."""
    rows = tuple(
        (_label(name), _written(name, value), FIGURE[name].definition if name in FIGURE else "")
        for name, value in told.items()
        if name != "period"
    )
    return ShownTable(("figure", "value", "definition"), ("Figure", "Value", "What it is"), ("text",) * 3, rows)


def _label(name: str) -> str:
    return FIGURE[name].label if name in FIGURE else name.replace("_", " ").capitalize()


def _written(name: str, value: object) -> str:
    if not isinstance(value, int | float | str | None):
        return str(value)
    unit = FIGURE[name].unit if name in FIGURE else ""
    return written_figure(bare(KeyFigure(name, _label(name), unit, value, "")))


def _bars(table: pl.DataFrame) -> tuple[float, ...]:
    name = next((one for one in RANKED if one in table.columns), None)
    if name is None or "timestamp" in table.columns:
        return ()
    values = [float(value or 0) for value in table[name].to_list()]
    return tuple(value / max(values) for value in values) if values and max(values) > 0 else ()
