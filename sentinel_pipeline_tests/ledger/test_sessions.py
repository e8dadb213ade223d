"""Sessions begin with the right password only, end in time, and guessing is stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import SESSIONS
from sentinel_pipeline.ledger.sessions import (
    ABSOLUTE,
    IDLE,
    LOCKED_FOR,
    MOST_FAILURES,
    Client,
    end_others,
    open_sessions,
    sign_in,
    sign_out,
    signed_in,
)
from sentinel_pipeline_tests.ledger.people import AT, DESK, PASSWORD, acts, somebody

MINUTE = timedelta(minutes=1)


def begun(ledger: Ledger) -> str:
    secret = sign_in(ledger, "ann", PASSWORD, DESK, AT)
    assert secret
    return secret


def test_who_signs_in_is_known_until_signing_out(ledger: Ledger) -> None:
    user = somebody(ledger)
    secret = begun(ledger)
    assert signed_in(ledger, secret, AT + MINUTE) == user
    sign_out(ledger, secret, DESK, AT + MINUTE)
    assert signed_in(ledger, secret, AT + MINUTE) is None
    sign_out(ledger, secret, DESK, AT + MINUTE)
    assert acts(ledger)[1:] == [("signed in", user.user_id), ("signed out", user.user_id)]


def test_the_secret_itself_is_not_kept(ledger: Ledger) -> None:
    somebody(ledger)
    secret = begun(ledger)
    with ledger.reading() as connection:
        assert secret not in str(connection.execute(select(SESSIONS)).all())
        assert secret not in str(list(history(connection)))


def test_what_is_no_session_is_nobody(ledger: Ledger) -> None:
    somebody(ledger)
    begun(ledger)
    assert [signed_in(ledger, secret, AT) for secret in ("", "x", "\ud800", "x" * 10_000)] == [None] * 4


def test_a_session_ends_when_it_is_not_used(ledger: Ledger) -> None:
    somebody(ledger)
    secret = begun(ledger)
    assert signed_in(ledger, secret, AT + IDLE - MINUTE)
    assert signed_in(ledger, secret, AT + 2 * IDLE - 2 * MINUTE)
    assert signed_in(ledger, secret, AT + 3 * IDLE - 2 * MINUTE) is None


def test_a_session_ends_at_last_however_often_it_is_used(ledger: Ledger) -> None:
    somebody(ledger)
    secret = begun(ledger)
    at = AT
    while at + IDLE / 2 < AT + ABSOLUTE:
        at += IDLE / 2
        assert signed_in(ledger, secret, at)
    assert signed_in(ledger, secret, AT + ABSOLUTE) is None


def test_signing_in_anew_ends_the_session_the_browser_had(ledger: Ledger) -> None:
    somebody(ledger)
    earlier = begun(ledger)
    later = sign_in(ledger, "ann", PASSWORD, DESK, AT + MINUTE, earlier)
    assert later not in (None, earlier)
    assert signed_in(ledger, earlier, AT + MINUTE) is None


def test_sessions_that_have_ended_are_forgotten(ledger: Ledger) -> None:
    somebody(ledger)
    begun(ledger)
    sign_in(ledger, "ann", PASSWORD, DESK, AT + ABSOLUTE)
    with ledger.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(SESSIONS)) == 1


def test_wrong_passwords_in_a_row_lock_out_the_right_one_for_a_while(ledger: Ledger) -> None:
    user = somebody(ledger)
    for _ in range(MOST_FAILURES):
        assert sign_in(ledger, "ann", "wrong horse battery", DESK, AT) is None
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT + LOCKED_FOR - MINUTE) is None
    assert ("locked out", user.user_id) in acts(ledger)
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT + LOCKED_FOR)


def test_the_right_password_begins_the_count_anew(ledger: Ledger) -> None:
    somebody(ledger)
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            assert sign_in(ledger, "ann", "wrong horse battery", DESK, AT) is None
        assert sign_in(ledger, "ann", PASSWORD, DESK, AT)


def test_guessing_many_at_once_opens_no_more_than_guessing_in_a_row(ledger: Ledger) -> None:
    user = somebody(ledger)
    with ThreadPoolExecutor(4) as pool:
        guesses = [pool.submit(sign_in, ledger, "ann", f"wrong horse {n:04}", DESK, AT) for n in range(12)]
    assert [guess.result() for guess in guesses] == [None] * 12
    assert acts(ledger).count(("locked out", user.user_id)) == 1
    assert sign_in(ledger, "ann", PASSWORD, DESK, AT) is None


def test_what_can_be_no_name_is_nobodys(ledger: Ledger) -> None:
    somebody(ledger)
    names = ("", "ann\0", "a" * 100_000, "\ud800", "ann'; --", "%")
    assert [sign_in(ledger, name, PASSWORD, DESK, AT) for name in names] == [None] * 6


def test_an_unknown_name_is_denied_and_not_written_down(ledger: Ledger) -> None:
    somebody(ledger)
    assert sign_in(ledger, "my-password-by-mistake", "x", Client("192.0.2.9", "y" * 900), AT) is None
    assert acts(ledger)[-1] == ("sign-in denied", "nobody")
    with ledger.reading() as connection:
        details = list(history(connection))[-1].details
    assert "mistake" not in details
    assert "192.0.2.9" in details
    assert len(details) < 400


def test_somebody_ends_their_other_sessions_and_nobody_elses(ledger: Ledger) -> None:
    ann, bob = somebody(ledger), somebody(ledger, "bob")
    here, elsewhere = begun(ledger), begun(ledger)
    others = sign_in(ledger, "bob", PASSWORD, DESK, AT)
    assert others is not None
    with ledger.reading() as connection:
        seen = open_sessions(connection, ann.user_id, here, AT)
        assert open_sessions(connection, ann.user_id, here, AT + IDLE) == []
    assert sorted(one.is_this for one in seen) == [False, True]
    assert end_others(ledger, ann.user_id, here, DESK, AT) == 1
    assert signed_in(ledger, here, AT) == ann
    assert signed_in(ledger, elsewhere, AT) is None
    assert signed_in(ledger, others, AT) == bob
    assert acts(ledger)[-1] == ("signed out elsewhere", ann.user_id)
