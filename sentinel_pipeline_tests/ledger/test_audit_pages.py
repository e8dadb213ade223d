"""The record as people read it: newest first, so many at once, those they look for."""

from __future__ import annotations

from datetime import timedelta

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.audit_pages import Sought, acts, lines, newest
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline_tests.ledger.people import AT


def told(ledger: Ledger, sought: Sought, limit: int = 10) -> list[int]:
    with ledger.reading() as connection:
        return [entry.number for entry in newest(connection, sought, limit)]


def test_lines_come_newest_first_and_are_leafed_through(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        for number in range(1, 8):
            record(connection, AT + timedelta(seconds=number), "made", f"daily/{number}", {})
    assert told(ledger, Sought(), 3) == [7, 6, 5]
    assert told(ledger, Sought(before=5), 3) == [4, 3, 2]
    with ledger.reading() as connection:
        assert lines(connection) == 7


def test_lines_are_found_by_act_and_by_a_text_in_subject_or_particulars(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        record(connection, AT, "made", "daily/100%", {})
        record(connection, AT, "sent", "weekly/1", {"file": "report.pdf"})
        record(connection, AT, "made", "daily/100", {})
    assert told(ledger, Sought(act="made")) == [3, 1]
    assert told(ledger, Sought(text="report.pdf")) == [2]
    assert told(ledger, Sought(text="100%")) == [1]
    assert told(ledger, Sought(act="sent", text="daily")) == []
    with ledger.reading() as connection:
        assert acts(connection) == ["made", "sent"]
