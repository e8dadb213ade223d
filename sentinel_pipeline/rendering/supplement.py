"""Glyphs for what DejaVu Sans lacks: Chinese, Japanese and Korean, from Noto Sans CJK.

That font holds 65,535 glyphs with outlines ReportLab does not read. So a TrueType font is made of just the characters a
report holds; the same characters give the same font.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from sentinel_pipeline.rendering.fonts import (
    BOLD,
    LAST_CODE,
    REGULAR,
    Supplement,
    covered,
    is_supplemented,
    supplemented,
)
from sentinel_pipeline.rendering.report import Report

# Noto's order of families in its collection: Japanese, Korean, Simplified Chinese, … The same character can look
# different in each; what looks right to most readers is the third.
FAMILY_NUMBER = 2
WEIGHTS = {REGULAR: 400, BOLD: 700}
UNITS = 1000
# More different ones than a newspaper holds; each costs milliseconds, so that nobody can make a report take minutes.
MOST_CHARACTERS = 3000


@contextmanager
def typeset(characters: Iterable[str]) -> Iterator[None]:
    """While it lasts, those of the characters that Noto Sans CJK has can be drawn; the rest is spelled out as ever."""
    lacking = {ord(character) for character in characters if 0x7F < ord(character) <= LAST_CODE} - covered()
    # Most reports hold none, and need not read sixteen thousand kilobytes of font.
    drawn = sorted(lacking & _cmap().keys())[:MOST_CHARACTERS] if lacking else []
    # Making a font takes longer than drawing a chart: within one for the whole report charts need none of their own.
    if drawn and all(is_supplemented(chr(code)) for code in drawn):
        yield
    else:
        with supplemented(_supplement(tuple(drawn)) if drawn else None):
            yield


def characters_in(report: Report) -> set[str]:
    """All that a document may say: names stand in tables, and the words speak of those."""
    words = (report.organisation, report.headline, *report.narrative, report.completeness_words)
    tables = (report.completeness, *(result.table for result in report.sections))
    return characters_of(*tables).union(*words, *(result.finding for result in report.sections))


def characters_of(*frames: pl.DataFrame) -> set[str]:
    """The different characters in the texts and lists of texts of some tables."""
    found: set[str] = set()
    for frame in frames:
        for column in frame.iter_columns():
            texts = column.explode() if column.dtype == pl.List(pl.String) else column
            if texts.dtype == pl.String:
                found.update("".join(texts.drop_nulls().unique()))
    return found


@cache
def _noto() -> Any:
    from fontTools.ttLib import TTFont

    file = files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    font = TTFont(str(file), fontNumber=FAMILY_NUMBER, lazy=True)
    atexit.register(font.close)
    return font


@cache
def _cmap() -> dict[int, str]:
    return {code: name for code, name in _noto().getBestCmap().items() if code <= LAST_CODE}


@lru_cache(maxsize=8)
def _supplement(codes: tuple[int, ...]) -> Supplement:
    """A regular and a bold font of some characters, known to ReportLab and to matplotlib by a name of their own."""
    from matplotlib.font_manager import fontManager
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    digest = hashlib.sha256(repr(codes).encode()).hexdigest()[:8]
    family = f"Sentinel CJK {digest}"
    names: dict[str, str] = {}
    advances: dict[int, float] = {}
    for name, weight in WEIGHTS.items():
        font, widths = _made(codes, weight, family)
        advances = advances or {code: width / UNITS for code, width in widths.items()}
        names[name] = f"{family}-{name}"
        pdfmetrics.registerFont(TTFont(names[name], BytesIO(font)))
        path = _folder() / f"{digest}-{weight}.ttf"
        path.write_bytes(font)
        fontManager.addfont(path)
    return Supplement(family, names, advances)


@cache
def _folder() -> Path:
    """Where matplotlib, which reads fonts from files only, finds them; removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="sentinel-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _made(codes: tuple[int, ...], weight: int, family: str) -> tuple[bytes, dict[int, float]]:
    """A TrueType font with some characters of a weight, and the width of each."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    noto, cmap = _noto(), _cmap()
    glyphs = noto.getGlyphSet(location={"wght": weight})
    nothing = TTGlyphPen(None).glyph()
    outlines, metrics, widths = {".notdef": nothing}, {".notdef": (UNITS, 0)}, {}
    for code in codes:
        name, glyph = f"u{code:04X}", glyphs[cmap[code]]
        pen = TTGlyphPen(None)
        glyph.draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        outlines[name] = pen.glyph()
        metrics[name], widths[code] = (round(glyph.width), 0), glyph.width
    style = "Bold" if weight > 400 else "Regular"
    made = FontBuilder(UNITS, isTTF=True)
    made.setupHead(unitsPerEm=UNITS, created=0, modified=0, macStyle=int(style == "Bold"))
    made.setupGlyphOrder(list(outlines))
    made.setupCharacterMap({code: f"u{code:04X}" for code in codes})
    made.setupGlyf(outlines)
    left = {name: getattr(made.font["glyf"][name], "xMin", 0) for name in outlines}
    made.setupHorizontalMetrics({name: (width, left[name]) for name, (width, _) in metrics.items()})
    made.setupHorizontalHeader(ascent=noto["hhea"].ascent, descent=noto["hhea"].descent)
    plain = f"{family.replace(' ', '')}-{style}"
    made.setupNameTable({"familyName": family, "styleName": style, "psName": plain, "fullName": f"{family} {style}"})
    made.setupOS2(usWeightClass=weight, fsSelection=0x20 if style == "Bold" else 0x40)
    made.setupPost()
    file = BytesIO()
    made.save(file)
    return file.getvalue(), widths
