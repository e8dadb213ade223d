"""One's own exports as people see them: how far each is, its file, until when, and how to be rid of it."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from sentinel_pipeline.ledger.export_schedules import Schedule, due, fire, keep
from sentinel_pipeline.ledger.exports import expire, export_of, fail
from sentinel_pipeline.ledger.schema import EXPORTS
from sentinel_pipeline.orchestration.requested_exports import fulfil
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.portal.test_exports_api import V1, completed, create
from sentinel_pipeline_tests.portal.worlds import Portal, sent

PAGE = "/exports"
HOSTILE = "<script>alert(1)</script>\u202e"


def in_every_state(portal: Portal) -> None:
    """Exports of the analyst's that wait, are there, go soon, failed and have expired, and a link to one."""
    analyst, names = portal.people["analyst"], []
    for _ in range(5):
        answer = analyst.post(f"{V1}/create", json={"export_type": "alerts", "date_range": "7d"})
        names.append(str(answer.json()["export_id"]))
    fail(portal.ledger, names[1], "the source was away", portal.clock())
    for name, days in zip(names[2:], (5, 0.5, -1), strict=True):
        fulfil(load_settings(portal.data), name, "run1")
        kept(portal, name, timedelta(days=days))
    assert sent(analyst, "/links", {"export_id": names[2]}, PAGE).status_code == 303


def shown(plugs: Portal, role: str = "analyst", query: str = "") -> str:
    answer = plugs.people[role].get(f"{PAGE}{query}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_an_export_is_followed_downloaded_and_deleted(plugs: Portal) -> None:
    waiting = create(plugs)["export_id"]
    page = plugs.people["analyst"].get(PAGE)
    assert "Waiting" in page.text
    assert page.headers["refresh"] == "10"
    assert sent(plugs.people["analyst"], f"{PAGE}/{waiting}/delete", page=PAGE).headers["location"] == PAGE
    name = completed(plugs)
    assert "92 rows" in shown(plugs)
    answer = plugs.people["analyst"].get(f"{PAGE}/{name}/file")
    assert answer.text.startswith("timestamp,power_w")
    assert plugs.record()[-1].act == "downloaded"
    assert "downloaded once" in shown(plugs)
    sent(plugs.people["analyst"], f"{PAGE}/{name}/delete", page=PAGE)
    assert name not in shown(plugs)
    with plugs.ledger.reading() as connection:
        assert export_of(connection, name) is None
    assert not list((plugs.data / "exports/on-request").glob(name))


def test_nobody_has_anothers_but_an_admin_on_asking(plugs: Portal) -> None:
    name = completed(plugs)
    assert name not in shown(plugs, "bob")
    assert name not in shown(plugs, "bob", "?all=true")
    assert name not in shown(plugs, "admin")
    assert name in shown(plugs, "admin", "?all=true")
    for act in ("delete", "again"):
        refused = sent(plugs.people["bob"], f"{PAGE}/{name}/{act}", page="/quick-exports")
        assert (refused.status_code, "Not yours" in refused.text) == (403, True)
    assert plugs.people["bob"].get(f"{PAGE}/{name}/file").status_code == 403
    assert plugs.people["bob"].get(f"{PAGE}/none/file").status_code == 404
    assert plugs.people["viewer"].get(PAGE).status_code == 403
    assert plugs.people["analyst"].post(f"{PAGE}/{name}/delete", data={"word": "x"}).status_code == 403


def test_who_owns_it_is_told_a_day_before_it_goes_and_asks_for_it_again(plugs: Portal) -> None:
    name = completed(plugs)
    kept(plugs, name, timedelta(days=1, seconds=1))
    assert "within a day" not in shown(plugs)
    kept(plugs, name, timedelta(days=1))
    for path in (PAGE, "/quick-exports"):
        assert "1 of your exports goes within a day" in plugs.people["analyst"].get(path).text
    assert "Goes within a day" in shown(plugs)
    assert "within a day" not in shown(plugs, "bob")
    kept(plugs, name, timedelta(0))
    assert "within a day" not in shown(plugs)
    for path in (f"{PAGE}/{name}/file", f"/files/{file_of(plugs, name)}"):
        gone = plugs.people["analyst"].get(path)
        assert (gone.status_code, "Kept no longer" in gone.text) == (410, True)
    expire(plugs.ledger, plugs.clock())
    assert "Its file went" in shown(plugs)
    assert sent(plugs.people["analyst"], f"{PAGE}/{name}/again", page=PAGE).status_code == 303
    assert shown(plugs).count("Waiting") == 1


def kept(plugs: Portal, name: str, until: timedelta) -> None:
    """Has an export kept so long from now on."""
    with plugs.ledger.writing() as connection:
        which = update(EXPORTS).where(EXPORTS.c.export_id == name)
        connection.execute(which.values(expires_at=plugs.clock() + until))


def file_of(plugs: Portal, name: str) -> str:
    with plugs.ledger.reading() as connection:
        export = export_of(connection, name)
    assert export is not None
    return str(export.file)


def test_asking_again_counts_and_is_refused_as_any_other(plugs: Portal) -> None:
    names = [create(plugs, "bob")["export_id"] for _ in range(10)]
    refused = sent(plugs.people["bob"], f"{PAGE}/{names[0]}/again", page=PAGE)
    assert (refused.status_code, "At most 10 exports an hour" in refused.text) == (429, True)


def test_what_failed_says_why_and_hostile_words_are_only_shown(plugs: Portal) -> None:
    name = create(plugs, devices=[HOSTILE])["export_id"]
    fail(plugs.ledger, name, f"no such plug: {HOSTILE}", plugs.clock())
    page = plugs.people["analyst"].get(PAGE).text
    assert "<script>" not in page
    assert "\u202e" not in page
    assert "no such plug: &lt;script&gt;" in page


def test_what_a_schedule_made_says_which(plugs: Portal) -> None:
    with plugs.ledger.reading() as connection:
        made = export_of(connection, create(plugs)["export_id"])
    assert made is not None
    at = plugs.clock.now
    schedule = Schedule("s1", made.user_id, HOSTILE, "0 9 1 * *", "{}", (), "", True, at, at)
    keep(plugs.ledger, schedule, "tests", at)
    with plugs.ledger.reading() as connection:
        (now_due,) = due(connection, at)
    assert fire(plugs.ledger, now_due, made.order, at + timedelta(days=30), at)
    page = plugs.people["analyst"].get(PAGE).text
    assert "by the schedule &lt;script&gt;" in page
    keep(plugs.ledger, replace(schedule, schedule_id="s2", name="Another"), "tests", at)
    assert "Another" not in page


def test_every_state_has_words_of_its_own(house: Portal) -> None:
    in_every_state(house)
    page = shown(house)
    for words in ("Waiting", "Failed", "the source was away", "Ready", "Goes within a day", "Expired", "Its file went"):
        assert words in page, words


def test_pages_of_fifty_lead_to_older_ones(plugs: Portal) -> None:
    assert "No older ones" in shown(plugs, "analyst", "?offset=1000")
    assert plugs.people["analyst"].get(f"{PAGE}?offset=-1").status_code == 422
