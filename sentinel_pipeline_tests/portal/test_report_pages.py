"""A custom report from the form to its download: seen before, filed once, followed, cancelled, deleted by its owner."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline.ledger.requests import begin, fail, finish, state_of
from sentinel_pipeline_tests.portal.worlds import PDF, Portal, sent

NEW = "/reports/new"
ASKED: dict[str, Any] = {
    "name": "Cameras <b>",
    "last": "7d",
    "type": ["alerts"],
    "formats": ["pdf", "csv"],
    "act": "file",
}


def ask(portal: Portal, role: str = "analyst", **fields: Any) -> str:
    """Asks for a report; returns its id."""
    answer = sent(portal.people[role], NEW, {**ASKED, **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rpartition("/")[2]


def done(portal: Portal, name: str) -> str:
    """Makes the report as the control room would leave it; returns its folder's name."""
    begin(portal.ledger, name, "run", portal.clock())
    folder = portal.data / "editions/custom" / name / "r1"
    folder.mkdir(parents=True)
    (folder / "report.pdf").write_bytes(PDF)
    (folder / "manifest.json").write_text("{}")
    finish(portal.ledger, name, f"custom/{name}/r1", portal.clock())
    return f"editions/custom/{name}/r1"


def test_the_preview_counts_rows_and_files_nothing(house: Portal) -> None:
    lake = house.site.lake
    alerts = pl.concat([TABLE["alerts"].empty(), pl.DataFrame({"source": ["home", "home", "office"]})], how="diagonal")
    for day in ("2025-03-11", "2025-03-12"):
        lake.write("facts/alerts", day, alerts)
    answer = sent(house.people["analyst"], NEW, {**ASKED, "act": "preview"})
    page = html.unescape(answer.text)
    assert answer.status_code == 200
    assert "2025-03-06 to 2025-03-12: 6 rows, about" in page
    assert "Of 7 days 5 were not read yet" in page
    assert 'value="Cameras <b>"' in page
    assert re.search(r'name="type" value="alerts" checked', page)
    narrowed = sent(house.people["analyst"], NEW, {**ASKED, "sources": ["home"], "act": "preview"})
    assert ": 4 rows" in narrowed.text
    assert "You asked for no report yet" in house.people["analyst"].get("/reports").text


def test_a_report_is_filed_followed_and_opened(house: Portal) -> None:
    analyst = house.people["analyst"]
    name = ask(house)
    with house.ledger.reading() as connection:
        filed = state_of(connection, name)
    assert filed is not None
    assert (filed.requested_by, filed.request.first, filed.request.days) == ("analyst", date(2025, 3, 6), 7)
    waiting = analyst.get(f"/reports/{name}")
    assert waiting.headers["refresh"] == "5"
    assert "Waiting" in waiting.text
    begin(house.ledger, name, "run", house.clock())
    assert "Being made" in analyst.get(f"/reports/{name}").text
    folder = done(house, name)
    ready = analyst.get(f"/reports/{name}")
    assert "refresh" not in ready.headers
    assert f"/files/{folder}/report.pdf" in ready.text
    assert "workbook.xlsx" not in ready.text
    assert analyst.get(f"/files/{folder}/report.pdf").content == PDF
    assert analyst.get(f"/{folder}").status_code == 200
    assert "requested in the portal" in [entry.act for entry in house.record()]


def test_nobody_sees_anothers_report_but_an_admin(house: Portal) -> None:
    name = ask(house, role="admin", name="Of the admin")
    folder = done(house, name)
    analyst = house.people["analyst"]
    assert "Of the admin" not in analyst.get("/reports?all=true").text
    for path in (f"/reports/{name}", f"/{folder}", "/reports/none"):
        assert analyst.get(path).status_code == 404
    assert analyst.get(f"/files/{folder}/report.pdf").status_code == 403
    for act in ("cancel", "again", "delete"):
        assert sent(analyst, f"/reports/{name}/{act}", page=NEW).status_code == 404
    mine = ask(house)
    assert "Cameras" in house.people["admin"].get("/reports?all=true").text
    assert "Cameras" not in house.people["admin"].get("/reports").text
    assert house.people["admin"].get(f"/reports/{mine}").status_code == 200


def test_a_form_cannot_ask_in_anothers_name(house: Portal) -> None:
    with house.ledger.reading() as connection:
        filed = state_of(connection, ask(house, requested_by="admin"))
    assert filed is not None
    assert filed.requested_by == "analyst"


