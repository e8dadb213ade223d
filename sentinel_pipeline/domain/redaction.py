"""Text without what identifies people and machines: addresses by their form, names by being known.

One and the same value is replaced by one and the same text wherever it stands, so that rows can still be told apart and
joined. Text that is JSON stays JSON.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final
from unicodedata import combining, normalize

from sentinel_pipeline.domain.addresses import Address, address, addresses

TOKEN_DIGITS: Final = 16
WORD = re.compile(r"[^\W_]+")
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*', re.DOTALL)
MOST_NESTED: Final = 4
MOST_KNOWN: Final = 65_536
LONGEST_KNOWN: Final = 64
# Sources write these where nobody is meant.
NOBODY: Final = frozenset({"", "-", "n/a", "none", "null", "system", "unknown"})
# Shorter numbers are counts and ports far more often than names.
LEAST_DIGITS: Final = 5
LEAST_PART: Final = 3

Replace = Callable[[str], str]


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    instead: str


def is_somebody(value: str) -> bool:
    return value.strip().lower() not in NOBODY


def token(key: bytes, value: str) -> str:
    """The pseudonym of a value: the same for one key, whatever the case or spelling; says what kind of value it is."""
    whole = address(value)
    if whole:
        return address_token(key, whole)
    return _token(key, "id", normalize("NFC", value.strip()).casefold())


def address_token(key: bytes, found: Address) -> str:
    return _token(key, found.family, found.known_as)


def _token(key: bytes, kind: str, value: str) -> str:
    digest = hmac.digest(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256")
    return f"{kind}-{digest.hex()[:TOKEN_DIGITS]}"


class Names:
    """Values that are looked for in text as whole words, letters of either case alike."""

    def __init__(self, values: Iterable[str]) -> None:
        self._spaced: dict[str, str] = {}
        self._scripts: dict[str, str] = {}
        # Of the names that begin with a word: how far before it, and how long they are.
        self._shapes: dict[str, set[tuple[int, int]]] = {}
        for value in sorted(set(values)):
            for name in _called(value):
                word = WORD.search(name)
                if word is None or _is_unspaced(name):
                    self._scripts.setdefault(name, value)
                else:
                    self._spaced.setdefault(name, value)
                    self._shapes.setdefault(word[0], set()).add((word.start(), len(name)))

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """All that is looked for and written in ASCII, in lower case."""
        return tuple(name for name in (*self._spaced, *self._scripts) if name.isascii())

    @cached_property
    def _unspaced(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._scripts, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and the value that is meant."""
        folded = _folded(text)
        for word in WORD.finditer(folded):
            for before, length in self._shapes.get(word[0], ()):
                start, end = word.start() - before, word.start() - before + length
                name = folded[max(start, 0) : end]
                if start >= 0 and name in self._spaced and _ends_word(folded, end):
                    yield start, end, self._spaced[name]
        if self._unspaced:
            for match in self._unspaced.finditer(folded):
                yield match.start(), match.end(), self._scripts[match[0]]


def _called(value: str) -> Iterator[str]:
    """What a value may be called in text: itself, and the part of an account or host that names it."""
    whole = _folded(normalize("NFC", value.strip()))
    parts = {whole, _folded(value.strip()), normalize("NFD", whole)}
    if "@" in whole:
        parts.add(whole.split("@")[0])
    elif "\\" in whole:
        parts.add(whole.rsplit("\\", 1)[1])
    elif re.fullmatch(r"[\w-]+(\.[\w-]+)+", whole):
        parts.add(whole.split(".")[0])
    for part in sorted(parts):
        is_short = part != whole and len(part) < LEAST_PART
        is_number = part.isdecimal() and len(part) < LEAST_DIGITS
        is_marks = part.isascii() and not any(sign.isalnum() for sign in part)
        if is_somebody(part) and not (is_short or is_number or is_marks):
            yield part


def _folded(text: str) -> str:
    """Lower case, every character at its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(x if len(x.lower()) > 1 else x.lower() for x in text)


def _is_unspaced(name: str) -> bool:
    """Scripts without cases are mostly written without spaces between words."""
    return any(sign.isalpha() and ord(sign) > 0x0E00 and sign.lower() == sign.upper() for sign in name)


def _ends_word(text: str, end: int) -> bool:
    if end >= len(text):
        return True
    return not combining(text[end]) and not (text[end].isalnum() and text[end - 1].isalnum())


@dataclass(frozen=True)
class Redaction:
    """What is looked for and what stands instead; an address or mail that `address` or `mail` gives None for stays."""

    names: Names
    name: Replace
    address: Callable[[Address], str | None]
    mail: Replace | None

    def __call__(self, text: str) -> str:
        """The text without any of it; JSON stays JSON."""
        return self._short(text) if len(text) <= LONGEST_KNOWN else self._text(text, MOST_NESTED)

    @cached_property
    def _short(self) -> Replace:
        """What becomes of a whole value, such as an address, that comes again and again."""
        return lru_cache(MOST_KNOWN)(lambda text: self._text(text, MOST_NESTED))

    def _text(self, text: str, depth: int) -> str:
        if depth and text.lstrip()[:1] in ("{", "[", '"') and _is_json(text):
            return JSON_PARTS.sub(lambda part: self._part(part[0], depth - 1), text)
        return _replaced(text, list(self._spans(text)))

    def _part(self, part: str, depth: int) -> str:
        return self._known(part, depth) if len(part) <= LONGEST_KNOWN else self._json(part, depth)

    @cached_property
    def _known(self) -> Callable[[str, int], str]:
        """The same of parts of JSON, keys and values."""
        return lru_cache(MOST_KNOWN)(self._json)

    def _json(self, part: str, depth: int) -> str:
        if part[0] != '"':
            whole = [value for start, end, value in self.names.found(part) if (start, end) == (0, len(part))]
            return json.dumps(self.name(whole[0])) if whole else part
        said = json.loads(part, strict=False)
        kept = self._text(said, depth)
        return part if kept == said else json.dumps(kept, ensure_ascii=not _is_utf8(kept))

    def _spans(self, text: str) -> Iterator[Span]:
        for found in addresses(text):
            instead = self.address(found)
            if instead is not None:
                yield Span(found.start, found.end, instead)
        if self.mail and "@" in text:
            for match in EMAIL.finditer(text):
                yield Span(match.start(), match.end(), self.mail(match[0]))
        for start, end, value in self.names.found(text):
            yield Span(start, end, self.name(value))


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _replaced(text: str, spans: list[Span]) -> str:
    """Spans that overlap are one, called as the longest of them, the first found of equals."""
    if not spans:
        return text
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda one: one.start):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            longest = span.end - span.start
            continue
        last = merged[-1]
        is_longer = span.end - span.start > longest
        longest = max(longest, span.end - span.start)
        merged[-1] = Span(last.start, max(last.end, span.end), span.instead if is_longer else last.instead)
    edges = [0, *(edge for span in merged for edge in (span.start, span.end)), len(text)]
    kept = [text[start:end] for start, end in list(pairwise(edges))[::2]]
    return "".join(part + span.instead for part, span in zip(kept, merged, strict=False)) + kept[-1]
