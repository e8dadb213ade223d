"""An export is filed, made once, kept for a while and deleted; whatever happens is on record."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sentinel_pipeline.domain.export_order import EXPORT_STATES, OPEN_EXPORTS, ExportOrder
from sentinel_pipeline.ledger.audit import event_of, history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.exports import (
    Export,
    Made,
    ask_again,
    begin,
    cancel,
    complete,
    counts,
    expire,
    export_of,
    fail,
    file_export,
    in_state,
    note_download,
    note_progress,
    of_user,
    remove,
    states_of,
)
from sentinel_pipeline.ledger.rates import EXPORTS_AN_HOUR, use
from sentinel_pipeline_tests.ledger.people import AT, acts, somebody

LATER = AT + timedelta(minutes=1)
WISH = ExportOrder(
    "device_data",
    "csv",
    "energy_readings",
    {"device": ["192.0.2.7"], "since": "2025-03-01"},
    fields=("timestamp", "power_w"),
)
MADE = Made("exports/on-request/x/a.csv", "ab" * 32, 1_000, 12, AT + timedelta(days=7))


@pytest.fixture
def ann(ledger: Ledger) -> str:
    return somebody(ledger).user_id


def filed(ledger: Ledger, user: str, minutes: int = 0) -> str:
    return file_export(ledger, WISH, user, AT + timedelta(minutes=minutes))


def row(ledger: Ledger, name: str) -> Export:
    with ledger.reading() as connection:
        found = export_of(connection, name)
    assert found is not None
    return found


def made(ledger: Ledger, name: str) -> Export:
    assert begin(ledger, name, "run1", AT)
    assert complete(ledger, name, MADE, LATER)
    return row(ledger, name)


def test_what_is_filed_is_what_was_ordered(ledger: Ledger, ann: str) -> None:
    found = row(ledger, filed(ledger, ann))
    assert (found.order, found.user_id, found.user, found.state, found.progress) == (WISH, ann, "ann", "queued", 0)
    assert filed(ledger, ann) != filed(ledger, ann)


def test_an_export_is_made_and_completed(ledger: Ledger, ann: str) -> None:
    name = filed(ledger, ann)
    assert not note_progress(ledger, name, 10)
    assert begin(ledger, name, "run1", AT)
    assert note_progress(ledger, name, 40)
    assert (row(ledger, name).state, row(ledger, name).progress) == ("running", 40)
    assert complete(ledger, name, MADE, LATER)
    found = row(ledger, name)
    assert (found.state, found.progress, found.rows, found.bytes, found.file) == (
        "completed",
        100,
        12,
        1_000,
        MADE.file,
    )
    assert not any((begin(ledger, name, "run2", LATER), fail(ledger, name, "late", LATER), cancel(ledger, name, LATER)))


def test_one_whose_maker_died_is_made_again(ledger: Ledger, ann: str) -> None:
    name = filed(ledger, ann)
    begin(ledger, name, "run1", AT)
    assert ask_again(ledger, name, LATER)
    assert (row(ledger, name).state, row(ledger, name).attempts, row(ledger, name).progress) == ("queued", 2, 0)


@pytest.mark.parametrize("has_begun", [False, True])
def test_what_is_deleted_meanwhile_is_not_completed(ledger: Ledger, ann: str, has_begun: bool) -> None:
    name = filed(ledger, ann)
    if has_begun:
        begin(ledger, name, "run1", AT)
    assert remove(ledger, name, {"by": ann}, AT)
    assert not remove(ledger, name, {"by": ann}, AT)
    assert not any((begin(ledger, name, "run2", AT), note_progress(ledger, name, 5), complete(ledger, name, MADE, AT)))
    with ledger.reading() as connection:
        assert export_of(connection, name) is None
        assert states_of(connection, [name, "nobody's"]) == {name: "deleted"}
        assert of_user(connection, ann, 10, 0) == ([], 0)


def test_a_cancelled_one_stays_cancelled(ledger: Ledger, ann: str) -> None:
    name = filed(ledger, ann)
    assert cancel(ledger, name, AT)
    assert not any((begin(ledger, name, "run", AT), complete(ledger, name, MADE, AT), ask_again(ledger, name, AT)))


def test_one_that_failed_does_not_count_in_the_hour(ledger: Ledger, ann: str) -> None:
    names = []
    for minute in range(10):
        at = AT + timedelta(minutes=minute)
        assert use(ledger, ann, EXPORTS_AN_HOUR, at).is_allowed
        names.append(file_export(ledger, WISH, ann, at))
    assert not use(ledger, ann, EXPORTS_AN_HOUR, AT + timedelta(minutes=10)).is_allowed
    begin(ledger, names[3], "run", AT)
    assert fail(ledger, names[3], "no room", AT)
    assert row(ledger, names[3]).error == "no room"
    assert use(ledger, ann, EXPORTS_AN_HOUR, AT + timedelta(minutes=11)).is_allowed


def test_what_was_kept_long_enough_expires_once(ledger: Ledger, ann: str) -> None:
    kept, running = made(ledger, filed(ledger, ann)).export_id, filed(ledger, ann)
    assert expire(ledger, AT + timedelta(days=7) - timedelta(seconds=1)) == []
    assert not row(ledger, kept).is_expired(AT + timedelta(days=6))
    assert row(ledger, kept).is_expired(AT + timedelta(days=7))
    assert expire(ledger, AT + timedelta(days=7)) == [kept]
    assert expire(ledger, AT + timedelta(days=8)) == []
    assert (row(ledger, kept).state, row(ledger, running).state) == ("expired", "queued")


def test_everybody_sees_their_own_the_newest_first(ledger: Ledger, ann: str) -> None:
    bob = somebody(ledger, "bob").user_id
    mine = [filed(ledger, ann, minute) for minute in range(3)]
    filed(ledger, bob)
    with ledger.reading() as connection:
        rows, total = of_user(connection, ann, 2, 0)
        assert ([one.export_id for one in rows], total) == ([mine[2], mine[1]], 3)
        assert [one.export_id for one in of_user(connection, ann, 2, 2)[0]] == [mine[0]]
        assert of_user(connection, None, 10, 0)[1] == 4
        assert [one.export_id for one in in_state(connection, OPEN_EXPORTS)][-1] == mine[2]
        assert in_state(connection, EXPORT_STATES)


def test_counts_are_of_what_was_made(ledger: Ledger, ann: str) -> None:
    bob = somebody(ledger, "bob").user_id
    deleted, _, _ = made(ledger, filed(ledger, ann)), made(ledger, filed(ledger, ann, 5)), filed(ledger, ann)
    made(ledger, filed(ledger, bob))
    remove(ledger, deleted.export_id, {}, LATER)
    with ledger.reading() as connection:
        mine = counts(connection, ann, AT + timedelta(minutes=5))
        assert (mine.exports, mine.since, mine.bytes) == (2, 1, 2_000)
        assert (mine.types, mine.formats) == ({"device_data": 2}, {"csv": 2})
        assert counts(connection, None, AT).exports == 3


def test_a_download_is_counted_and_on_record(ledger: Ledger, ann: str) -> None:
    name = made(ledger, filed(ledger, ann)).export_id
    note_download(ledger, name, ann, {"bytes": 1_000}, LATER)
    assert row(ledger, name).downloads == 1
    remove(ledger, name, {"by": ann}, LATER)
    said = [(event_of(act), subject) for act, subject in acts(ledger)]
    assert said[1:] == [
        ("DATA_EXPORT", name),
        ("EXPORT_RUNNING", name),
        ("EXPORT_COMPLETED", name),
        ("DATA_EXPORTED", ann),
        ("DATA_DELETED", name),
    ]


def test_the_record_tells_what_was_asked_and_of_no_device(ledger: Ledger, ann: str) -> None:
    name = filed(ledger, ann)
    with ledger.reading() as connection:
        entry = next(one for one in history(connection) if one.subject == name)
    said = json.loads(entry.details)
    assert said == {
        "user": ann,
        "export_type": "device_data",
        "format": "csv",
        "devices": 1,
        "since": "2025-03-01",
    }
