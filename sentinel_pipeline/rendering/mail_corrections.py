"""What a later revision tells otherwise than the one people have, and the mail that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.characters import shortened
from sentinel_pipeline.rendering.edition_folder import Told
from sentinel_pipeline.rendering.letter import Occasion
from sentinel_pipeline.rendering.mail_blocks import Block, Box, Lead, Paragraphs, Restatement, Restatements
from sentinel_pipeline.rendering.mail_edition import LONGEST_CELL, LONGEST_LINE, closing_blocks, seen_box
from sentinel_pipeline.rendering.restating import Restated, restated
from sentinel_pipeline.sections.findings import listed

MOST_RESTATED = 15


@dataclass(frozen=True)
class Correction:
    """Two revisions of one edition and the figures they tell differently."""

    before: Told
    now: Told
    restated: tuple[Restatement, ...]

    @property
    def in_short(self) -> str:
        """For the subject: the first figure that changed, and how many more."""
        if not self.restated:
            return "no figure changed"
        first = self.restated[0]
        more = f", and {counted(len(self.restated) - 1, 'more figure')}" if self.restated[1:] else ""
        return f"{first.label} {first.after} (was {first.before}){more}"

    @property
    def headline(self) -> str:
        if not self.restated:
            return "The files were made again; every figure is what it was."
        number = counted(len(self.restated), "figure")
        return f"{number} of this report changed since r{self.before.revision}. Please use r{self.now.revision}."


def corrected(before: Told, now: Told) -> Correction:
    """Compares two revisions, figure by figure, in reading order."""
    found = restated(before.figures, now.figures, before.completeness, now.completeness)
    return Correction(before, now, tuple(_restatement(one) for one in found))


def correction_blocks(changes: Correction, occasion: Occasion) -> tuple[Block, ...]:
    return (*_told(changes), *closing_blocks(occasion))


def _told(changes: Correction) -> Iterator[Block]:
    before, now = changes.before, changes.now
    yield Lead(changes.headline)
    arrived = [name for name in before.unread if name not in now.unread]
    if arrived:
        names = shortened(listed(arrived), LONGEST_CELL)
        yield Box("ok", f"{names} could be read now", (f"r{before.revision} was made without.",))
    shown, more = changes.restated[:MOST_RESTATED], max(len(changes.restated) - MOST_RESTATED, 0)
    reasons = {one.why for one in shown}
    if len(shown) > 1 and len(reasons) == 1:  # said once, not in every line
        yield Restatements(tuple(replace(one, why="") for one in shown), more)
        yield Paragraphs((shown[0].why,), "Why")
    elif shown:
        yield Restatements(shown, more)
    lines = (
        f"The bottom line is now: {shortened(now.headline, LONGEST_LINE)}",
        f"r{before.revision} (manifest {before.short_hash}) stays as it was sent;"
        f" r{now.revision} (manifest {now.short_hash}) takes its place.",
    )
    yield Paragraphs(lines, "What holds now")
    yield seen_box(now)


def _restatement(one: Restated) -> Restatement:
    label, before, after = (shortened(said, LONGEST_CELL) for said in (one.now.label, one.before, one.after))
    return Restatement(label, before, after, shortened(one.why, LONGEST_LINE))
