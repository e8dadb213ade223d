"""Which texts may mention what a redaction looks for: told for whole columns at once, so that few have to be read.

Reading a text in search of every spelling of an address and of every name takes as long as a thousand comparisons.
What is asked here is coarser and never too strict: a text of which nothing is told holds nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from sentinel_pipeline.domain.redaction import Redaction

# IPv6 has two colons in a row, or six with a group before each.
ADDRESSES: Final = "|".join(
    (
        r"[0-9][.\-_][0-9]{1,3}[.\-_][0-9]{1,3}[.\-_][0-9]",
        r"[0-9A-Fa-f]{2}(?:[:.\-_][0-9A-Fa-f]{2}){5}",
        r"[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}",
        r"::",
        r"(?:[0-9A-Fa-f]{1,4}:){6}",
        r"(?i:\.ip6\.arpa)",
    )
)
# Letters beyond ASCII have cases and compositions of their own, and behind a backslash anything may be spelled.
UNCLEAR: Final = r"[^\x00-\x7f]|\\"


def mentioning(texts: pl.Series, redaction: Redaction) -> pl.Series:
    """Those of the texts (String, none NULL) that may hold what the redaction replaces."""
    text = pl.col(texts.name)
    may = text.str.contains(UNCLEAR) | text.str.contains(ADDRESSES)
    if redaction.mail:
        may |= text.str.contains("@", literal=True)
    if redaction.names.plain:
        may |= text.str.contains_any(list(redaction.names.plain), ascii_case_insensitive=True)
    return texts.to_frame().filter(may).to_series()
