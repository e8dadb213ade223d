"""Randomness that depends on the seed, the day and the subject, and on nothing else."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

Chance = np.random.Generator
Integers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

LETTERS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)


def chance(seed: int, day: date, subject: str) -> Chance:
    """The dice of one subject on one day: a day comes out the same whichever other days are made."""
    return np.random.Generator(np.random.PCG64([seed + day.toordinal(), *subject.encode()]))


def marks(dice: Chance, prefix: str, count: int, length: int) -> pl.Series:
    """Unique-looking marks such as Zeek's uids: a prefix and `length` letters and digits each."""
    letters = LETTERS[dice.integers(0, len(LETTERS), (count, length))]
    text = letters.tobytes().decode("ascii")
    return pl.Series(
        [prefix + text[start : start + length] for start in range(0, count * length, length)], dtype=pl.String
    )


def identifiers(dice: Chance, count: int) -> list[str]:
    """Version-4 UUIDs as text."""
    pool = dice.bytes(16 * count)
    return [str(UUID(bytes=pool[start : start + 16], version=4)) for start in range(0, 16 * count, 16)]


def picks(dice: Chance, weights: tuple[float, ...], count: int) -> list[int]:
    """Indexes drawn by weight."""
    shares = np.asarray(weights, dtype=np.float64)
    drawn: list[int] = dice.choice(len(weights), size=count, p=shares / shares.sum()).tolist()
    return drawn
