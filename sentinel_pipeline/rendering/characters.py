"""Characters that can be seen: what the document's font does not draw is written as U+XXXX, nothing vanishes.

Text from outside may hold control characters, direction overrides, invisible joiners and scripts no font of ours has. A
reader must be able to tell that they are there, so each is spelled out; only what has a visible glyph stays as it is.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from unicodedata import bidirectional, category, combining

from sentinel_pipeline.rendering.fonts import covered, is_supplemented

NEW_LINE = "↵"
SPACES = " \u00a0\u202f"
# Drawn with no ink although their category is not a format character's.
INKLESS = frozenset([0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)])
HIDDEN_CATEGORIES = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
CUT_MARK = "…"


def readable(text: str) -> str:
    """The text on one line with every character visible: new lines as ↵, what cannot be drawn as ‹U+0E01 U+0E02›."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\n", NEW_LINE)
    runs = groupby(text, key=lambda character: _is_visible(character) or _is_further(character))
    return "".join("".join(run) if visible else spelled("".join(run)) for visible, run in runs)


def printable(text: str) -> str:
    """Like `readable`, but keeps scripts our font lacks: for formats whose reader brings fonts (SVG, HTML)."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\n", NEW_LINE)
    runs = groupby(text, key=lambda character: not _is_hidden(character))
    return "".join("".join(run) if visible else spelled("".join(run)) for visible, run in runs)


def spelled(characters: str) -> str:
    return f"‹{' '.join(f'U+{ord(character):04X}' for character in characters)}›"


def shortened(text: str, most: int) -> str:
    """At most `most` characters, an ellipsis where some are left out; marks stay on their letter."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    while kept and combining(text[len(kept)]):
        kept = kept[:-1]
    return kept.rstrip() + CUT_MARK


def visual(line: str) -> str:
    """One line with its right-to-left runs turned round, for a canvas that only draws from left to right."""
    if line.isascii() or not any(_is_rtl(character) for character in line):
        return line
    return "".join(_turned(run) for run in _runs(line))


@cache
def _is_visible(character: str) -> bool:
    return not _is_hidden(character) and ord(character) in covered()


def _is_further(character: str) -> bool:
    return is_supplemented(character) and not _is_hidden(character)


@cache
def _is_hidden(character: str) -> bool:
    if character in SPACES:
        return False
    kind = category(character)
    return kind in HIDDEN_CATEGORIES or kind == "Zs" or ord(character) in INKLESS


@cache
def _is_rtl(character: str) -> bool:
    return bidirectional(character) in ("R", "AL")


def _runs(line: str) -> list[str]:
    """Pieces of the line that are right-to-left as a whole (spaces and marks inside them included), or not at all."""
    pieces: list[str] = []
    right = False
    for character in line:
        joins = _is_rtl(character) or (right and (character == " " or combining(character) > 0))
        if pieces and joins == right:
            pieces[-1] += character
        else:
            pieces.append(character)
        right = joins
    return pieces


def _turned(run: str) -> str:
    if not _is_rtl(run[0]):
        return run
    body = run.rstrip(" ")
    clusters: list[str] = []
    for character in body:
        if clusters and combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return "".join(reversed(clusters)) + run[len(body) :]
