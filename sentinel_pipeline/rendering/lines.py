"""Lines of a text: broken at spaces, then at the joints of long names, then anywhere, so that none is too wide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import combining

from sentinel_pipeline.rendering.characters import CUT_MARK, NEW_LINE
from sentinel_pipeline.rendering.fonts import REGULAR, advance, width

WORDS = re.compile(r"[^ ]+ *| +")
# Widths of parts, added up, may miss the width of the whole by a rounding.
HAIR = 0.01
# A joint stays with what stands before it, so that a path reads on in the next line.
JOINTS = re.compile(r"[^/\\_.,:;@&=?|+\-]*[/\\_.,:;@&=?|+\-]+|[^/\\_.,:;@&=?|+\-]+")


def wrapped(text: str, most: float, size: float, name: str = REGULAR) -> list[str]:
    """The text in lines of at most `most` points; at least one line, a new-line mark ends its line."""
    if width(text, size, name) < most - HAIR and NEW_LINE not in text:
        return [text.rstrip(" ")]
    lines: list[str] = []
    for paragraph in re.split(f"(?<={NEW_LINE})", text):
        lines.extend(_filled(_pieces(paragraph, most, size, name), most, size, name))
    return lines or [""]


def fitted(text: str, most: float, size: float, name: str = REGULAR) -> str:
    """The text on one line of at most `most` points, an ellipsis where some is left out."""
    if width(text, size, name) <= most:
        return text
    room = most - width(CUT_MARK, size, name)
    return next(_letters(text, room, size, name), "").rstrip(" ") + CUT_MARK


def _filled(pieces: Iterator[str], most: float, size: float, name: str) -> Iterator[str]:
    line, used = "", 0.0
    for piece in pieces:
        inked = width(piece.rstrip(" "), size, name)
        if line and used + inked > most:
            yield line.rstrip(" ")
            line, used = "", 0.0
        line += piece
        used += width(piece, size, name)
    if line.strip(" "):
        yield line.rstrip(" ")


def _pieces(text: str, most: float, size: float, name: str) -> Iterator[str]:
    """Words; those wider than a line fall into joints, and those again into letters."""
    for word in WORDS.findall(text):
        if width(word.rstrip(" "), size, name) <= most:
            yield word
            continue
        for part in JOINTS.findall(word):
            if width(part.rstrip(" "), size, name) <= most:
                yield part
            else:
                yield from _letters(part, most, size, name)


def _letters(part: str, most: float, size: float, name: str) -> Iterator[str]:
    """Runs of letters that just fit; a combining mark is never parted from its letter."""
    run, used = "", 0.0
    for letter in part:
        wide = size * advance(letter, name)
        if run and used + wide > most and not combining(letter):
            yield run
            run, used = "", 0.0
        run, used = run + letter, used + wide
    if run:
        yield run
