"""Only what secrets can be checked with is kept, and checking takes as long for nobody as for somebody."""

from __future__ import annotations

import pytest

from sentinel_pipeline.domain.errors import BusyError, UsageError
from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.ledger.credentials import (
    AT_ONCE,
    HASHER,
    MOST_PASSWORD_BYTES,
    NOBODYS,
    digest,
    hashed,
    is_password,
    new_id,
    new_secret,
)


def test_a_password_is_known_again_and_no_other_is() -> None:
    kept = hashed("correct horse battery")
    assert "correct" not in kept
    assert kept.startswith("$argon2id$")
    assert is_password(kept, "correct horse battery")
    for other in ("correct horse Battery", "", "correct horse battery\0", "\ud800", "x" * (MOST_PASSWORD_BYTES + 1)):
        assert not is_password(kept, other)


def test_the_same_password_is_kept_in_two_ways() -> None:
    assert hashed("correct horse battery") != hashed("correct horse battery")


@pytest.mark.parametrize("password", ["", "eleven char", "ü" * (MOST_PASSWORD_BYTES // 2 + 1)])
def test_a_poor_password_is_refused(password: str) -> None:
    with pytest.raises(UsageError, match="a password has at"):
        hashed(password)


def test_nobodys_password_costs_what_any_other_does_and_is_none() -> None:
    assert not HASHER.check_needs_rehash(NOBODYS)
    assert not is_password(NOBODYS, "correct horse battery")


def test_what_is_no_hash_lets_nobody_in() -> None:
    assert not is_password("", "")
    assert not is_password("plain", "plain")


def test_only_so_many_passwords_are_checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "SECONDS_TO_WAIT", 0.01)
    with AT_ONCE, AT_ONCE, pytest.raises(BusyError):
        is_password(NOBODYS, "correct horse battery")
    assert not is_password(NOBODYS, "correct horse battery")


def test_secrets_and_ids_are_never_the_same_twice() -> None:
    assert len({new_secret() for _ in range(100)}) == len({new_id() for _ in range(100)}) == 100
    assert digest("a") != digest("b")
