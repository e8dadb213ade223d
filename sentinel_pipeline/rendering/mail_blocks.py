"""What a mail is made of, before HTML or text: blocks in reading order, so that both say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentinel_pipeline.rendering.letter import Enclosure, Inline

Verdict = Literal["better", "worse", "neutral"]


@dataclass(frozen=True)
class Lead:
    """The bottom line."""

    text: str


@dataclass(frozen=True)
class Paragraphs:
    """Sentences under a heading (none: straight on); with several each is a point of its own."""

    lines: tuple[str, ...]
    heading: str = ""


@dataclass(frozen=True)
class Box:
    """Something set apart; `look` is one of palette.LOOKS and is said by a glyph too."""

    look: str
    head: str
    lines: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A figure as it is read: label, value with unit, its change in words."""

    label: str
    value: str
    change: str
    verdict: Verdict = "neutral"


@dataclass(frozen=True)
class Readings:
    """Key figures; `compared` says with what."""

    rows: tuple[Reading, ...]
    compared: str


@dataclass(frozen=True)
class Restatement:
    """A figure that was told otherwise before, and why it changed."""

    label: str
    before: str
    after: str
    why: str


@dataclass(frozen=True)
class Restatements:
    """What a correction changes; `more` figures are not listed."""

    rows: tuple[Restatement, ...]
    more: int = 0


@dataclass(frozen=True)
class Picture:
    """The picture of the mail that has this cid; `title` is what it shows where it does not say so itself."""

    cid: str
    title: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Files:
    """The files that belong to the mail and where each is; `more` are not listed."""

    files: tuple[Enclosure, ...]
    more: int = 0


@dataclass(frozen=True)
class Action:
    """One thing to click."""

    label: str
    address: str


Block = Lead | Paragraphs | Box | Readings | Restatements | Picture | Files | Action


@dataclass(frozen=True)
class Mail:
    """A whole mail; `preheader` is what an inbox shows beside the subject, `lines` stand under the title."""

    subject: str
    preheader: str
    owner: str
    title: str
    lines: tuple[str, ...]
    blocks: tuple[Block, ...]
    footer: tuple[str, ...]
    inline: tuple[Inline, ...] = ()
