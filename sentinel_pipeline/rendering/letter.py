"""What a mail says, before anybody is named who gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fate = Literal["attached", "linked", "held"]


@dataclass(frozen=True)
class Inline:
    """A picture shown inside the mail: its HTML says `cid:<cid>`."""

    cid: str
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """Subject (one line), HTML and equal plain text of a mail; knows nothing of recipients."""

    subject: str
    html: str
    text: str
    inline: tuple[Inline, ...] = ()


@dataclass(frozen=True)
class Enclosure:
    """A file that a mail names: attached, behind `link`, or held back for `reason` (one line)."""

    name: str
    bytes: int
    fate: Fate
    link: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Occasion:
    """What a letter is written about: a published folder, for a subscription.

    `sections` are those the subscriber asked for, none named means all; `link` is where the edition can be looked at,
    empty when nowhere. `before` is the revision that the subscriber already has: the letter is a correction then, and
    tells what changed since. `late` says how late it is, empty when it is on time.
    """

    edition: Path
    subscription: str
    sections: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    link: str = ""
    before: Path | None = None
    late: str = ""
