"""What is due when: exact days, notice before, holds above all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.retention.planning import Decision, plan
from sentinel_pipeline.retention_entries import HoldEntry, RetentionEntry
from sentinel_pipeline_tests.clocks import BRIEF
from sentinel_pipeline_tests.retention.worlds import item

DAY = date(2025, 1, 10)
FACTS = item("2025-01-10")
RULES = RetentionEntry(facts=30, notice_days=7)
HOLD = HoldEntry(reason="Audit 17")


def decided(
    today: str, noticed: str = "", rules: RetentionEntry = RULES, *, is_begun: bool = False, obstacle: str = ""
) -> Decision:
    one = item("2025-01-10", is_begun=is_begun)
    notices = {one.identity: date.fromisoformat(noticed)} if noticed else {}
    (decision,) = plan([one], rules, notices, {one.identity: obstacle}, date.fromisoformat(today))
    return decision


@pytest.mark.parametrize(
    ("today", "noticed", "fate", "on"),
    [
        ("2025-02-02", "", "keep", "2025-02-10"),
        ("2025-02-03", "", "announce", "2025-02-10"),
        ("2025-02-04", "2025-02-03", "wait", "2025-02-10"),
        ("2025-02-09", "2025-02-03", "wait", "2025-02-10"),
        ("2025-02-10", "2025-02-03", "delete", "2025-02-10"),
        ("2025-05-01", "", "announce", "2025-05-08"),
        ("2025-05-07", "2025-05-01", "wait", "2025-05-08"),
        ("2025-05-08", "2025-05-01", "delete", "2025-05-08"),
    ],
)
def test_thirty_days_are_whole_days_after_the_day_and_seven_days_of_notice_are_given(
    today: str, noticed: str, fate: str, on: str
) -> None:
    decision = decided(today, noticed)
    assert (decision.fate, decision.on.isoformat()) == (fate, on)


def test_what_goes_within_the_week_after_is_announced_along_and_then_waits_for_its_own_day() -> None:
    days = [item(f"2025-01-{day}") for day in (10, 11, 16, 17)]
    decided = plan(days, RULES, {}, {}, date(2025, 2, 3))
    assert [(one.fate, one.on.isoformat()) for one in decided] == [
        ("announce", "2025-02-10"),
        ("announce", "2025-02-11"),
        ("announce", "2025-02-16"),
        ("keep", "2025-02-17"),
    ]
    noticed = {one.identity: date(2025, 2, 3) for one in days[:3]}
    assert [one.fate for one in plan(days, RULES, noticed, {}, date(2025, 2, 4))] == ["wait", "wait", "wait", "keep"]
    assert [one.fate for one in plan(days, RULES, noticed, {}, date(2025, 2, 10))] == [
        "delete",
        "wait",
        "wait",
        "announce",
    ]


def test_nothing_is_announced_early_by_itself() -> None:
    assert [one.fate for one in plan([item("2025-01-11")], RULES, {}, {}, date(2025, 2, 3))] == ["keep"]


def test_without_notice_it_goes_when_its_days_are_over() -> None:
    rules = RetentionEntry(facts=30, notice_days=0)
    assert [decided(today, rules=rules).fate for today in ("2025-02-09", "2025-02-10")] == ["keep", "delete"]


def test_a_kind_without_days_is_kept_for_ever() -> None:
    assert plan([item("2000-01-01", "outbox")], RULES, {}, {}, DAY) == []


@pytest.mark.parametrize(
    ("hold", "is_held"),
    [
        (HoldEntry(reason="a"), True),
        (HoldEntry(kinds=["facts"], reason="a"), True),
        (HoldEntry(kinds=["outbox"], reason="a"), False),
        (HoldEntry(since=DAY, until=DAY, reason="a"), True),
        (HoldEntry(since=DAY + timedelta(days=1), reason="a"), False),
        (HoldEntry(until=DAY - timedelta(days=1), reason="a"), False),
    ],
)
def test_a_hold_holds_its_kinds_and_days_and_nothing_else(hold: HoldEntry, is_held: bool) -> None:
    rules = RetentionEntry(facts=30, notice_days=0, holds=[hold])
    decision = decided("2025-06-01", rules=rules)
    assert (decision.fate, decision.why) == (("hold", "a") if is_held else ("delete", ""))


def test_a_week_is_held_for_one_of_its_days() -> None:
    held = RetentionEntry(weekly_editions=1, notice_days=0, holds=[HoldEntry(since=DAY, until=DAY, reason="a")])
    week = item("weekly/2025-01-06", "weekly_editions")
    overlapping = type(week)(week.kind, week.name, date(2025, 1, 6), date(2025, 1, 12), date(2025, 1, 13), 1, 10)
    (decision,) = plan([overlapping], held, {}, {}, date(2025, 6, 1))
    assert decision.fate == "hold"


def test_what_was_begun_is_ended_without_new_notice_but_not_against_a_hold() -> None:
    assert decided("2025-01-11", is_begun=True).fate == "delete"
    held = RetentionEntry(facts=30, holds=[HOLD])
    assert decided("2025-01-11", rules=held, is_begun=True).fate == "hold"


def test_what_cannot_go_yet_says_why() -> None:
    decision = decided("2025-06-01", "2025-01-20", obstacle="not counted")
    assert (decision.fate, decision.why) == ("hold", "not counted")


@BRIEF
@given(
    days=st.integers(1, 400),
    notice=st.integers(0, 60),
    noticed_after=st.none() | st.integers(-100, 500),
    age=st.integers(-10, 1000),
)
def test_nothing_goes_before_its_days_are_over_and_notice_was_given(
    days: int, notice: int, noticed_after: int | None, age: int
) -> None:
    today = DAY + timedelta(days=age)
    noticed = None if noticed_after is None else DAY + timedelta(days=noticed_after)
    notices = {} if noticed is None else {FACTS.identity: noticed}
    (decision,) = plan([FACTS], RetentionEntry(facts=days, notice_days=notice), notices, {}, today)
    if decision.fate == "delete":
        assert age > days
        assert notice == 0 or (noticed is not None and (today - noticed).days >= notice)
    else:
        assert decision.on > today
