"""Exact money: prices as whole picos of the currency unit, sums as integers or fractions, rounding once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import polars as pl

MICROS = 1_000_000
PICOS = 10**12
MOST_PRICE = 1_000_000
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)

# ISO 4217's currencies whose minor unit is not a hundredth. A table of three lines, because the libraries that know
# them (Babel) follow CLDR instead, which rounds some to whole units in daily use, as no bill may.
WHOLE_UNITS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV")
WHOLE_FRANCS = ("XAF", "XOF", "XPF")
THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
MINOR_DIGITS = {
    **dict.fromkeys((*WHOLE_UNITS, *WHOLE_FRANCS), 0),
    **dict.fromkeys(THOUSANDTHS, 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def is_currency(code: str) -> bool:
    """Whether a text is written like a currency code of ISO 4217."""
    return re.fullmatch("[A-Z]{3}", code) is not None


def minor_digits(currency: str) -> int:
    """Decimals of a currency's minor unit."""
    return MINOR_DIGITS.get(currency, 2)


def price(written: Decimal) -> Decimal:
    """A price to 12 decimals, half-even: what a calculator adds behind them is noise."""
    return written.quantize(Decimal(1).scaleb(-12), context=WIDE).normalize(WIDE)


def picos(amount: Decimal) -> int:
    """Millionths of millionths of the currency unit; exact for a price."""
    return int(amount.scaleb(12, context=WIDE))


def rounded(value: Fraction | Decimal | int, digits: int) -> Decimal:
    """Half-even to a number of decimals."""
    return Decimal(round(Fraction(value) * 10**digits)).scaleb(-digits)


def half_even(numerator: pl.Expr, denominator: int) -> pl.Expr:
    """Integer quotient (Int64) of an integer expression and a positive integer, rounded half-even; exact."""
    whole = numerator.cast(pl.Int128)
    by = pl.lit(denominator, pl.Int128)
    low = whole // by
    twice = (whole - low * by) * 2
    is_up = (twice > by) | ((twice == by) & (low % 2 == 1))
    return (low + is_up.cast(pl.Int128)).cast(pl.Int64)


def apportioned(parts: Sequence[Fraction], digits: int) -> list[Decimal]:
    """The parts in minor units, so that they add up to their rounded sum.

    Largest remainder; of equal ones the first.
    """
    scaled = [part * 10**digits for part in parts]
    floors = [part.numerator // part.denominator for part in scaled]
    left = round(sum(scaled, Fraction())) - sum(floors)
    order = sorted(range(len(parts)), key=lambda n: (floors[n] - scaled[n], n))
    for n in order[:left]:
        floors[n] += 1
    return [Decimal(floor).scaleb(-digits) for floor in floors]
