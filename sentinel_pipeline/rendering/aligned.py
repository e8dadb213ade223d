"""Tables for a terminal: columns aligned, nothing that moves the cursor or turns the direction of the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl
from rich.cells import cell_len

from sentinel_pipeline.rendering.casts import flat
from sentinel_pipeline.rendering.characters import CUT_MARK, printable
from sentinel_pipeline.rendering.quantities import MISSING
from sentinel_pipeline.rendering.spelling import Spelling

WIDEST: Final = 40


def aligned(table: pl.DataFrame, spelling: Spelling) -> Iterator[str]:
    """A line of names, a rule, a line for each row; numbers stand right, long text is cut with a mark."""
    cells = table.select(flat(pl.col(n), d, spelling.zone).cast(pl.String) for n, d in table.schema.items())
    rows = [[MISSING if text is None else _fitting(printable(text)) for text in row] for row in cells.iter_rows()]
    names = [_fitting(printable(name)) for name in table.columns]
    widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    is_right = [dtype.is_numeric() for dtype in table.dtypes]
    yield _line(names, widths, is_right)
    yield "  ".join("─" * wide for wide in widths)
    yield from (_line(row, widths, is_right) for row in rows)


def _line(cells: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> str:
    return "  ".join(_padded(*cell) for cell in zip(cells, widths, is_right, strict=True)).rstrip()


def _padded(text: str, wide: int, is_right: bool) -> str:
    space = " " * (wide - cell_len(text))
    return space + text if is_right else text + space


def _fitting(text: str) -> str:
    if cell_len(text) <= WIDEST:
        return text
    kept = text[: WIDEST - 1]
    while cell_len(kept) > WIDEST - 1:
        kept = kept[:-1]
    return kept + CUT_MARK
