"""Tokens are good for what they name, for as long as they say, and are shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sentinel_pipeline.domain.access import Permission
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import TOKENS
from sentinel_pipeline.ledger.tokens import LONGEST_LIFE, holder, make, revoke, tokens
from sentinel_pipeline.ledger.users import change_role, set_active
from sentinel_pipeline_tests.ledger.people import AT, acts, somebody

DAY = timedelta(days=1)


def made(ledger: Ledger, life: timedelta = 2 * DAY) -> str:
    return make(ledger, "ann", "nightly", ["DATA_EXPORT", "ANALYTICS_VIEW"], life, "tests", AT)


def test_a_token_stands_for_its_user_and_what_it_names(ledger: Ledger) -> None:
    user = somebody(ledger)
    held = holder(ledger, made(ledger), AT + DAY)
    assert held is not None
    assert held.user == user
    assert held.permissions == {"DATA_EXPORT", "ANALYTICS_VIEW"}


def test_a_token_ends(ledger: Ledger) -> None:
    somebody(ledger)
    secret = made(ledger)
    assert holder(ledger, secret, AT + 2 * DAY - timedelta(seconds=1))
    assert holder(ledger, secret, AT + 2 * DAY) is None


def test_a_revoked_token_is_none(ledger: Ledger) -> None:
    somebody(ledger)
    secret = made(ledger)
    with ledger.reading() as connection:
        (token,) = tokens(connection)
    revoke(ledger, token.token_id, "tests", AT)
    assert holder(ledger, secret, AT) is None
    for unknown in (token.token_id, "none"):
        with pytest.raises(UsageError, match="to revoke"):
            revoke(ledger, unknown, "tests", AT)
    assert [act for act, subject in acts(ledger) if subject == token.token_id] == ["token made", "token revoked"]


def test_a_token_may_never_more_than_its_user_may_now(ledger: Ledger) -> None:
    somebody(ledger)
    secret = made(ledger)
    change_role(ledger, "ann", "viewer", "tests", AT)
    held = holder(ledger, secret, AT)
    assert held is not None
    assert held.permissions == set()
    set_active(ledger, "ann", is_active=False, by="tests", at=AT)
    assert holder(ledger, secret, AT) is None


REFUSED: list[tuple[str, list[Permission], timedelta, str]] = [
    ("", ["DATA_EXPORT"], DAY, "a token's label"),
    ("a\nb", ["DATA_EXPORT"], DAY, "a token's label"),
    ("x" * 81, ["DATA_EXPORT"], DAY, "a token's label"),
    ("x", [], DAY, "not nothing"),
    ("x", ["USERS_MANAGE"], DAY, "role analyst may name .*; not USERS_MANAGE"),
    ("x", ["DATA_EXPORT"], timedelta(0), "a token lives for"),
    ("x", ["DATA_EXPORT"], LONGEST_LIFE + DAY, "a token lives for"),
]


def test_a_token_that_would_be_too_much_is_refused(ledger: Ledger) -> None:
    somebody(ledger)
    for label, scopes, life, said in REFUSED:
        with pytest.raises(UsageError, match=said):
            make(ledger, "ann", label, scopes, life, "tests", AT)
    with ledger.reading() as connection:
        assert tokens(connection) == []


def test_what_is_no_token_is_nobodys(ledger: Ledger) -> None:
    somebody(ledger)
    made(ledger)
    assert [holder(ledger, secret, AT) for secret in ("", "sentinel_", "sentinel_x", "\ud800", "x" * 9_999)] == [
        None
    ] * 5


def test_the_secret_itself_is_kept_nowhere(ledger: Ledger) -> None:
    somebody(ledger)
    secret = made(ledger)
    holder(ledger, secret, AT)
    with ledger.reading() as connection:
        assert secret not in str(connection.execute(select(TOKENS)).all())
        assert secret not in str(list(history(connection)))


def test_a_list_says_when_a_token_was_used_last(ledger: Ledger) -> None:
    somebody(ledger)
    secret = made(ledger)
    for after in (0, 30, 90):
        holder(ledger, secret, AT + timedelta(seconds=after))
    with ledger.reading() as connection:
        (token,) = tokens(connection)
    assert (token.user, token.label, token.scopes) == ("ann", "nightly", ("ANALYTICS_VIEW", "DATA_EXPORT"))
    assert token.used_at == AT + timedelta(seconds=90)
