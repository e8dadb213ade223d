"""Users are added and changed in a few ways only, each of them on record; there is always an admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.sessions import sign_in, signed_in
from sentinel_pipeline.ledger.users import (
    add,
    change_password,
    change_role,
    everybody,
    has_users,
    named,
    set_active,
)
from sentinel_pipeline_tests.ledger.people import AT, DESK, PASSWORD, acts, somebody

LATER = AT + timedelta(minutes=5)


def test_a_user_is_found_however_the_name_is_written(ledger: Ledger) -> None:
    added = somebody(ledger, " Ann@House.example ")
    with ledger.reading() as connection:
        assert named(connection, "ANN@house.EXAMPLE") == added
        assert [user.name for user in everybody(connection)] == ["ann@house.example"]


def test_a_name_that_could_be_taken_for_something_else_is_refused(ledger: Ledger) -> None:
    for name in ("", " ", "a b", "-a", "a\nb", "a" * 129, "ännchen", "a/b", "<b>", "a\u202eb", "'--"):
        with pytest.raises(UsageError, match="is no name"):
            somebody(ledger, name)


def test_a_name_is_taken_once(ledger: Ledger) -> None:
    somebody(ledger)
    with pytest.raises(UsageError, match="there is a user 'ann' already"):
        somebody(ledger, "ANN")


def test_a_role_nobody_knows_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="'root' is no role; choose one of admin, analyst, viewer"):
        somebody(ledger, role="root")  # type: ignore[arg-type]
    somebody(ledger)
    with pytest.raises(UsageError, match="'root' is no role"):
        change_role(ledger, "ann", "root", "tests", AT)  # type: ignore[arg-type]


def test_the_last_admin_stays_one(ledger: Ledger) -> None:
    somebody(ledger, "root", "admin")
    somebody(ledger, "ann", "analyst")
    with pytest.raises(UsageError, match="'root' is the only admin"):
        change_role(ledger, "root", "viewer", "tests", AT)
    with pytest.raises(UsageError, match="'root' is the only admin"):
        set_active(ledger, "root", is_active=False, by="tests", at=AT)
    somebody(ledger, "second", "admin")
    set_active(ledger, "second", is_active=False, by="tests", at=AT)
    with pytest.raises(UsageError, match="only admin"):  # one that is disabled is none
        change_role(ledger, "root", "viewer", "tests", AT)
    set_active(ledger, "second", is_active=True, by="tests", at=AT)
    change_role(ledger, "root", "viewer", "tests", AT)
    change_role(ledger, "second", "admin", "tests", AT)


def test_any_change_ends_what_is_signed_in(ledger: Ledger) -> None:
    somebody(ledger)
    changes: tuple[Callable[[], None], ...] = (
        lambda: change_role(ledger, "ann", "viewer", "tests", LATER),
        lambda: change_password(ledger, "ann", PASSWORD, "tests", LATER),
        lambda: set_active(ledger, "ann", is_active=True, by="tests", at=LATER),
    )
    for change in changes:
        secret = sign_in(ledger, "ann", PASSWORD, DESK, AT)
        assert secret
        assert signed_in(ledger, secret, LATER)
        change()
        assert signed_in(ledger, secret, LATER) is None


def test_who_is_disabled_gets_in_no_more_until_enabled(ledger: Ledger) -> None:
    somebody(ledger)
    set_active(ledger, "ann", is_active=False, by="tests", at=AT)
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT) is None
    with ledger.reading() as connection:
        assert not has_users(connection)
    set_active(ledger, "ann", is_active=True, by="tests", at=AT)
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT)


def test_another_password_is_the_only_one_from_then_on(ledger: Ledger) -> None:
    somebody(ledger)
    change_password(ledger, "ann", "another horse battery", "tests", AT)
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT) is None
    assert sign_in(ledger, "ann", "another horse battery", DESK, AT)


def test_every_change_is_on_record_without_names_and_passwords(ledger: Ledger) -> None:
    user = somebody(ledger, "ann@house.example")
    change_role(ledger, user.name, "viewer", "tests", AT)
    change_password(ledger, user.name, "another horse battery", "tests", AT)
    set_active(ledger, user.name, is_active=False, by="tests", at=AT)
    said = ["user added", "role changed", "password changed", "user disabled"]
    assert acts(ledger) == [(act, user.user_id) for act in said]
    with ledger.reading() as connection:
        everything = " ".join(str(entry) for entry in history(connection))
    for personal in ("ann", "horse", "argon2"):
        assert personal not in everything


def test_what_was_refused_changed_nothing(ledger: Ledger) -> None:
    somebody(ledger)
    before = acts(ledger)
    with pytest.raises(UsageError, match="at least 12 characters"):
        add(ledger, "bob", "viewer", "short", "tests", AT)
    with pytest.raises(UsageError, match="there is no user 'bob'"):
        change_role(ledger, "bob", "admin", "tests", AT)
    assert acts(ledger) == before
