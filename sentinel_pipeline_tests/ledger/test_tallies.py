"""Tallies: they add up whoever adds, and hold what was counted under other bounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.tallies import (
    ALL,
    ATTACHED_BYTES,
    LAST_SECONDS,
    REPORT_SECONDS,
    REPORTS,
    Added,
    Counted,
    Tally,
    add,
    counted,
)

PUBLISHED, FAILED = ("daily", "daily", "published"), ("daily", "daily", "failed")
LENGTHS = Tally("lengths", "How long.", ("what",), (1.0, 10.0))


def add_all(ledger: Ledger, *added: Added) -> None:
    with ledger.writing() as connection:
        add(connection, added)


def held(ledger: Ledger, tally: Tally) -> dict[tuple[str, ...], Counted]:
    with ledger.reading() as connection:
        return {one.labels: one for one in counted(connection, tally)}


def test_what_was_never_counted_is_told_as_zero(ledger: Ledger) -> None:
    assert {one.number for one in held(ledger, REPORTS).values()} == {0}
    assert held(ledger, REPORTS)["custom", "once", "failed"].number == 0
    assert held(ledger, REPORT_SECONDS)["weekly",] == Counted(("weekly",), (0,) * 11, 0, 0.0)


def test_many_writers_at_once_lose_nothing(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: add_all(ledger, Added(REPORTS, PUBLISHED)), range(20)))
    add_all(ledger, Added(REPORTS, FAILED), Added(ATTACHED_BYTES, ("pdf",), 7_000_000_000_000))
    assert (held(ledger, REPORTS)[PUBLISHED].number, held(ledger, REPORTS)[FAILED].number) == (20, 1)
    assert held(ledger, ATTACHED_BYTES)["pdf",].number == 7_000_000_000_000


def test_each_size_is_in_every_bound_that_it_does_not_exceed(ledger: Ledger) -> None:
    add_all(ledger, *(Added(LENGTHS, ("x",), value) for value in (0.5, 1.0, 9.25, 10.0, 10.001)))
    assert held(ledger, LENGTHS) == {("x",): Counted(("x",), (2, 4), 5, 30.751)}


def test_bounds_may_change_and_what_was_counted_stays(ledger: Ledger) -> None:
    add_all(ledger, Added(LENGTHS, ("x",), 3.0), Added(LENGTHS, ("x",), 30.0))
    later = replace(LENGTHS, bounds=(5.0, 20.0, 40.0))
    add_all(ledger, Added(later, ("x",), 30.0))
    assert held(ledger, later) == {("x",): Counted(("x",), (0, 1, 2), 3, 63.0)}


def test_of_what_is_only_asked_for_last_the_last_is_kept(ledger: Ledger) -> None:
    for seconds in (9.0, 4.5):
        add_all(ledger, Added(LAST_SECONDS, ("daily",), seconds))
    assert held(ledger, LAST_SECONDS) == {("daily",): Counted(("daily",), (), 1, 4.5)}


def test_what_a_failed_block_counted_is_gone(ledger: Ledger) -> None:
    with suppress(ZeroDivisionError), ledger.writing() as connection:
        add(connection, [Added(REPORTS, PUBLISHED)])
        raise ZeroDivisionError
    assert held(ledger, REPORTS)[PUBLISHED].number == 0


@given(st.lists(st.integers(0, 20_000), max_size=12))
def test_counts_and_sums_are_those_of_what_was_added(thousandths: list[int]) -> None:
    values = [one / 1_000 for one in thousandths]
    with TemporaryDirectory() as folder:
        ledger = open_ledger(f"sqlite:///{folder}/state.db")
        add_all(ledger, *(Added(LENGTHS, ("x",), value) for value in values))
        found = held(ledger, LENGTHS).get(("x",), Counted(("x",), (0, 0), 0, 0.0))
    upto = tuple(sum(value <= bound for value in values) for bound in LENGTHS.bounds)
    assert found == Counted(("x",), upto, len(values), sum(thousandths) / 1_000)


def test_every_tally_has_a_name_of_its_own() -> None:
    assert len({tally.name for tally in ALL}) == len(ALL)
