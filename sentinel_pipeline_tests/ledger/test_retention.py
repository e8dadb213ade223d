"""What is announced is told once by mail, on both databases; a migration leaves what was announced before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from sentinel_pipeline.ledger import migrations
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.retention import (
    Identity,
    announce,
    announced,
    begin_deletion,
    end_deletion,
    forget,
    mailed,
    tell,
    untold,
)

AT = datetime(2025, 6, 1, 2, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
DAY, NEXT = date(2025, 6, 1), date(2025, 6, 2)
ONE: Identity = ("facts", "2025-01-10")
TWO: Identity = ("facts", "2025-01-11")


def told(ledger: Ledger) -> dict[Identity, datetime | None]:
    with ledger.reading() as connection:
        return mailed(connection)


def waiting(ledger: Ledger) -> list[str]:
    with ledger.reading() as connection:
        return [one.said for one in untold(connection)]


def settle(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        waiting = untold(connection)
    for one in waiting:
        tell(ledger, one, LATER)
        tell(ledger, one, LATER + timedelta(days=1))


def test_each_announcement_is_one_mail_and_told_once(ledger: Ledger) -> None:
    announce(ledger, [ONE, TWO], DAY, AT, "the first")
    announce(ledger, [("exports", "2025-01-10")], NEXT, AT, "the second")
    assert waiting(ledger) == ["the first", "the second"]
    settle(ledger)
    assert waiting(ledger) == []
    assert set(told(ledger).values()) == {LATER}


def test_what_was_announced_without_mail_is_announced_anew_with_one(ledger: Ledger) -> None:
    announce(ledger, [ONE], DAY, AT)
    assert (told(ledger), waiting(ledger)) == ({}, [])
    announce(ledger, [ONE], NEXT, AT, "now by mail")
    assert told(ledger) == {ONE: None}
    with ledger.reading() as connection:
        assert announced(connection) == {ONE: NEXT}


def test_nobody_is_told_of_what_is_held_or_gone_meanwhile(ledger: Ledger) -> None:
    announce(ledger, [ONE], DAY, AT, "held")
    announce(ledger, [TWO], DAY, AT, "gone")
    forget(ledger, [ONE])
    begin_deletion(ledger, TWO, AT, {})
    assert waiting(ledger) == ["gone"], "whoever deletes may die, and the rest is still to go"
    end_deletion(ledger, TWO, AT, {})
    assert waiting(ledger) == []


def test_a_ledger_of_the_version_before_keeps_what_was_announced(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:5])
        with open_ledger(url).writing() as connection:
            connection.execute(text("INSERT INTO retention_notices VALUES ('facts', '2025-01-10', '2025-06-01')"))
    again = open_ledger(url)
    with again.reading() as connection:
        assert announced(connection) == {ONE: DAY}
    assert told(again) == {}
