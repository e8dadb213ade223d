"""The mail about a file that a schedule has made: what it is, and the link that opens it for its recipient alone."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.characters import printable, shortened
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.mail import LONGEST_SUBJECT, written
from sentinel_pipeline.rendering.mail_blocks import Action, Box, Lead, Mail
from sentinel_pipeline.rendering.quantities import quantity

LONGEST_NAME = 200


@dataclass(frozen=True)
class MadeExport:
    """A file: what its schedule is called, how large it is, until when (in words) which link opens it."""

    owner: str
    name: str
    subject: str
    file: str
    rows: int
    bytes: int
    until: str
    link: str


def export_mail(made: MadeExport) -> Letter:
    """One mail for one recipient: the link is theirs alone."""
    name = shortened(made.name, LONGEST_NAME)
    held = f"{made.file}: {counted(made.rows, 'row')}, {quantity(made.bytes, 'bytes')}"
    return written(
        Mail(
            subject=shortened(printable(made.subject), LONGEST_SUBJECT),
            preheader=held,
            owner=made.owner,
            title=f"{name}: an export from Sentinel Pipeline",
            lines=(),
            blocks=(
                Lead(f"{name} is ready."),
                Box("ok", held, points=(f"The link is yours alone and ends {made.until}.",)),
                Action("Download the file", made.link),
            ),
            footer=("You get this mail as one of the recipients of a scheduled export.",),
        )
    )
