"""The one type family of the house: DejaVu Sans, shipped with matplotlib, so the same file on every machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FILES = {"Sans": "DejaVuSans.ttf", "Sans-Bold": "DejaVuSans-Bold.ttf"}
REGULAR, BOLD = FILES
FAMILY = "DejaVu Sans"
LAST_CODE = 0xFFFF
# What a browser may use for characters DejaVu lacks; it never changes what matplotlib measures.
FALLBACKS = ("Noto Sans", "Noto Sans CJK SC", "Segoe UI", "Arial Unicode MS", "sans-serif")


def font_file(name: str) -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf" / FILES[name]


@cache
def advances(name: str) -> dict[int, float]:
    """Width of every character the font draws, in units of the font size."""
    from fontTools.ttLib import TTFont

    with TTFont(font_file(name), lazy=True) as font:
        widths, scale = font["hmtx"].metrics, font["head"].unitsPerEm
        return {code: widths[glyph][0] / scale for code, glyph in font.getBestCmap().items()}


@cache
def covered() -> frozenset[int]:
    """Code points that both weights draw; past U+FFFF ReportLab writes them so that no reader finds the text again."""
    return frozenset(code for code in advances(REGULAR).keys() & advances(BOLD).keys() if code <= LAST_CODE)


def width(text: str, size: float, name: str = REGULAR) -> float:
    """Width of a line in points."""
    table = advances(name)
    return size * sum(table.get(ord(character), 1.0) for character in text)


@cache
def register() -> None:
    """Makes the family known to ReportLab and its standard font of last resort, which is never embedded, unused."""
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in FILES:
        pdfmetrics.registerFont(TTFont(name, str(font_file(name))))
    rl_config.canvas_basefontname = REGULAR
