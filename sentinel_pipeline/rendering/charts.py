"""Charts: a section's table drawn as SVG, PNG or PDF; the title states the finding, no pixel depends on the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.rendering.characters import printable, readable
from sentinel_pipeline.rendering.chart_files import SAVERS, Form, png, saved_pages
from sentinel_pipeline.rendering.chart_times import offsets
from sentinel_pipeline.rendering.chart_words import alt_text
from sentinel_pipeline.rendering.fonts import BOLD, families
from sentinel_pipeline.rendering.frames import INCH, LABEL, Frame
from sentinel_pipeline.rendering.lines import fitted, wrapped
from sentinel_pipeline.rendering.palette import INK, MUTED
from sentinel_pipeline.rendering.plot_bars import bars_plot
from sentinel_pipeline.rendering.plot_heat_map import heat_map_plot
from sentinel_pipeline.rendering.plot_lines import lines_plot
from sentinel_pipeline.rendering.plots import Clean, Plot
from sentinel_pipeline.rendering.report import SectionResult
from sentinel_pipeline.rendering.supplement import characters_of, typeset
from sentinel_pipeline.sections.section import Bars, HeatMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Form", "PageChart", "alt_text", "bound", "draw", "page_chart", "preview"]

WIDTH = 6.85  # inches: the width of the text on an A4 page
# A mail shows 592 pixels of it, a phone 342; twice as many are drawn.
NARROW, PREVIEW_DOTS = 4.6, 256
TITLE, SUBTITLE, FOOTER = 10.0, 8.0, 7.0
MOST_TITLE_LINES = 4
MEASURE_ROOM = 0.2  # inches above a plot
LEADING = 1.3
SETTINGS: dict[str, Any] = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "sentinel-pipeline",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "hatch.linewidth": 0.6,
    "axes.formatter.use_locale": False,
    "text.usetex": False,
    "text.hinting": "none",
    "path.simplify": True,
}

FILE_FORMS: tuple[Form, ...] = ("svg", "png")


def draw(result: SectionResult, period: Period, form: Form, *, alone: bool = True) -> bytes | None:
    """The section's chart in one file form; None for a section without a chart or without a table.

    `alone` says finding and source in the picture; a page that says them itself leaves them out.
    """
    if result.section.chart is None or not result.is_made:
        return None
    clean = printable if form == "svg" else readable
    with typeset(_characters(result)), _house_style():
        plot = _plot(result, period, clean, WIDTH)
        figure = _framed(plot, result, period, clean) if alone else PageChart(plot, result, period, WIDTH).drawn()
        return SAVERS[form](figure, clean(result.finding), alt_text(result))


def draw_files(result: SectionResult, period: Period) -> dict[Form, bytes]:
    """The section's chart as `draw` gives it in SVG and PNG; built once where both say the same characters."""
    if result.section.chart is None or not result.is_made:
        return {}
    differing: list[str] = []

    def clean(text: str) -> str:
        shown = printable(text)
        if shown != readable(text):
            differing.append(text)
        return shown

    with typeset(_characters(result)), _house_style():
        figure = _framed(_plot(result, period, clean, WIDTH), result, period, clean)
        words = alt_text(result)
        if not differing:
            return {form: SAVERS[form](figure, clean(result.finding), words) for form in FILE_FORMS}
    drawn = {form: draw(result, period, form) for form in FILE_FORMS}
    return {form: file for form, file in drawn.items() if file is not None}


@dataclass(frozen=True)
class PageChart:
    """A chart for a page that says finding and source itself, `wide` inches; `bound` draws it."""

    plot: Plot
    result: SectionResult
    period: Period
    wide: float

    @property
    def high(self) -> float:
        """Inches."""
        return MEASURE_ROOM + self.plot.top + self.plot.height + self.plot.bottom

    def drawn(self) -> Figure:
        """The plot with its measure above it."""
        figure = _figure(self.plot, self.wide, above=MEASURE_ROOM, below=0.0)
        zone = [] if isinstance(self.result.section.chart, Bars) else [offsets(self.period)]
        words = " · ".join([self.plot.measure, *zone, self.plot.counted])
        _write(figure, 0, fitted(words, self.wide * INCH - 4, LABEL), LABEL, MUTED)
        return figure


