"""What is to be deleted on a day, what is announced, and what stays although its time is over; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.retention.stock import Item
from sentinel_pipeline.retention_entries import HoldEntry, RetentionEntry

Fate = Literal["delete", "announce", "wait", "hold", "keep"]
Notices = Mapping[tuple[Kind, str], date]
Obstacles = Mapping[tuple[Kind, str], str]
# What goes within the week after is announced along with it: one notice a week, not one every night.
ALONG = timedelta(days=6)


@dataclass(frozen=True)
class Decision:
    """What becomes of an item: deleted today, announced today, announced before, held for a reason, or kept.

    `on` is the day it goes, of what is held the day its time is over.
    """

    item: Item
    fate: Fate
    on: date
    why: str = ""


def plan(
    items: Iterable[Item], rules: RetentionEntry, notices: Notices, obstacles: Obstacles, today: date
) -> list[Decision]:
    """A decision for every item of a kind that has days, oldest first.

    `notices` are the days on which items were announced; `obstacles` say why an item cannot go yet.
    """
    concerned = [item for item in items if item.kind in rules.days]

    def decided(along: timedelta) -> list[Decision]:
        return [
            _decided(one, rules, notices.get(one.identity), obstacles.get(one.identity), today, along)
            for one in concerned
        ]

    decisions = decided(timedelta())
    if any(one.fate == "announce" for one in decisions):
        decisions = decided(ALONG)
    return sorted(decisions, key=lambda one: (one.on, one.item.identity))


def _decided(
    item: Item, rules: RetentionEntry, noticed: date | None, obstacle: str | None, today: date, along: timedelta
) -> Decision:
    notice = timedelta(days=rules.notice_days)
    over = item.kept_since + timedelta(days=rules.days[item.kind] + 1)
    early = notice and (along if noticed is None else ALONG)
    if today < over - notice - early and not item.is_begun:
        return Decision(item, "keep", over)
    held = _held(item, rules.holds) or obstacle
    if held:
        return Decision(item, "hold", over, held)
    if item.is_begun:
        return Decision(item, "delete", today)
    goes = max(over, (noticed or today) + notice)
    if noticed is None and notice:
        return Decision(item, "announce", goes)
    return Decision(item, "wait" if today < goes else "delete", goes)


def _held(item: Item, holds: Iterable[HoldEntry]) -> str:
    """Why an item is held, by the first hold of its kind that has a day in common with it; nothing when it is not."""
    for hold in holds:
        is_of_kind = not hold.kinds or item.kind in hold.kinds
        begins = hold.since is None or hold.since <= item.last
        ends = hold.until is None or item.first <= hold.until
        if is_of_kind and begins and ends:
            return hold.reason
    return ""
