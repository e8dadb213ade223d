"""Numbers with their nouns, and sizes in bytes, as people read them."""

from __future__ import annotations

# 2^20 bytes are 1 MB, as the systems' own documents count; the other units follow it.
BYTE_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


def counted(number: int, noun: str) -> str:
    """A number with its noun: '1 alert', '1,234 alerts', '3 critical' (adjectives take no s)."""
    adjectives = ("", "critical", "high", "medium", "low", "info", "unknown", "blocked")
    plural = noun if number == 1 or noun in adjectives else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {plural}".strip()


def was_or_were(number: int) -> str:
    return "was" if number == 1 else "were"
