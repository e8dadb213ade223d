"""Colours of the house: a severity ramp that survives grey print, series colours, and the greys of a page.

A colour never says anything alone: severities also carry a glyph, a word and a hatch, changes an arrow and a word.
"""

from __future__ import annotations

from dataclasses import dataclass

INK = "#1B2733"
MUTED = "#5A6672"
RULE = "#C9D0D6"
ZEBRA = "#F4F6F8"
HEADER = "#E6EBEF"
PAPER = "#FFFFFF"
BAR = "#D2E5EF"  # behind text
ACCENT = "#0B4F6C"

GOOD = "#0B6B4D"
BAD = "#9A1B2F"

# Okabe-Ito; amber instead of the yellow that vanishes on white.
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F5C710", "#000000")


@dataclass(frozen=True)
class Swatch:
    """How one level looks: fill, text on it, glyph before the word, hatch in bars."""

    fill: str
    ink: str
    glyph: str
    hatch: str


SEVERITIES = {
    "critical": Swatch("#5C0A1E", "#FFFFFF", "▲", ""),
    "high": Swatch("#B8420F", "#FFFFFF", "◆", "//"),
    "medium": Swatch("#E8A21A", "#000000", "■", ""),
    "low": Swatch("#8CC8EE", "#000000", "●", ".."),
    "info": Swatch("#D5D9DE", "#000000", "○", ""),
    "unknown": Swatch("#D5D9DE", "#000000", "?", "xx"),
}

# What a completeness status means to a reader: nothing to see, look at it, do not trust the figures, not of this place.
LOOKS = {
    "ok": Swatch("#E3F1EA", "#0B6B4D", "✓", ""),
    "attention": Swatch("#FFF3D6", "#5E4300", "!", ""),
    "failure": Swatch("#FBE4E6", "#8A1426", "✗", ""),
    "neutral": Swatch("#E6EBEF", "#3D4852", "·", ""),
}
STATUSES = {"received": "ok", "no events": "ok", "partial": "attention", "not in source": "neutral"}


def swatch(level: object) -> Swatch:
    """The look of a severity; what is no known level looks unknown."""
    return SEVERITIES.get(str(level).lower(), SEVERITIES["unknown"])


def status_look(status: str) -> str:
    """Which of LOOKS a completeness status has; one that nobody declared good looks like a failure."""
    return STATUSES.get(status, "failure")


def series_colour(position: int) -> str:
    return SERIES[position % len(SERIES)]