def test_a_report_of_some_severities_says_which(house: Portal) -> None:
    name = ask(house, severities=["critical", "high"])
    with house.ledger.reading() as connection:
        filed = state_of(connection, name)
    assert filed is not None
    assert filed.request.severities == ("critical", "high")
    assert "<dt>Severities</dt><dd>critical, high</dd>" in house.people["analyst"].get(f"/reports/{name}").text


def test_a_report_is_cancelled_and_asked_for_again(house: Portal) -> None:
    analyst, name = house.people["analyst"], ask(house)
    page = f"/reports/{name}"
    assert sent(analyst, f"{page}/cancel", page=page).status_code == 303
    assert "Cancelled" in analyst.get(page).text
    assert sent(analyst, f"{page}/cancel", page=page).status_code == 409
    assert sent(analyst, f"{page}/again", page=page).status_code == 303
    assert "Waiting" in analyst.get(page).text


def test_a_report_that_failed_says_why(house: Portal) -> None:
    name = ask(house)
    fail(house.ledger, name, "the source <home> is away", house.clock())
    page = house.people["analyst"].get(f"/reports/{name}").text
    assert "the source &lt;home&gt; is away" in page
    assert "Ask for it again" in page


def test_its_owner_deletes_it_for_good(house: Portal) -> None:
    analyst, name = house.people["analyst"], ask(house)
    page = f"/reports/{name}"
    assert sent(analyst, f"{page}/delete", page=page).status_code == 409
    folder = done(house, name)
    assert sent(analyst, f"{page}/delete", page=page).status_code == 303
    assert not (house.data / folder / "report.pdf").exists()
    assert "Deleted" in analyst.get(page).text
    assert analyst.get(f"/files/{folder}/report.pdf").status_code == 404
    assert {"deleting", "deleted", "deleted in the portal"} <= {entry.act for entry in house.record()}


def test_how_long_it_is_kept_is_said(house: Portal) -> None:
    file = house.data / "config/sentinel.yaml"
    file.write_text(f"{file.read_text()}retention: {{custom_editions: 10}}\n")
    name = ask(house)
    done(house, name)
    assert "Kept until 2025-03-24" in house.people["analyst"].get(f"/reports/{name}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"since": "2025-03-12", "until": "2025-03-01"}, "until"),
        ({"since": "2025-03-01"}, "window.until: missing"),
        ({"since": "2025-03-01", "until": "2025-03-13"}, "a day that is over"),
        ({"last": "0d"}, "days such as 7d"),
        ({"type": ["no_such"]}, "type"),
        ({"sections": ["alert_trends"]}, "either type or sections"),
        ({"sources": ["elsewhere"]}, "sources"),
        ({"redaction": ["pseudonyms"]}, "privacy.key"),
        ({"recipients": "not an address"}, "a mail address"),
        ({"formats": ["exe"]}, "formats"),
    ],
)
def test_a_mistake_is_named_and_the_form_stays_filled_in(house: Portal, fields: dict[str, Any], said: str) -> None:
    answer = sent(house.people["analyst"], NEW, {**ASKED, **fields})
    assert answer.status_code == 400
    assert said in html.unescape(answer.text)
    assert "Cameras &lt;b&gt;" in answer.text


def test_viewers_and_foreign_forms_ask_for_nothing(house: Portal) -> None:
    for path in ("/reports", NEW):
        assert house.people["viewer"].get(path).status_code == 403
    assert sent(house.people["viewer"], NEW, ASKED, "/account").status_code == 403
    assert house.people["analyst"].post(NEW, data={**ASKED, "word": "0" * 64}).status_code == 403


def test_ten_reports_an_hour_and_asking_again_counts(house: Portal) -> None:
    names = [ask(house, name=f"report {number}", formats=["pdf"], last=f"{number + 1}d") for number in range(10)]
    refused = sent(house.people["analyst"], NEW, {**ASKED, "last": "20d"})
    assert refused.status_code == 429
    assert "At most ten reports an hour" in refused.text
    assert 'value="Cameras &lt;b&gt;"' in refused.text, "what was filled in is not lost"
    begin(house.ledger, names[0], "run", house.clock())
    fail(house.ledger, names[0], "broken", house.clock())
    again = sent(house.people["analyst"], f"/reports/{names[0]}/again", {})
    assert again.status_code == 409
    assert "At most ten reports an hour" in again.text
    assert sent(house.people["admin"], NEW, ASKED).status_code == 303, "others are not counted with"
