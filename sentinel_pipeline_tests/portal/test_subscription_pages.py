"""Subscriptions are their owner's and the admins': checked like the file's, changed, paused, tried, deleted."""

from __future__ import annotations

import html
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from sentinel_pipeline.delivery.subscriptions import kept_subscriptions
from sentinel_pipeline.ledger.subscriptions import kept
from sentinel_pipeline.ledger.users import change_role, set_active
from sentinel_pipeline_tests.delivery.worlds import published
from sentinel_pipeline_tests.portal.worlds import Portal, sent

HOME, NEW = "/subscriptions", "/subscriptions/new"
MINE: dict[str, Any] = {
    "name": "Mine & yours",
    "cadence": "daily",
    "recipients": "ann@house.example\nbob@house.example",
    "formats": ["pdf", "csv"],
}
PAGE = "/subscriptions/Mine & yours"


def subscribe(portal: Portal, role: str = "analyst", **fields: Any) -> None:
    answer = sent(portal.people[role], NEW, {**MINE, **fields})
    assert answer.status_code == 303, html.unescape(answer.text)


def test_one_is_made_changed_paused_resumed_and_deleted(house: Portal) -> None:
    analyst = house.people["analyst"]
    subscribe(house)
    assert "daily as pdf, csv to ann@house.example, bob@house.example" in analyst.get(HOME).text
    page = analyst.get(PAGE).text
    assert "ann@house.example\nbob@house.example\n" in page
    changed = {"cadence": "weekly", "recipients": "ann@house.example", "only_if": "alerts_critical > 0"}
    assert sent(analyst, PAGE, changed).status_code == 303
    assert "weekly as pdf to ann@house.example, if alerts_critical &gt; 0" in analyst.get(HOME).text
    assert sent(analyst, f"{PAGE}/active", {"active": "no"}, PAGE).status_code == 303
    assert "paused" in analyst.get(HOME).text
    assert sent(analyst, PAGE, changed).status_code == 303
    assert "paused" in analyst.get(HOME).text
    assert sent(analyst, f"{PAGE}/active", {"active": "yes"}, PAGE).status_code == 303
    assert "in force" in analyst.get(HOME).text
    assert sent(analyst, f"{PAGE}/delete", page=PAGE).status_code == 303
    assert "You subscribe to nothing" in analyst.get(HOME).text
    assert [entry.act for entry in house.record()].count("unsubscribed") == 1


def test_severities_are_chosen_shown_and_kept(house: Portal) -> None:
    subscribe(house, severities=["critical", "high"])
    page = house.people["analyst"].get(PAGE).text
    assert {value: f'value="{value}" checked' in page for value in ("critical", "high", "low")} == {
        "critical": True,
        "high": True,
        "low": False,
    }
    unlike = sent(house.people["analyst"], NEW, {**MINE, "name": "B", "severities": "low", "sections": "protocols"})
    assert "severities: found low; none of its sections tells these apart" in unlike.text


def test_an_admin_sees_and_changes_all_and_they_stay_their_owners(house: Portal) -> None:
    subscribe(house)
    subscribe(house, role="admin", name="Of the admin")
    analyst, admin = house.people["analyst"], house.people["admin"]
    assert "Of the admin" not in analyst.get(HOME).text
    assert "Mine &amp; yours" in admin.get(HOME).text
    assert sent(admin, PAGE, {"cadence": "monthly", "recipients": "ann@house.example"}).status_code == 303
    assert "monthly" in analyst.get(HOME).text
    other = "/subscriptions/Of the admin"
    assert analyst.get(other).status_code == 404
    for path in (other, f"{other}/active", f"{other}/delete", f"{other}/test"):
        assert sent(analyst, path, {"active": "no"}, NEW).status_code == 404
    assert "Of the admin" in admin.get(HOME).text


