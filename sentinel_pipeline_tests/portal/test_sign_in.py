"""Nobody sees anything without signing in, and nobody is signed in by somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel_pipeline.ledger.sessions import IDLE, LOCKED_FOR, MOST_FAILURES
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.portal.sign_in import local_path
from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal, serving, sign_in, word_of

PAGES = ("/", "/editions", "/editions/daily/2026-10-28", "/editions/daily/2026-10-28/r1", "/files/exports/mine.csv")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_sign_in_and_back(portal: Portal, path: str) -> None:
    answer = portal.browser().get(f"{path}?a=b")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?then=" + path)
    browser = portal.browser()
    assert sign_in(browser, "analyst", then=path).headers["location"] == path


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(portal: Portal) -> None:
    said = sign_in(portal.browser(), "viewer").headers["set-cookie"].lower()
    assert said.startswith("sentinel_session=")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in said.split(";")}
    assert "secure" not in said


def test_behind_https_cookies_insist_on_it(portal: Portal) -> None:
    with serving(portal.data, is_https=True) as secure:
        browser = secure.browser()
        answer = browser.get("/sign-in")
        assert answer.headers["set-cookie"].startswith("__Host-sentinel_caller=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_signing_in_gives_a_session_that_nobody_had_before(portal: Portal) -> None:
    browser = portal.browser()
    sign_in(browser, "analyst")
    first = browser.cookies["sentinel_session"]
    browser.cookies.delete("sentinel_session")
    browser.cookies.set("sentinel_session", "planted-by-somebody")
    sign_in(browser, "analyst")
    values = {cookie.value for cookie in browser.cookies.jar if cookie.name == "sentinel_session"}
    assert not values & {first} - {"planted-by-somebody"}
    assert browser.get("/editions").status_code in (200, 303)


def test_a_wrong_password_and_an_unknown_name_look_the_same(portal: Portal) -> None:
    answers = [sign_in(portal.browser(), name, "wrong horse battery") for name in ("viewer", "nobody-here")]
    assert [answer.status_code for answer in answers] == [401, 401]
    said = [answer.text.replace(word_of(answer), "") for answer in answers]
    assert said[0] == said[1]


def test_who_guesses_is_locked_out(portal: Portal) -> None:
    add(portal.ledger, "guessed", "viewer", PASSWORD, "tests", portal.clock())
    for _ in range(MOST_FAILURES):
        assert sign_in(portal.browser(), "guessed", "wrong horse battery").status_code == 401
    assert sign_in(portal.browser(), "guessed").status_code == 401
    portal.clock.now += LOCKED_FOR
    assert sign_in(portal.browser(), "guessed").status_code == 303


def test_a_session_left_alone_ends(portal: Portal) -> None:
    browser = portal.browser()
    sign_in(browser, "viewer")
    assert browser.get("/editions").status_code == 200
    portal.clock.now += IDLE
    assert browser.get("/editions").status_code == 303
    portal.clock.now -= IDLE


def test_signing_out_ends_the_session_for_good(portal: Portal) -> None:
    browser = portal.browser()
    sign_in(browser, "viewer")
    secret, word = browser.cookies["sentinel_session"], word_of(browser.get("/editions"))
    assert browser.post("/sign-out", data={"word": word}).headers["location"] == "/sign-in"
    browser.cookies.set("sentinel_session", secret)
    assert browser.get("/editions").status_code == 303


@pytest.mark.parametrize("word", ["", "0" * 64, "ü", None])
def test_a_form_that_is_not_ours_changes_nothing(portal: Portal, word: str | None) -> None:
    browser = portal.browser()
    sign_in(browser, "viewer")
    answer = browser.post("/sign-out", data={} if word is None else {"word": word})
    assert answer.status_code == 403
    assert browser.get("/editions").status_code == 200


def test_the_word_of_another_session_is_none(portal: Portal) -> None:
    browser = portal.browser()
    sign_in(browser, "viewer")
    other = word_of(portal.people["admin"].get("/editions"))
    assert browser.post("/sign-out", data={"word": other}).status_code == 403


def test_nobody_can_be_signed_in_from_elsewhere(portal: Portal) -> None:
    form = {"name": "viewer", "password": PASSWORD}
    browser = portal.browser()
    assert browser.post("/sign-in", data=form).status_code == 403
    form["word"] = word_of(portal.browser().get("/sign-in"))  # of another browser
    assert browser.post("/sign-in", data=form).status_code == 403
    form["word"] = word_of(browser.get("/sign-in"))
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "evil.example"}):
        assert browser.post("/sign-in", data=form, headers=headers).status_code == 403
    assert browser.post("/sign-in", data=form).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\u202e",
        "/ü",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(portal: Portal, wanted: str) -> None:
    assert local_path(wanted) == "/editions"
    assert sign_in(portal.browser(), "viewer", then=wanted).headers["location"] == "/editions"


def test_a_request_that_brings_too_much_is_refused(portal: Portal) -> None:
    def endless() -> object:
        yield b"name=" + b"x" * 100_000

    for content in (b"name=" + b"x" * 100_000, endless()):
        answer = portal.browser().post(
            "/sign-in",
            content=content,  # type: ignore[arg-type]
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 413


def test_sign_ins_and_denials_are_on_record_without_what_was_typed(portal: Portal) -> None:
    browser = portal.browser([(b"user-agent", 'a"b\u00ad}] x'.encode("latin-1"))])
    sign_in(browser, "viewer", "a very secret guess")
    sign_in(browser, "viewer")
    denied, admitted = portal.record()[-2:]
    assert [denied.act, admitted.act] == ["sign-in denied", "signed in"]
    assert "127.0.0.1" in admitted.details
    assert "secret guess" not in denied.details
    assert "\u00ad" not in denied.details


def test_without_users_the_page_says_how_to_make_one(portal: Portal) -> None:
    data = portal.data.parent / "nobody"
    data.mkdir()
    with serving(data) as empty:
        assert "sentinel users add NAME --role admin" in empty.browser().get("/sign-in").text
    assert "sentinel users add NAME" not in portal.browser().get("/sign-in").text


def test_time_is_the_portals_own(portal: Portal) -> None:
    portal.clock.now += timedelta(minutes=1)
    sign_in(portal.browser(), "viewer")
    assert portal.record()[-1].recorded_at == portal.clock.now
