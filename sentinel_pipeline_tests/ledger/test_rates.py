"""Limits hold in any span of their length, for each user, over restarts and between processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.rates import Rate, use
from sentinel_pipeline_tests.ledger.people import AT, acts, somebody

THREE = Rate("requests", 3, timedelta(minutes=1))
SECOND = timedelta(seconds=1)


def test_so_many_uses_are_allowed_and_no_more(ledger: Ledger) -> None:
    user = somebody(ledger).user_id
    standings = [use(ledger, user, THREE, AT + n * SECOND) for n in range(4)]
    assert [one.is_allowed for one in standings] == [True, True, True, False]
    assert [one.left for one in standings] == [2, 1, 0, 0]
    assert {one.resets_at for one in standings} == {AT + THREE.span}


def test_a_use_counts_for_the_length_of_the_span_and_not_beyond(ledger: Ledger) -> None:
    user = somebody(ledger).user_id
    for seconds in (0, 30, 59):
        assert use(ledger, user, THREE, AT + seconds * SECOND).is_allowed
    assert not use(ledger, user, THREE, AT + THREE.span - SECOND).is_allowed
    assert use(ledger, user, THREE, AT + THREE.span).is_allowed
    assert not use(ledger, user, THREE, AT + THREE.span + SECOND).is_allowed


def test_everybody_and_every_act_has_its_own_count(ledger: Ledger) -> None:
    ann, bob = (somebody(ledger, name).user_id for name in ("ann", "bob"))
    for _ in range(3):
        use(ledger, ann, THREE, AT)
    assert not use(ledger, ann, THREE, AT).is_allowed
    assert use(ledger, bob, THREE, AT).is_allowed
    assert use(ledger, ann, Rate("exports", 1, timedelta(hours=1)), AT).is_allowed


def test_a_restart_forgets_nothing(url: str) -> None:
    first = open_ledger(url)
    user = somebody(first).user_id
    for _ in range(3):
        use(first, user, THREE, AT)
    assert not use(open_ledger(url), user, THREE, AT).is_allowed


def test_many_at_once_are_no_more_than_one_after_another(ledger: Ledger) -> None:
    user = somebody(ledger).user_id
    with ThreadPoolExecutor(8) as pool:
        standings = list(pool.map(lambda _: use(ledger, user, THREE, AT), range(20)))
    assert sum(one.is_allowed for one in standings) == 3


def test_who_asks_too_often_is_on_record_once_in_a_span(ledger: Ledger) -> None:
    user = somebody(ledger).user_id
    for seconds in (*range(20), *range(61, 70)):
        use(ledger, user, THREE, AT + seconds * SECOND)
    assert acts(ledger).count(("rate limit exceeded", user)) == 2
