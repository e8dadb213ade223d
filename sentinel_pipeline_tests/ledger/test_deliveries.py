"""A delivery is taken by one attempt at a time, and what was sent stays sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentinel_pipeline.domain.delivery import STATES
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.deliveries import (
    Delivery,
    Planned,
    claim,
    declare_sent,
    in_state,
    of_edition,
    plan,
    rows_of,
    settle,
)

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)
ANN = Planned("daily", "2025-03-12", 1, "ab" * 32, "Daily", "ann@house.example", "smtp", "<1@house.example>")


def row(ledger: Ledger, delivery: str = ANN.delivery_id) -> Delivery:
    with ledger.reading() as connection:
        (found,) = rows_of(connection, [delivery])
    return found


def test_planning_again_adds_nothing_and_changes_nothing(ledger: Ledger) -> None:
    assert plan(ledger, [ANN], AT) == 1
    assert plan(ledger, [replace(ANN, recipient="ANN@house.example", message_id="<2@x>"), ANN], LATER) == 0
    found = row(ledger)
    assert {name: getattr(found, name) for name in ANN.__dict__} == ANN.__dict__
    assert (found.state, found.attempts, found.planned_at, found.tried_at) == ("planned", 0, AT, None)


def test_another_revision_subscription_or_recipient_is_another_delivery(ledger: Ledger) -> None:
    others = [replace(ANN, revision=2), replace(ANN, subscription="Other"), replace(ANN, recipient="bob@house.example")]
    assert plan(ledger, [ANN, *others], AT) == 4
    with ledger.reading() as connection:
        found = of_edition(connection, "daily", "2025-03-12")
    assert [one.revision for one in found] == [2, 1, 1, 1]


def test_of_many_at_once_one_takes_a_delivery(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: claim(ledger, ANN.delivery_id, ["planned"], f"c{n}", AT), range(16)))
    assert taken.count(True) == 1
    assert (row(ledger).state, row(ledger).claim, row(ledger).attempts) == ("sending", f"c{taken.index(True)}", 1)


def test_what_was_sent_cannot_be_taken_again(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    assert claim(ledger, ANN.delivery_id, ["planned"], "c1", AT)
    assert settle(ledger, ANN.delivery_id, "c1", "sent", LATER, provider_id="p-1")
    assert not claim(ledger, ANN.delivery_id, STATES, "c2", LATER)
    assert not settle(ledger, ANN.delivery_id, "c1", "refused", LATER)
    plan(ledger, [ANN], LATER)
    assert (row(ledger).state, row(ledger).provider_id, row(ledger).settled_at) == ("sent", "p-1", LATER)


def test_only_the_attempt_that_holds_a_delivery_may_settle_it(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    assert claim(ledger, ANN.delivery_id, ["planned"], "dead", AT)
    assert settle(ledger, ANN.delivery_id, "dead", "uncertain", LATER, error="died")
    assert claim(ledger, ANN.delivery_id, ["uncertain"], "second", LATER)
    assert not settle(ledger, ANN.delivery_id, "dead", "sent", LATER)
    assert row(ledger).state == "sending"


def test_an_attempt_thought_dead_may_still_say_what_it_knows(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    claim(ledger, ANN.delivery_id, ["planned"], "slow", AT)
    settle(ledger, ANN.delivery_id, "slow", "uncertain", AT, error="found without its sender")
    assert settle(ledger, ANN.delivery_id, "slow", "sent", LATER, provider_id="p-1")
    assert (row(ledger).state, row(ledger).error) == ("sent", None)


def test_a_person_may_declare_only_what_is_uncertain_sent(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    assert not declare_sent(ledger, ANN.delivery_id, AT)
    claim(ledger, ANN.delivery_id, ["planned"], "c1", AT)
    settle(ledger, ANN.delivery_id, "c1", "uncertain", AT)
    assert declare_sent(ledger, ANN.delivery_id, LATER)
    with ledger.reading() as connection:
        assert [one.state for one in in_state(connection, STATES)] == ["sent"]


def test_every_step_is_on_record_without_naming_anybody(ledger: Ledger) -> None:
    plan(ledger, [ANN], AT)
    claim(ledger, ANN.delivery_id, ["planned"], "c1", AT)
    settle(ledger, ANN.delivery_id, "c1", "refused", LATER, error="550 ann@house.example is unknown")
    with ledger.reading() as connection:
        entries = list(history(connection))
    assert [entry.act for entry in entries] == ["planned", "sending", "refused"]
    assert first_break(entries) is None
    assert "ann@" not in "".join(entry.details + entry.subject for entry in entries)
