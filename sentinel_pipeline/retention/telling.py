"""A survey in a few lines: items of one kind with one fate together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.retention import KINDS, Kind
from sentinel_pipeline.retention.planning import Decision, Fate
from sentinel_pipeline.retention_entries import RetentionEntry

FATES: dict[Fate, str] = {
    "delete": "due",
    "announce": "announced now",
    "wait": "announced before",
    "hold": "held",
    "keep": "kept",
}


THINGS: dict[Kind, str] = {"runs": "run", "requests": "record"}


@dataclass(frozen=True)
class Group:
    """Items of a kind with one fate (and one reason): how many, which, how large, and when the first of them goes.

    `since` and `until` are the first and the last day that any of them is of.
    """

    kind: Kind
    fate: Fate
    why: str
    items: int
    first: str
    last: str
    number: int
    bytes: int
    on: date
    since: date
    until: date

    @property
    def span(self) -> str:
        return self.first if self.items == 1 else f"{self.first} to {self.last}"

    @property
    def what(self) -> str:
        """What it is made of: `588 files`."""
        return counted(self.number, THINGS.get(self.kind, "file"))

    @property
    def line(self) -> str:
        """`facts: 7 announced now (2026-01-13 to 2026-01-19), 588 files, 1,234 bytes; the first goes on 2026-04-21`."""
        size = "" if self.kind == "runs" else f", {counted(self.bytes, 'byte')}"
        told = f"{self.kind}: {self.items:,} {FATES[self.fate]} ({self.span}), {self.what}{size}"
        if self.fate == "hold":
            return f"{told}; {self.why}"
        return told if self.fate == "delete" else f"{told}; the first goes on {self.on.isoformat()}"


def mail_words(decisions: Iterable[Decision]) -> str:
    """What a mail tells of what is announced, as JSON: by kind how much it is and from which day on it goes."""
    told = [
        {
            "kind": group.kind,
            "since": group.since.isoformat(),
            "until": group.until.isoformat(),
            "what": group.what,
            "bytes": group.bytes,
            "on": group.on.isoformat(),
        }
        for group in groups(decisions)
    ]
    return json.dumps(told, ensure_ascii=False)


def kept_for(rules: RetentionEntry) -> str:
    """How long each kind is kept, in a line."""
    days = [f"{kind} {counted(number, 'day')}" for kind, number in rules.days.items()]
    rest = [kind for kind in KINDS if kind not in rules.days]
    return "; ".join([*days, *([f"for ever: {', '.join(rest)}"] if rest else [])])


def groups(decisions: Iterable[Decision]) -> list[Group]:
    """By kind, and what happens first before what happens later."""
    fates = list(FATES)

    def place(one: Decision) -> tuple[int, int, str]:
        return KINDS.index(one.item.kind), fates.index(one.fate), one.why

    return [_group(list(members)) for _, members in groupby(sorted(decisions, key=place), key=place)]


def _group(members: list[Decision]) -> Group:
    items = [one.item for one in members]
    return Group(
        kind=items[0].kind,
        fate=members[0].fate,
        why=members[0].why,
        items=len(items),
        first=min(item.name for item in items),
        last=max(item.name for item in items),
        number=sum(item.number for item in items),
        bytes=sum(item.bytes for item in items),
        on=min(one.on for one in members),
        since=min(item.first for item in items),
        until=max(item.last for item in items),
    )
