"""Numbers as people read them: thousands separators, a decimal point, a real minus, a unit."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from sentinel_pipeline.domain.amounts import BYTE_UNITS
from sentinel_pipeline.domain.columns import Kind

Quantity = int | float | Decimal

MISSING: Final = "–"
MINUS: Final = "−"
DECIMALS: Final[dict[Kind, int]] = {"percent": 2, "megabytes": 2, "decimal": 2, "price": 4}


def quantity(value: Quantity, kind: Kind) -> str:
    """A number as its kind is written; what is not finite is missing."""
    if not math.isfinite(value):
        return MISSING
    if kind == "bytes":
        return written_bytes(value)
    if kind == "percent":
        return f"{decimals(value, 2)} %"
    if kind in DECIMALS:
        return decimals(value, DECIMALS[kind])
    if kind in ("count", "time"):
        return separated(value)
    return plain(value)


def separated(value: Quantity) -> str:
    """A whole number with thousands separators; a broken one keeps two decimals."""
    whole = int(value)
    return f"{whole:,}".replace("-", MINUS) if whole == value else decimals(value, 2)


def plain(value: Quantity) -> str:
    """A number that names something (a port, an id): no separators, no exponent, no needless decimals."""
    whole = int(value)
    text = str(whole) if whole == value else format(Decimal(str(value)), "f")
    return text.replace("-", MINUS)


def decimals(value: Quantity, places: int) -> str:
    """A number with thousands separators and a fixed count of decimals; never a negative zero."""
    text = f"{value:,.{places}f}"
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", MINUS)


def written_bytes(value: Quantity) -> str:
    """Bytes in the largest unit (steps of 1,024) that keeps the number at 1 or more; whole bytes below 1 KB."""
    power = 0
    scaled = abs(Decimal(value))
    while round(scaled, 2) >= 1024 and power < len(BYTE_UNITS) - 1:
        scaled, power = scaled / 1024, power + 1
    number = separated(scaled) if power == 0 else decimals(scaled, 2)
    sign = MINUS if value < 0 else ""
    return f"{sign}{number} {BYTE_UNITS[power]}"


def signed(value: Quantity, text: str) -> str:
    """The text of a change with its sign in front; `text` is the written size without regard to sign."""
    size = text.removeprefix(MINUS)
    if value == 0:
        return f"±{size}"
    return f"{'+' if value > 0 else MINUS}{size}"
