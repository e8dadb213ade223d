"""Everybody looks after their own account, and nobody after another's."""

from __future__ import annotations

import re

import pytest

from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal, sent, sign_in

NEW = "another horse battery"


def change(portal: Portal, current: str = PASSWORD, new: str = NEW, again: str = NEW, role: str = "viewer") -> int:
    fields = {"current": current, "new": new, "again": again}
    return sent(portal.people[role], "/account/password", fields, "/account").status_code


def test_a_new_password_keeps_this_browser_in_and_puts_the_others_out(house: Portal) -> None:
    elsewhere = house.browser()
    sign_in(elsewhere, "viewer")
    before = house.people["viewer"].cookies["sentinel_session"]
    assert change(house) == 303
    assert house.people["viewer"].cookies["sentinel_session"] != before
    assert "Your password is changed" in house.people["viewer"].get("/account?done=password").text
    assert elsewhere.get("/account").status_code == 303
    assert sign_in(house.browser(), "viewer").status_code == 401
    assert sign_in(house.browser(), "viewer", NEW).status_code == 303
    assert "password changed" in [entry.act for entry in house.record()]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "wrong horse battery"}, "That is not your password"),
        ({"again": "something else entirely"}, "not written twice alike"),
        ({"new": "short", "again": "short"}, "at least 12 characters"),
    ],
)
def test_what_is_no_change_of_password_says_why(house: Portal, fields: dict[str, str], said: str) -> None:
    form = {"current": PASSWORD, "new": NEW, "again": NEW, **fields}
    answer = sent(house.people["viewer"], "/account/password", form, "/account")
    assert answer.status_code in (400, 403)
    assert said in answer.text
    assert house.people["viewer"].get("/account").status_code == 200
    assert sign_in(house.browser(), "viewer").status_code == 303


def test_who_found_an_open_browser_cannot_try_passwords_for_long(house: Portal) -> None:
    for _ in range(5):
        assert change(house, current="wrong horse battery") == 403
    assert change(house) == 403
    assert house.record()[-1].act == "sign-in denied"


def test_somebody_signs_out_everywhere_else(house: Portal) -> None:
    elsewhere = house.browser()
    sign_in(elsewhere, "analyst")
    here = house.people["analyst"]
    assert here.get("/account").text.count("<td>another</td>") == 1
    assert sent(here, "/account/sessions", page="/account").status_code == 303
    assert here.get("/account").status_code == 200
    assert "Sign out everywhere else" not in here.get("/account").text
    assert elsewhere.get("/editions").status_code == 303


def test_a_token_is_shown_once_works_and_is_revoked_by_its_owner(house: Portal) -> None:
    analyst = house.people["analyst"]
    fields = {"label": "night job", "scope": ["ANALYTICS_VIEW", "USERS_MANAGE"], "days": "30"}
    made = sent(analyst, "/account/tokens", fields, "/account")
    secret = re.search(r"sentinel_[\w-]{20,}", made.text)
    assert secret is not None
    assert secret[0] not in analyst.get("/account").text
    script = house.browser({"authorization": f"Bearer {secret[0]}"})
    assert script.get("/api/v1/analytics/summary").status_code == 200
    assert script.get("/admin/users").status_code == 403
    token = re.search(r'name="token" value="([^"]+)"', analyst.get("/account").text)
    assert token is not None
    assert sent(house.people["viewer"], "/account/tokens/revoke", {"token": token[1]}, "/account").status_code == 404
    assert script.get("/api/v1/analytics/summary").status_code == 200
    assert sent(analyst, "/account/tokens/revoke", {"token": token[1]}, "/account").status_code == 303
    assert script.get("/api/v1/analytics/summary").status_code == 401


@pytest.mark.parametrize(
    "fields", [{"days": "0"}, {"days": "9999"}, {"days": "x"}, {"label": ""}, {"scope": "USERS_MANAGE"}]
)
def test_a_token_that_cannot_be_is_not_made(house: Portal, fields: dict[str, str]) -> None:
    form = {"label": "job", "scope": "REPORTS_VIEW", "days": "7", **fields}
    answer = sent(house.people["viewer"], "/account/tokens", form, "/account")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_token_has_no_account_page(house: Portal) -> None:
    fields = {"label": "job", "scope": "REPORTS_VIEW", "days": "7"}
    secret = re.search(r"sentinel_[\w-]{20,}", sent(house.people["viewer"], "/account/tokens", fields, "/account").text)
    assert secret is not None
    script = house.browser({"authorization": f"Bearer {secret[0]}"})
    assert script.get("/account").status_code == 401
    assert script.post("/account/tokens", data={**fields, "word": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["password", "sessions", "tokens", "tokens/revoke"])
def test_a_form_of_another_page_does_nothing(house: Portal, path: str) -> None:
    for word in ("", "0" * 64):
        assert house.people["viewer"].post(f"/account/{path}", data={"word": word}).status_code == 403
    assert house.browser().post(f"/account/{path}", data={"word": "x"}).status_code == 401
