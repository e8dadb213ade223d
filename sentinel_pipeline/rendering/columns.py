"""Narrow pieces in two columns, read down the left one first; a page is filled before the next one is begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sentinel_pipeline.rendering.blocks import Whole
from sentinel_pipeline.rendering.pictures import Beside, Column
from sentinel_pipeline.rendering.sheets import Block, Sheet


@dataclass(frozen=True)
class Columns(Whole):
    """Pieces of half the width, `offset` from one column to the other; each is a section, its table at its end."""

    pieces: tuple[Column, ...]
    offset: float
    before: float = 4.0
    after: float = 4.0

    @property
    def inside(self) -> tuple[Block, ...]:  # type: ignore[override]
        return self.pieces

    @cached_property
    def _balanced(self) -> Beside:
        """All of them, parted where the longer column is shortest."""
        cuts = range(1, max(len(self.pieces), 1) + 1)
        halves = [Beside(_stack(self.pieces[:n]), _stack(self.pieces[n:]), self.offset) for n in cuts]
        return min(halves, key=lambda both: both.height)

    @property
    def height(self) -> float:  # type: ignore[override]
        return self._balanced.height

    @property
    def least(self) -> float:
        return max((piece.least for piece in self.pieces[:2]), default=0.0)

    def split(self, room: float) -> tuple[Block, Block] | None:  # type: ignore[override]
        left, rest = _filled(self.pieces, room)
        right, rest = _filled(rest, room)
        if not left.inside:
            return None
        return Beside(left, right, self.offset), Columns(rest, self.offset)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        self._balanced.draw(sheet, x, top)


def _stack(pieces: Sequence[Column]) -> Column:
    return Column(inside=tuple(block for piece in pieces for block in piece.inside))


def _filled(pieces: tuple[Column, ...], room: float) -> tuple[Column, tuple[Column, ...]]:
    """A column of as many pieces as have room, the last one as far as it has; and what is left of them."""
    taken: list[Column] = []
    for n, piece in enumerate(pieces):
        whole = _stack([*taken, piece])
        if whole.height <= room:
            taken.append(piece)
            continue
        parts = piece.split(room - whole.height + piece.height)
        if parts is None:
            return _stack(taken), pieces[n:]
        first, rest = (Column(inside=part.inside) for part in parts)
        return _stack([*taken, first]), (rest, *pieces[n + 1 :])
    return _stack(taken), ()
