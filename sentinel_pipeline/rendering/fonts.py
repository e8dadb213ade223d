"""The type family of the house: DejaVu Sans, shipped with matplotlib, so the same file on every machine.

What it lacks of a report's characters may be drawn by a supplement, set for as long as that report is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import groupby
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


@dataclass(frozen=True)
class Supplement:
    """A further family: its name to matplotlib, its fonts to ReportLab by ours, its widths in units of the size."""

    family: str
    names: Mapping[str, str]
    advances: Mapping[int, float]


_SUPPLEMENT: ContextVar[Supplement | None] = ContextVar("supplement", default=None)


@contextmanager
def supplemented(supplement: Supplement | None) -> Iterator[None]:
    """While it lasts, what DejaVu lacks and the supplement has is drawn by it."""
    before = _SUPPLEMENT.set(supplement)
    try:
        yield
    finally:
        _SUPPLEMENT.reset(before)


def is_supplemented(character: str) -> bool:
    supplement = _SUPPLEMENT.get()
    return supplement is not None and ord(character) in supplement.advances


def families() -> list[str]:
    """What matplotlib is to look for glyphs in, one after another."""
    supplement = _SUPPLEMENT.get()
    return [FAMILY, *([supplement.family] if supplement else [])]


def advance(character: str, name: str = REGULAR) -> float:
    """Width of a character in units of the size."""
    known = advances(name).get(ord(character))
    if known is not None:
        return known
    supplement = _SUPPLEMENT.get()
    return supplement.advances.get(ord(character), 1.0) if supplement else 1.0


@cache
def _ascii_advances(name: str) -> tuple[float, ...]:
    return tuple(advances(name).get(code, 1.0) for code in range(128))


def width(text: str, size: float, name: str = REGULAR) -> float:
    """Width of a line in points."""
    if text.isascii():
        return size * sum(map(_ascii_advances(name).__getitem__, text.encode()))
    return size * sum(advance(character, name) for character in text)


def inked(text: str, name: str) -> Iterator[tuple[str, str]]:
    """The line as runs, each with the font that draws it."""
    supplement = _SUPPLEMENT.get()
    if supplement is None or text.isascii():
        yield name, text
        return
    for is_further, run in groupby(text, key=is_supplemented):
        yield supplement.names[name] if is_further else name, "".join(run)


@cache
def register() -> None:
    """Makes the family known to ReportLab and its standard font of last resort, which is never embedded, unused."""
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in FILES:
        pdfmetrics.registerFont(TTFont(name, str(font_file(name))))
    rl_config.canvas_basefontname = REGULAR
