"""Network and hardware addresses in text, in any spelling: where they are, what they are, and shortened.

What may be an address is taken for one: a version such as 1.2.3.4 is shortened rather than an address let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import inf
from typing import Final, Literal

Family = Literal["ip", "mac"]
KEPT_BITS: Final = 48

QUAD = re.compile(r"(?<![0-9])[0-9]{1,3}([.\-_])[0-9]{1,3}\1[0-9]{1,3}\1[0-9]{1,3}(?![0-9])")
RUN = re.compile(r"[0-9A-Fa-f:.]{3,}")
PAIRS = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}([:.\-_])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Fa-f])")
FOURS = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?![0-9A-Fa-f])")
REVERSED_QUAD = re.compile(r"(?<![0-9])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?=\.in-addr\.arpa)", re.IGNORECASE)
REVERSED_NIBBLES = re.compile(r"(?<![0-9A-Fa-f])[0-9a-f](?:\.[0-9a-f]){31}(?=\.ip6\.arpa)", re.IGNORECASE)
MOST_GROUPS: Final = 9
IPV6_COLONS: Final = 7
FEWEST_SIGNS: Final = 2


@dataclass(frozen=True)
class Address:
    """Where in a text an address stands; `known_as` is the same for all its spellings, `short` names its network."""

    start: int
    end: int
    family: Family
    known_as: str
    short: str


def addresses(text: str) -> Iterator[Address]:
    """All that a text holds; they may overlap."""
    # Counting signs passes over most text at once.
    colons, dots, others = text.count(":"), text.count("."), max(text.count("-"), text.count("_"))
    if max(colons, dots, others) < FEWEST_SIGNS:
        return
    for spelling in SPELLINGS:
        if colons >= spelling.colons or dots >= spelling.dots or others >= spelling.others:
            for match in spelling.pattern.finditer(text):
                yield from spelling.read(text, match)


@lru_cache(maxsize=8_192)
def address(text: str) -> Address | None:
    """The address that the whole of a text is; None when it is none."""
    whole = text.strip()
    for found in addresses(whole):
        if (found.start, found.end) == (0, len(whole)):
            return found
    if re.fullmatch(r"[0-9A-Fa-f]{12}", whole):
        return Address(0, 12, "mac", whole.lower(), whole[:6] + "000000")
    return None


def shortened(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Without the last octet, of IPv6 without the last 80 bits; an IPv4 address inside one keeps to its own rule."""
    if isinstance(ip, IPv4Address):
        return IPv4Address(int(ip) & ~0xFF)
    if ip.ipv4_mapped:
        return IPv6Address(int(ip) & ~0xFF)
    # 6to4: the first 48 bits end with a whole IPv4 address.
    lost = 128 - KEPT_BITS + (8 if ip.sixtofour else 0)
    return IPv6Address(int(ip) >> lost << lost)


def _spelled(ip: IPv4Address | IPv6Address) -> str:
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return f"::ffff:{mapped}" if mapped else str(ip)


def _known_as(ip: IPv4Address | IPv6Address) -> str:
    """An IPv4 address is the same machine when it is written as IPv6."""
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return str(mapped or ip)


def _ip(start: int, end: int, ip: IPv4Address | IPv6Address) -> Address:
    return Address(start, end, "ip", _known_as(ip), _spelled(shortened(ip)))


def _quad(_: str, match: re.Match[str]) -> Iterator[Address]:
    """Leading zeros, and the signs that host names have in place of dots, are kept."""
    parts = match[0].split(match[1])
    if all(int(part) <= 255 for part in parts):
        known = ".".join(str(int(part)) for part in parts)
        yield Address(match.start(), match.end(), "ip", known, match[1].join([*parts[:3], "0"]))


def _colons(text: str, match: re.Match[str]) -> Iterator[Address]:
    """The longest stretches of a run that are IPv6 addresses; what is glued to a word is no group of one."""
    run = match[0]
    if run.count(":") < 2:
        return
    places = [0, *(found.end() for found in re.finditer(":", run))]
    is_glued = match.start() > 0 and text[match.start() - 1].isalnum()
    first = 1 if is_glued else 0
    while first < len(places):
        found = _longest(run, places, first)
        if found is None:
            first += 1
            continue
        start, end, ip = found
        yield _ip(match.start() + start, match.start() + end, ip)
        first = next((place for place in range(first + 1, len(places)) if places[place] >= end), len(places))


def _longest(run: str, places: list[int], first: int) -> tuple[int, int, IPv6Address] | None:
    """The longest address that begins with this group (or with two colons before the next)."""
    for last in range(min(first + MOST_GROUPS, len(places)), first, -1):
        end = places[last] - 1 if last < len(places) else len(run)
        for stretch in (run[places[first] : end], run[places[first] : end + 1]):
            bare = stretch.rstrip(".")
            if bare.count(":") >= 2 and bare != "::" and (ip := _ipv6(bare)) is not None:
                return places[first], places[first] + len(bare), ip
    return None


def _ipv6(text: str) -> IPv6Address | None:
    """Zeros in front of a dotted part's numbers are allowed, as many programs write them."""
    head, colon, tail = text.rpartition(":")
    # Most of what is asked for is hardware addresses and times, and a refusal by `IPv6Address` is slow.
    if "::" not in text and text.count(":") != (IPV6_COLONS - 1 if "." in tail else IPV6_COLONS):
        return None
    if "." in tail:
        parts = tail.split(".")
        if not all(part.isdecimal() and len(part) <= 3 for part in parts):
            return None
        text = head + colon + ".".join(str(int(part)) for part in parts)
    try:
        return IPv6Address(text)
    except ValueError:
        return None


def _hardware(_: str, match: re.Match[str]) -> Iterator[Address]:
    digits = re.sub("[^0-9A-Fa-f]", "", match[0]).lower()
    kept = 0
    short = []
    for sign in match[0]:
        is_digit = sign.isalnum()
        short.append("0" if is_digit and kept >= 6 else sign)
        kept += is_digit
    yield Address(match.start(), match.end(), "mac", digits, "".join(short))


def _reversed_quad(_: str, match: re.Match[str]) -> Iterator[Address]:
    parts = match[0].split(".")
    if all(int(part) <= 255 for part in parts):
        known = ".".join(str(int(part)) for part in reversed(parts))
        yield Address(match.start(), match.end(), "ip", known, ".".join(["0", *parts[1:]]))


def _reversed_nibbles(_: str, match: re.Match[str]) -> Iterator[Address]:
    ip = ip_address(int("".join(reversed(match[0].split("."))), 16).to_bytes(16))
    short = ".".join(f"{int(shortened(ip)):032x}"[::-1])
    yield Address(match.start(), match.end(), "ip", _known_as(ip), short)


@dataclass(frozen=True)
class Spelling:
    """A way to write addresses, with at least so many colons, dots or other signs."""

    pattern: re.Pattern[str]
    read: Callable[[str, re.Match[str]], Iterator[Address]]
    colons: float = inf
    dots: float = inf
    others: float = inf


# Of two that hold the same text the first is meant.
SPELLINGS: Final = (
    Spelling(REVERSED_NIBBLES, _reversed_nibbles, dots=32),
    Spelling(REVERSED_QUAD, _reversed_quad, dots=5),
    Spelling(RUN, _colons, colons=2),
    Spelling(PAIRS, _hardware, colons=5, dots=5, others=5),
    Spelling(FOURS, _hardware, dots=2),
    Spelling(QUAD, _quad, dots=3, others=3),
)
