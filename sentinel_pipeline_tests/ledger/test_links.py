"""A link is kept once, used and revoked; the record of acts names no recipient."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.links import Link, keep, link_of, links_of, note_use, revoke
from sentinel_pipeline_tests.ledger.people import AT, acts, somebody

FILE = "editions/daily/2025-03-12/r1/report.pdf"
LATER = AT + timedelta(days=1)


def to_user(ledger: Ledger, name: str = "ann", link_id: str = "1") -> Link:
    user = somebody(ledger, name).user_id
    return keep(ledger, Link(link_id, FILE, user, None, None, user, AT, LATER))


def to_recipient(ledger: Ledger) -> Link:
    return keep(ledger, Link("2", FILE, None, "eve@house.example", "Daily", "delivery", AT, LATER))


def test_a_link_of_the_same_id_stays_as_it_is(ledger: Ledger) -> None:
    first = to_recipient(ledger)
    assert keep(ledger, replace(first, expires_at=LATER + timedelta(days=9))) == first
    assert acts(ledger) == [("link made", "2")]


def test_a_link_ends_when_its_time_is_over_or_it_is_revoked(ledger: Ledger) -> None:
    link = to_user(ledger)
    assert not link.is_over(LATER - timedelta(seconds=1))
    assert link.is_over(LATER)
    assert revoke(ledger, "1", "admin", AT)
    assert not revoke(ledger, "1", "admin", AT)
    assert not revoke(ledger, "none", "admin", AT)
    with ledger.reading() as connection:
        found = link_of(connection, "1")
    assert found is not None
    assert found.is_over(AT)


def test_uses_are_counted(ledger: Ledger) -> None:
    link = to_user(ledger)
    note_use(ledger, link, {"bytes": 7}, AT)
    note_use(ledger, link, {"bytes": 7}, AT)
    with ledger.reading() as connection:
        found = link_of(connection, "1")
    assert found is not None
    assert (found.uses, found.used_at) == (2, AT)
    assert acts(ledger)[-1] == ("downloaded", link.user_id)


def test_everybody_sees_their_own(ledger: Ledger) -> None:
    mine, other = to_user(ledger), to_user(ledger, "bob", "3")
    to_recipient(ledger)
    with ledger.reading() as connection:
        assert [one.link_id for one in links_of(connection, mine.user_id, 10)] == ["1"]
        assert [one.link_id for one in links_of(connection, other.user_id, 10)] == ["3"]
        assert len(links_of(connection, None, 10)) == 3


def test_the_record_of_acts_names_no_recipient(ledger: Ledger) -> None:
    note_use(ledger, to_recipient(ledger), {"bytes": 7}, AT)
    with ledger.reading() as connection:
        said = " ".join(f"{entry.subject} {entry.details}" for entry in history(connection))
    assert "eve" not in said
