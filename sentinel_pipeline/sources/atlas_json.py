"""JSON as fleet agents write it: NaN tokens, repeated keys, halves of surrogate pairs; what comes out is strict."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

NOT_FINITE = "non_finite"
DUPLICATE_KEY = "duplicate_key"

# An encoder of its own for every text would cost more than the text.
COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
CANONICAL = json.JSONEncoder(allow_nan=False, separators=(",", ":"), sort_keys=True)


@dataclass
class Lenient:
    """Reads JSON texts and gathers what was odd in them in `flags`."""

    flags: set[str] = field(default_factory=set)

    def value(self, text: str) -> object:
        """NaN and numbers too large are NULL, of repeated keys the last one counts. Raises ValueError for no JSON."""
        try:
            return json.loads(
                text, parse_constant=self._constant, parse_float=self._real, object_pairs_hook=self._object
            )
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def _constant(self, _: str) -> None:
        self.flags.add(NOT_FINITE)

    def _real(self, text: str) -> float | None:
        number = float(text)
        if math.isfinite(number):
            return number
        self.flags.add(NOT_FINITE)
        return None

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.flags.add(DUPLICATE_KEY)
        return found


def compact(value: object) -> str:
    """A value that `Lenient` read as strict JSON text, keys in the order of the source."""
    return clean(_written(value, COMPACT))


def canonical(value: object) -> str:
    """The same with sorted keys: equal values give equal texts."""
    return _written(value, CANONICAL)


def _written(value: object, encoder: json.JSONEncoder) -> str:
    try:
        return encoder.encode(value)
    except RecursionError:
        return '"[nested too deeply]"'


def clean(text: str) -> str:
    """Text that any writer can write: half a surrogate pair stays visible as \\udXXX."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(value: object) -> str | None:
    """A text or whole number as text without blanks around it; None for anything else, and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean(str(value)).strip() or None
