"""A ledger arrives whole in PostgreSQL, or not at all, and what was left behind takes no more."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Column, Connection, Date, Double, Integer, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.ledger import moving
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.migrations import MovedError
from sentinel_pipeline.ledger.moving import contents, move
from sentinel_pipeline.ledger.schema import METADATA, Instant
from sentinel_pipeline_tests.ledger.people import AT

# What the checks of the tables allow where not just anything is.
ALLOWED = {
    ("deliveries", "state"): "sent",
    ("requests", "state"): "done",
    ("exports", "state"): "completed",
    ("users", "role"): "analyst",
    ("links", "recipient"): None,
}
ROWS = 7


def a_value(column: Column[object], number: int) -> object:
    if column.name == "user_id":
        return f"user {number}"
    if (column.table.name, column.name) in ALLOWED:
        return ALLOWED[column.table.name, column.name]
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Instant):
        return AT.replace(microsecond=number)
    if isinstance(column.type, Date):
        return AT.date()
    return number if isinstance(column.type, Integer | Double) else f"Größe {number}"


def filled(ledger: Ledger) -> Ledger:
    """A ledger with rows in every table, those of the record of acts in their chain."""
    with ledger.writing() as connection:
        for table in METADATA.tables.values():
            for number in range(ROWS):
                if table.name == "audit":
                    record(connection, AT, "planned", f"delivery {number}", {})
                else:
                    connection.execute(insert(table), {c.name: a_value(c, number) for c in table.columns})
    return ledger


@pytest.fixture
def source(tmp_path: Path) -> Ledger:
    return filled(open_ledger(f"sqlite:///{tmp_path / 'state.db'}"))


@pytest.fixture
def target(postgresql_url: str) -> Ledger:
    return open_ledger(postgresql_url)


def rows(ledger: Ledger, table: Table) -> list[tuple[object, ...]]:
    with ledger.reading() as connection:
        return sorted((tuple(row) for row in connection.execute(select(table))), key=repr)


def is_empty(ledger: Ledger) -> bool:
    with ledger.reading() as connection:
        return not any(content.rows for content in contents(connection).values())


def test_every_row_of_every_table_arrives(source: Ledger, target: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "AT_ONCE", 3)
    before = {table.name: rows(source, table) for table in METADATA.tables.values()}
    assert move(source, target) == dict.fromkeys(METADATA.tables, ROWS)
    assert {table.name: rows(target, table) for table in METADATA.tables.values()} == before


def test_a_ledger_that_was_moved_is_neither_opened_nor_written_any_more(source: Ledger, target: Ledger) -> None:
    move(source, target)
    with pytest.raises(MovedError, match=r"was moved to ledger .*; set SENTINEL_POSTGRESQL_URL"):
        open_ledger(str(source.engine.url))
    with pytest.raises(LedgerError, match="this ledger was moved to another database"), source.writing() as connection:
        record(connection, AT, "planned", "late", {})
    for table in METADATA.tables.values():
        with source.engine.begin() as connection, pytest.raises(IntegrityError):
            connection.execute(text(f"DELETE FROM {table.name}"))


def test_a_database_that_holds_another_ledger_is_left_alone(source: Ledger, target: Ledger) -> None:
    with target.writing() as connection:
        record(connection, AT, "planned", "another", {})
    with pytest.raises(LedgerError, match="holds audit already; name a database without a ledger in it"):
        move(source, target)
    assert open_ledger(str(source.engine.url)), "it can still be used"


def test_a_move_that_was_cut_off_after_the_rows_arrived_is_finished(
    source: Ledger, target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(moving, "close", cut_off)
    with pytest.raises(KeyboardInterrupt):
        move(source, target)
    monkeypatch.undo()
    assert not is_empty(target)
    assert move(source, target) == dict.fromkeys(METADATA.tables, ROWS)


def test_nothing_is_kept_when_something_else_arrives_than_was_read(
    source: Ledger, target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_copy = moving._copy

    def copying(table: Table, old: Connection, new: Connection) -> None:
        true_copy(table, old, new)
        if table.name == "requests":
            new.execute(text("UPDATE requests SET request = 'less' WHERE request_id = 'Größe 3'"))

    monkeypatch.setattr(moving, "_copy", copying)
    with pytest.raises(LedgerError, match=r"what arrived differs from .*; nothing was kept"):
        move(source, target)
    assert is_empty(target)
    assert open_ledger(str(source.engine.url))


def test_a_broken_record_of_acts_is_not_carried_over(source: Ledger, target: Ledger) -> None:
    with source.writing() as connection:
        connection.execute(text("UPDATE audit SET subject = 'x' WHERE number = 3"))
    with pytest.raises(LedgerError, match="its record of acts was changed at line 3; nothing was moved"):
        move(source, target)
    assert is_empty(target)


def test_instants_stay_the_same_instants(source: Ledger, target: Ledger) -> None:
    move(source, target)
    with target.reading() as connection:
        (told,) = {row.changed_at for row in connection.execute(select(METADATA.tables["subscriptions"]).limit(1))}
    assert isinstance(told, datetime)
    assert told.tzinfo is not None
