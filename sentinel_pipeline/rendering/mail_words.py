"""Words that a mail says the same in HTML and in text."""

from __future__ import annotations

from urllib.parse import urlsplit

from sentinel_pipeline.rendering.letter import Enclosure
from sentinel_pipeline.rendering.mail_blocks import Files, Restatements

FIGURES_HEADING, RESTATED_HEADING, FILES_HEADING = "Key figures", "What changed", "Files of this edition"
FIGURE_HEADS = ("Figure", "Value")
RESTATED_HEADS = ("Figure", "Before", "Now")
FILE_HEADS = ("File", "Size", "Where")
LINKED = "open the link"


def where(file: Enclosure) -> str:
    """Where a file is."""
    if file.fate == "attached":
        return "attached"
    if file.fate == "linked":
        return file.link or "linked"
    return f"not attached: {file.reason}" if file.reason else "not attached"


def more_words(block: Restatements | Files) -> str:
    """What is there beside what is listed."""
    where_all = "facts.json" if isinstance(block, Restatements) else "the edition's folder"
    return f"and {block.more:,} more, all in {where_all}"


def is_web_address(address: str) -> bool:
    """Whether an address may be clicked: anything but http and https is only printed."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
