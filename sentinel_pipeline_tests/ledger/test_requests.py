"""A request is filed once, taken by one run at a time, and ends in one way only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sentinel_pipeline.domain.request import OPEN, STATES, Request
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.requests import (
    Filed,
    ask_again,
    begin,
    cancel,
    fail,
    file_request,
    finish,
    in_state,
    note_undelivered,
    reject,
    remove_settled,
    state_of,
)

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)
WISH = Request("Week", date(2025, 3, 1), 7, "ann", recipients=("ann@house.example",))
ID = WISH.request_id


def row(ledger: Ledger, request_id: str = ID) -> Filed:
    with ledger.reading() as connection:
        found = state_of(connection, request_id)
    assert found is not None
    return found


def acts(ledger: Ledger) -> list[str]:
    with ledger.reading() as connection:
        entries = list(history(connection))
    assert first_break(entries) is None
    return [entry.act for entry in entries]


def test_filing_again_changes_nothing(ledger: Ledger) -> None:
    assert file_request(ledger, WISH, AT) == file_request(ledger, WISH, LATER, anew=True) == ID
    found = row(ledger)
    assert (found.request, found.state, found.attempts, found.requested_at) == (WISH, "requested", 1, AT)
    assert acts(ledger) == ["requested"]


def test_of_many_who_file_the_same_at_once_one_row_remains(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: file_request(ledger, WISH, AT), range(16))) == {ID}
    assert acts(ledger) == ["requested"]


def test_requests_come_in_the_order_they_were_filed_in(ledger: Ledger) -> None:
    others = [replace(WISH, name=name) for name in "zyx"]
    for minutes, one in enumerate(others):
        file_request(ledger, one, AT + timedelta(minutes=minutes))
    with ledger.reading() as connection:
        assert [one.request.name for one in in_state(connection, OPEN)] == ["z", "y", "x"]


def test_a_request_is_made_and_done(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    assert begin(ledger, ID, "run1", AT)
    assert finish(ledger, ID, f"custom/{ID}/r1", LATER)
    found = row(ledger)
    assert (found.state, found.edition, found.run_id) == ("done", f"custom/{ID}/r1", "run1")
    assert (found.started_at, found.settled_at) == (AT, LATER)
    note_undelivered(ledger, ID, "ann: refused")
    assert (row(ledger).state, row(ledger).error) == ("done", "ann: refused")
    note_undelivered(ledger, ID, "")
    assert row(ledger).error is None


def test_what_is_settled_cannot_be_taken_failed_or_cancelled(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    finish(ledger, ID, "custom/x/r1", AT)
    assert not any((begin(ledger, ID, "run2", LATER), fail(ledger, ID, "late", LATER), cancel(ledger, ID, LATER)))
    assert not ask_again(ledger, ID, LATER)
    assert file_request(ledger, WISH, LATER, anew=True) == ID
    assert row(ledger).state == "done"


def test_a_cancelled_request_stays_cancelled_when_its_run_ends(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    assert cancel(ledger, ID, AT)
    assert not finish(ledger, ID, "custom/x/r1", LATER)
    assert (row(ledger).state, row(ledger).edition) == ("cancelled", None)
    assert not cancel(ledger, "nobody's", AT)


def test_what_failed_is_requested_once_more_only_when_it_is_filed_anew(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    assert fail(ledger, ID, "no room", AT)
    file_request(ledger, WISH, LATER)
    assert (row(ledger).state, row(ledger).error) == ("failed", "no room")
    file_request(ledger, WISH, LATER, anew=True)
    assert (row(ledger).state, row(ledger).error, row(ledger).attempts) == ("requested", None, 2)


def test_one_whose_run_died_is_requested_once_more(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    assert ask_again(ledger, ID, LATER)
    assert (row(ledger).state, row(ledger).attempts) == ("requested", 2)


def test_only_what_was_not_begun_is_rejected(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    assert not reject(ledger, ID, "no such source", AT)
    file_request(ledger, other := replace(WISH, name="Other"), AT)
    assert reject(ledger, other.request_id, "no such source", AT)
    assert row(ledger, other.request_id).error == "no such source"


def test_the_record_of_acts_names_nobody(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    begin(ledger, ID, "run1", AT)
    fail(ledger, ID, "ann@house.example has no disk", AT)
    with ledger.reading() as connection:
        said = " ".join(f"{entry.subject} {entry.details}" for entry in history(connection))
    assert "ann" not in said
    assert acts(ledger) == ["requested", "running", "failed"]


def test_every_state_can_be_kept(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert in_state(connection, STATES) == []


def test_only_what_is_settled_can_be_removed(ledger: Ledger) -> None:
    file_request(ledger, WISH, AT)
    assert not remove_settled(ledger, ID)
    begin(ledger, ID, "run", AT)
    assert not remove_settled(ledger, ID)
    fail(ledger, ID, "no disk", AT)
    assert remove_settled(ledger, ID)
    assert not remove_settled(ledger, ID)
    with ledger.reading() as connection:
        assert in_state(connection, STATES) == []
