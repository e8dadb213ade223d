"""Admins look after users and look through the record; nobody else does."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.deliveries import Planned, plan
from sentinel_pipeline.ledger.schema import AUDIT
from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal, sent, sign_in

PAGES = ("/admin", "/admin/users", "/admin/users/viewer", "/admin/audit", "/admin/deliveries", "/admin/retention")


@pytest.mark.parametrize("path", PAGES)
def test_admin_pages_are_for_admins(house: Portal, path: str) -> None:
    assert house.people["admin"].get(path, follow_redirects=True).status_code == 200
    for role in ("analyst", "viewer"):
        assert house.people[role].get(path).status_code == 403
    assert house.browser().get(path).status_code == 303


@pytest.mark.parametrize("path", ["", "/viewer/role", "/viewer/password", "/viewer/active", "/viewer/tokens/revoke"])
def test_only_an_admins_own_forms_change_users(house: Portal, path: str) -> None:
    analyst = house.people["analyst"]
    assert sent(analyst, f"/admin/users{path}", {"active": "no", "role": "admin"}, "/account").status_code == 403
    assert house.people["admin"].post(f"/admin/users{path}", data={"word": "x"}).status_code == 403


def test_an_admin_adds_changes_and_disables_a_user(house: Portal) -> None:
    admin = house.people["admin"]
    fields = {"name": "Ann@House.example", "role": "viewer", "password": PASSWORD}
    assert sent(admin, "/admin/users", fields).headers["location"] == "/admin/users/ann%40house.example?done=enabled"
    page = "/admin/users/ann@house.example"
    ann = house.browser()
    assert sign_in(ann, "ann@house.example").status_code == 303
    assert sent(admin, f"{page}/role", {"role": "analyst"}, page).status_code == 303
    assert ann.get("/editions").status_code == 303
    assert sent(admin, f"{page}/password", {"password": "another horse battery"}, page).status_code == 303
    assert sign_in(ann, "ann@house.example", "another horse battery").status_code == 303
    assert ann.get("/reports").status_code == 200
    assert sent(admin, f"{page}/active", {"active": "no"}, page).status_code == 303
    assert ann.get("/editions").status_code == 303
    assert sign_in(ann, "ann@house.example", "another horse battery").status_code == 401
    assert "disabled" in admin.get("/admin/users").text
    acts = [entry.act for entry in house.record()]
    assert {"user added", "role changed", "password changed", "user disabled"} <= set(acts)


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/admin/users", {"name": "viewer", "role": "viewer", "password": PASSWORD}, "there is a user"),
        ("/admin/users", {"name": "a b", "role": "viewer", "password": PASSWORD}, "is no name"),
        ("/admin/users", {"name": "x", "role": "king", "password": PASSWORD}, "is no role"),
        ("/admin/users", {"name": "x", "role": "viewer", "password": "short"}, "at least 12"),
        ("/admin/users/admin/role", {"role": "viewer"}, "the only admin"),
        ("/admin/users/admin/active", {"active": "no"}, "the only admin"),
        ("/admin/users/viewer/password", {"password": "short"}, "at least 12"),
        ("/admin/users/viewer/tokens/revoke", {"token": "none"}, "there is no token"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(house: Portal, path: str, fields: dict[str, str], said: str) -> None:
    answer = sent(house.people["admin"], path, fields, "/admin/users")
    assert answer.status_code == 400
    assert said in answer.text.replace("&#39;", "'")
    assert house.people["admin"].get("/admin/users/nobody-here").status_code == 404


def test_the_record_is_read_searched_and_leafed_through(house: Portal) -> None:
    admin = house.people["admin"]
    with house.ledger.writing() as connection:
        for number in range(150):
            record(connection, house.clock(), "published", f"daily/{number}", {"of": "<script>"})
    page = admin.get("/admin/audit").text
    assert "unbroken" in page
    assert "&lt;script&gt;" in page
    assert page.count("<tr>") == 101
    older = admin.get("/admin/audit", params={"before": 52})
    assert older.text.count("<tr>") == 52
    assert "daily/149" in admin.get("/admin/audit", params={"text": "daily/149"}).text
    assert admin.get("/admin/audit", params={"act": "user added"}).text.count("<tr>") == 4
    assert admin.get("/admin/audit", params={"act": "user added", "text": "viewer"}).text.count("<tr>") == 2
    assert "No line fits" in admin.get("/admin/audit", params={"text": "100%_sure"}).text


def test_a_record_that_was_changed_says_where(house: Portal) -> None:
    with house.ledger.writing() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 2).values(subject="nobody"))
    assert "changed at line 2" in house.people["admin"].get("/admin/audit").text


def test_deliveries_are_listed_by_state(house: Portal) -> None:
    admin = house.people["admin"]
    assert "No mail was planned yet" in admin.get("/admin/deliveries").text
    one = Planned("daily", "2026-10-28", 1, "", "Daily <b>", "ann@house.example", "directory", "<1@house.example>")
    plan(house.ledger, [one], house.clock())
    page = admin.get("/admin/deliveries").text
    assert "ann@house.example" in page
    assert "Daily &lt;b&gt;" in page
    assert "No mail is sent" in admin.get("/admin/deliveries?state=sent").text


def test_retention_says_what_is_kept_and_what_goes(house: Portal) -> None:
    admin = house.people["admin"]
    assert "so nothing goes" in admin.get("/admin/retention").text
    file = house.data / "config/sentinel.yaml"
    holds = "[{kinds: [daily_editions], reason: 'case <7>'}]"
    file.write_text(f"{file.read_text()}retention: {{daily_editions: 30, holds: {holds}}}\n")
    page = admin.get("/admin/retention").text
    assert "case &lt;7&gt;" in page
    assert "daily_editions" in page
