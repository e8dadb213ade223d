"""The strip of key figures on the first page: value, change in arrow and word, and the last values as a line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sentinel_pipeline.rendering.blocks import Whole
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.fonts import BOLD, width
from sentinel_pipeline.rendering.lines import fitted, wrapped
from sentinel_pipeline.rendering.palette import ACCENT, BAD, GOOD, MUTED, RULE, ZEBRA
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.sheets import Sheet
from sentinel_pipeline.rendering.sparklines import strokes
from sentinel_pipeline.rendering.styles import TEXT_WIDTH, Style
from sentinel_pipeline.rendering.tags import Path, artifact
from sentinel_pipeline.rendering.values import change_word, written_change, written_figure

ACROSS = 4
GAP = 7.0
WIDE = (TEXT_WIDTH - (ACROSS - 1) * GAP) / ACROSS
HIGH = 73.0
PAD = 7.0
INNER = WIDE - 2 * PAD
LABEL = Style(7.5, colour=MUTED, leading=1.2)
VALUE = Style(15, BOLD)
SMALLEST_VALUE = 8.5
UNIT = Style(7.5, colour=MUTED)
CHANGE = Style(7.5, BOLD, MUTED)
ARROWS = {"up": "▲", "down": "▼"}


@dataclass(frozen=True)
class Cards(Whole):
    """All cards together; the strip never splits."""

    figures: tuple[KeyFigure, ...]
    path: Path

    @property
    def height(self) -> float:  # type: ignore[override]
        rows = -(-len(self.figures) // ACROSS)
        return rows * HIGH + max(rows - 1, 0) * GAP

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        for n, figure in enumerate(self.figures):
            row, column = divmod(n, ACROSS)
            _card(sheet, figure, x + column * (WIDE + GAP), top - row * (HIGH + GAP), self.path)


def _card(sheet: Sheet, figure: KeyFigure, x: float, top: float, path: Path) -> None:
    with artifact(sheet.canvas):
        sheet.ground(ZEBRA, x, top - HIGH, WIDE, HIGH)
        sheet.ground(ACCENT, x, top - 1.6, WIDE, 1.6)
        _sparkline(sheet, figure, x + PAD, top - HIGH + 4)
    label = wrapped(readable(figure.label), INNER, LABEL.size)
    value, unit = value_and_unit(figure)
    style = replace(VALUE, size=value_size(value))
    value = fitted(value, INNER, style.size, BOLD)
    beside = x + PAD + width(value, style.size, BOLD) + 3
    words, colour = change_words(figure)
    with sheet.tags.mark(sheet.canvas, (*path, ("P", figure.id))):
        sheet.lines([fitted(" ".join(label), INNER, LABEL.size)], LABEL, x + PAD, top - 7)
        sheet.lines([value], style, x + PAD, top - 17 - VALUE.size + style.size)
        if beside + width(unit, UNIT.size) < x + WIDE - 3:
            sheet.lines([unit], UNIT, beside, top - 17 - VALUE.size + UNIT.size)
        change = [fitted(line, INNER, CHANGE.size, BOLD) for line in words]
        sheet.lines(change, replace(CHANGE, colour=colour, leading=1.25), x + PAD, top - 36)


def value_and_unit(figure: KeyFigure) -> tuple[str, str]:
    """The figure as written, and its unit apart, to be set smaller."""
    text, unit = readable(written_figure(figure)), readable(figure.unit)
    if unit and isinstance(figure.value, (int, float)) and text.endswith(f" {unit}"):
        return text.removesuffix(f" {unit}"), unit
    return text, ""


def value_size(value: str) -> float:
    """The largest size in which the value fits its card."""
    natural = width(value, VALUE.size, BOLD)
    return VALUE.size if natural <= INNER else max(SMALLEST_VALUE, VALUE.size * INNER / natural)


def change_words(figure: KeyFigure) -> tuple[list[str], str]:
    """Change and direction in words, and the colour that says whether it is good."""
    word = change_word(figure)
    arrow = ARROWS.get(word.partition(",")[0], "")
    colour = GOOD if "better" in word else BAD if "worse" in word else MUTED
    change = readable(written_change(figure))
    if word in ("unchanged", "not comparable"):
        return [word], colour
    return [change, f"{arrow} {word}".strip()], colour


def _sparkline(sheet: Sheet, figure: KeyFigure, x: float, bottom: float) -> None:
    drawn = strokes(figure.sparkline, INNER, 9)
    sheet.canvas.setLineWidth(0.9)
    sheet.canvas.setStrokeColor(ACCENT)
    if drawn:
        sheet.ground(RULE, x, bottom - 0.8, INNER, 0.4)
    for stroke in drawn:
        path = sheet.canvas.beginPath()
        path.moveTo(x + stroke[0][0], bottom + stroke[0][1])
        for across, up in stroke[1:]:
            path.lineTo(x + across, bottom + up)
        sheet.canvas.drawPath(path, stroke=1, fill=0)
    if drawn:
        sheet.canvas.setFillColor(ACCENT)
        sheet.canvas.circle(x + drawn[-1][-1][0], bottom + drawn[-1][-1][1], 1.4, stroke=0, fill=1)