def page_chart(result: SectionResult, period: Period, wide: float = WIDTH) -> PageChart | None:
    """The section's chart for a page; None for a section without a chart or without a table."""
    if result.section.chart is None or not result.is_made:
        return None
    return PageChart(_plot(result, period, readable, wide), result, period, wide)


def preview(result: SectionResult, period: Period) -> bytes | None:
    """A PNG for a mail that says the finding itself: narrow, so that a phone shows its words in a size to read."""
    with typeset(_characters(result)), _house_style():
        chart = page_chart(result, period, NARROW)
        if chart is None:
            return None
        return png(chart.drawn(), readable(result.finding), alt_text(result), PREVIEW_DOTS)


def _characters(result: SectionResult) -> set[str]:
    return characters_of(result.table) | set(result.finding)


def bound(charts: Iterable[PageChart]) -> bytes:
    """Charts as the pages of one PDF: they share their fonts, which costs most of the time and room."""
    with _house_style():
        return saved_pages(one.drawn() for one in charts)


def _plot(result: SectionResult, period: Period, clean: Clean, wide: float) -> Plot:
    chart, table = result.section.chart, result.table
    if isinstance(chart, Bars):
        return bars_plot(chart, table, result.section.shown, period.zone, clean, wide * INCH)
    if isinstance(chart, HeatMap):
        return heat_map_plot(chart, table, period.zone, clean)
    assert chart is not None  # noqa: S101 - `draw` has looked
    return lines_plot(chart, table, period, clean, wide * INCH)


def _framed(plot: Plot, result: SectionResult, period: Period, clean: Clean) -> Figure:
    """The plot under its finding, measure and zone, over its source and n: a picture that can stand alone."""
    title = wrapped(clean(result.finding), (WIDTH - 0.1) * INCH, TITLE, BOLD)
    if len(title) > MOST_TITLE_LINES:
        title = [*title[: MOST_TITLE_LINES - 1], title[MOST_TITLE_LINES - 1] + " …"]
    head = len(title) * TITLE * LEADING / INCH
    figure = _figure(plot, WIDTH, above=head + 0.28, below=0.22)
    for n, line in enumerate(title):
        _write(figure, n * TITLE * LEADING / INCH, line, TITLE, INK, bold=True)
    _write(figure, head + 0.03, f"{plot.measure} · {period.words} · {offsets(period)}", SUBTITLE, MUTED)
    source = " · ".join(filter(None, [f"Source: tables/{result.section.name}.csv", plot.counted, plot.part]))
    _write(figure, figure.get_figheight() - 0.15, source, FOOTER, MUTED)
    return figure


def _figure(plot: Plot, wide: float, above: float, below: float) -> Figure:
    from matplotlib.figure import Figure

    height = above + plot.top + plot.height + plot.bottom + below
    figure = Figure(figsize=(wide, height), facecolor="white")
    plot.paint(Frame(figure, plot.left, below + plot.bottom, wide - plot.left - plot.right, plot.height))
    return figure


def _write(figure: Figure, down: float, text: str, size: float, colour: str, *, bold: bool = False) -> None:
    """One line at the left edge, its top `down` inches below the figure's."""
    place = 1 - (down + 0.02) / figure.get_figheight()
    figure.text(0.0, place, text, fontsize=size, color=colour, va="top", fontweight="bold" if bold else "normal")


@contextmanager
def _house_style() -> Iterator[None]:
    """Our settings over matplotlib's own defaults, whatever a person's matplotlibrc says."""
    import matplotlib

    keep = ("backend", "backend_fallback", "interactive", "toolbar", "timezone")
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key not in keep}
    settings: Any = {**defaults, **SETTINGS, "font.family": families()}
    with matplotlib.rc_context(settings):
        yield