def test_those_of_the_file_are_shown_to_admins_and_changed_there(house: Portal) -> None:
    file = house.data / "config/sentinel.yaml"
    entry = "{name: Filed, cadence: daily, recipients: [ann@house.example]}"
    file.write_text(f"{file.read_text()}subscriptions: [{entry}]\n")
    assert "Filed" in house.people["admin"].get(HOME).text
    assert "Filed" not in house.people["analyst"].get(HOME).text
    assert house.people["admin"].get("/subscriptions/Filed").status_code == 404
    taken = sent(house.people["analyst"], NEW, {**MINE, "name": "Filed"})
    assert "sentinel.yaml has a subscription of that name" in taken.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "a name without /"),
        ({"name": "new"}, "a name without /"),
        ({"cadence": "hourly"}, "cadence"),
        ({"recipients": ""}, "recipients"),
        ({"recipients": "nobody"}, "a mail address"),
        ({"formats": ["exe"]}, "formats"),
        ({"schedule": "at noon"}, "schedule"),
        ({"only_if": "no_such > 0"}, "only_if: found 'no_such'"),
        ({"sections": ["no_such"]}, "sections: found 'no_such'"),
        ({"sources": ["no_such"]}, "sources: found 'no_such'"),
        ({"enclose": "link"}, "delivery.base_url"),
        ({"redaction": ["pseudonyms"]}, "privacy.key"),
    ],
)
def test_a_mistake_is_named_and_the_form_stays_filled_in(house: Portal, fields: dict[str, Any], said: str) -> None:
    answer = sent(house.people["analyst"], NEW, {**MINE, **fields})
    assert answer.status_code == 400
    assert said in html.unescape(answer.text)
    assert "You subscribe to nothing" in house.people["analyst"].get(HOME).text


def test_a_name_that_is_taken_is_refused_whoever_has_it(house: Portal) -> None:
    subscribe(house, role="admin")
    assert "there is a subscription of that name" in sent(house.people["analyst"], NEW, MINE).text


def test_a_test_goes_to_one_recipient_now(house: Portal) -> None:
    published(house.data)
    subscribe(house, only_if="alerts_critical > 100")
    answer = sent(house.people["analyst"], f"{PAGE}/test", {"recipient": "bob@house.example"}, PAGE)
    assert (answer.status_code, "went to bob@house.example" in answer.text) == (200, True), html.unescape(answer.text)
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (house.data / "outbox").iterdir()]
    assert [mail["To"] for mail in mails] == ["bob@house.example"]
    again = sent(house.people["analyst"], f"{PAGE}/test", {"recipient": "eve@house.example"}, PAGE)
    assert (again.status_code, "one of its recipients" in again.text) == (400, True)
    assert "bob@house.example" in house.people["admin"].get("/admin/deliveries").text


def test_a_test_that_cannot_go_says_why(house: Portal) -> None:
    subscribe(house, cadence="monthly")
    answer = sent(house.people["analyst"], f"{PAGE}/test", {"recipient": "bob@house.example"}, PAGE)
    assert (answer.status_code, "no monthly report is published yet" in answer.text) == (400, True)
    subscribe(house, name="Narrow", sources=["home"])
    page = "/subscriptions/Narrow"
    answer = sent(house.people["analyst"], f"{page}/test", {"recipient": "bob@house.example"}, page)
    assert (answer.status_code, "a report of its own" in answer.text) == (400, True)
    for _ in range(3):
        sent(house.people["analyst"], f"{page}/test", {"recipient": "bob@house.example"}, page)
    assert sent(house.people["analyst"], f"{page}/test", {"recipient": "x"}, page).status_code == 429


def test_viewers_and_foreign_forms_subscribe_to_nothing(house: Portal) -> None:
    assert house.people["viewer"].get(HOME).status_code == 403
    assert sent(house.people["viewer"], NEW, MINE, "/account").status_code == 403
    assert house.people["analyst"].post(NEW, data={**MINE, "word": "x"}).status_code == 403


def test_nothing_goes_out_for_who_may_have_no_reports_any_more(house: Portal) -> None:
    subscribe(house)

    def in_force() -> list[str]:
        with house.ledger.reading() as connection:
            served, problems = kept_subscriptions(kept(connection), house.site.settings)
        assert problems == (), "a run that delivers to others has not failed for it"
        return [one.name for one in served if one.is_active]

    assert in_force() == ["Mine & yours"]
    change_role(house.ledger, "analyst", "viewer", "tests", house.clock())
    assert in_force() == []
    assert "may not have reports any more" in house.people["admin"].get(HOME).text
    change_role(house.ledger, "analyst", "analyst", "tests", house.clock())
    set_active(house.ledger, "analyst", False, "tests", house.clock())
    assert in_force() == []
    set_active(house.ledger, "analyst", True, "tests", house.clock())
    assert in_force() == ["Mine & yours"]
