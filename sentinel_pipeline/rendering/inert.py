"""Text that a spreadsheet must not run: a cell that would start a formula gets an apostrophe in front."""

from __future__ import annotations

import polars as pl

# Some importers trim a cell before they look at it, so what cannot be seen does not hide a formula's first character.
UNSEEN = r"[\s\x00-\x1f\x7f\u{ad}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}\u{feff}]"
FORMULA = rf"^(?:[=+\-@\t\r\n＝＋－＠]|{UNSEEN}+[=+\-@＝＋－＠])"
NUL_PICTURE = "␀"


def inert(text: pl.Expr) -> pl.Expr:
    """Text that opens as text: a formula gets an apostrophe, NUL (which ends a cell in many readers) its picture."""
    harmless = text.str.replace(FORMULA, "'$0").str.replace_all("\0", NUL_PICTURE, literal=True)
    return pl.when(text.str.contains(rf"{FORMULA}|\x00")).then(harmless).otherwise(text)
