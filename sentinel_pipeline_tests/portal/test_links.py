"""Links open one file for one person, while that person may have it; everything else about them opens nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from sentinel_pipeline.ledger.exports import remove
from sentinel_pipeline.ledger.links import Link, keep
from sentinel_pipeline.ledger.schema import LINKS
from sentinel_pipeline.ledger.users import change_role, set_active
from sentinel_pipeline.publishing.links import link_id, link_key, link_path
from sentinel_pipeline_tests.exports.test_requested import make_plug
from sentinel_pipeline_tests.portal.test_exports_api import completed
from sentinel_pipeline_tests.portal.worlds import (
    PDF,
    Portal,
    hurry_forgotten,
    published,
    serving,
    sign_in,
    with_people,
    with_person,
)
from sentinel_pipeline_tests.rendering.worlds import a_report

API = "/api/v1/links"
SUBSCRIBED = """
subscriptions:
  - {name: Daily, cadence: daily, recipients: [Eve@house.example]}
  - {name: Gone, cadence: daily, recipients: [eve@house.example], active: false}
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    data = make_plug(tmp_path_factory.mktemp("house") / "plug")
    with (data / "config" / "sentinel.yaml").open("a") as file:
        file.write(SUBSCRIBED)
    published(a_report("daily"), data)
    with serving(data) as served:
        yield with_person(with_people(served), "bob", "analyst")


@pytest.fixture(autouse=True)
def unhurried(portal: Portal) -> None:
    hurry_forgotten(portal)


FILE = "editions/daily/2026-10-28/r1/report.pdf"


def made(portal: Portal, role: str = "analyst", **wished: Any) -> dict[str, Any]:
    answer = portal.people[role].post(API, json=wished or {"file": FILE})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def follow(portal: Portal, url: str, **headers: str) -> Any:
    return portal.browser().get(urlsplit(url).path, headers=headers)


def test_a_link_opens_its_file_for_whoever_holds_it(portal: Portal) -> None:
    link = made(portal)
    assert link["url"].startswith(portal.address)
    answer = follow(portal, link["url"])
    assert (answer.status_code, answer.content) == (200, PDF)
    rest = follow(portal, link["url"], range="bytes=100-")
    assert (rest.status_code, rest.content) == (206, PDF[100:])
    assert portal.people["analyst"].get(API).json()["links"][0]["uses"] == 2
    assert portal.record()[-1].act == "downloaded"


def test_a_link_to_an_export_is_its_owners(portal: Portal) -> None:
    name = completed(portal)
    link = made(portal, export_id=name)
    assert follow(portal, link["url"]).text.startswith("timestamp,power_w")
    for wished in ({"export_id": name}, {"file": link["file"]}):
        assert portal.people["bob"].post(API, json=wished).json()["error_code"] == "FILE_NOT_FOUND"
    remove(portal.ledger, name, {}, portal.clock())
    assert follow(portal, link["url"]).status_code == 410


def test_only_admins_make_links_for_others(portal: Portal) -> None:
    assert portal.people["bob"].post(API, json={"file": FILE, "user": "analyst"}).status_code == 403
    assert made(portal, "admin", file=FILE, user="bob")["user"] == "bob"
    assert portal.people["admin"].post(API, json={"file": FILE, "user": "viewer"}).status_code == 404
    assert portal.people["admin"].post(API, json={"file": FILE, "user": "nobody"}).status_code == 400
    assert portal.people["viewer"].post(API, json={"file": FILE}).status_code == 403


@pytest.mark.parametrize(
    "wished",
    [
        {"file": "state.db"},
        {"file": "editions/../state.db"},
        {"file": "keys/links.key"},
        {"file": "editions/daily/2026-10-28/r1"},
        {"export_id": "export_0"},
    ],
)
def test_there_is_no_link_to_what_is_not_published(portal: Portal, wished: dict[str, str]) -> None:
    assert portal.people["admin"].post(API, json=wished).json()["error_code"] == "FILE_NOT_FOUND"


@pytest.mark.parametrize("wished", [{}, {"file": FILE, "export_id": "x"}, {"file": FILE, "days": 0}, {"surprise": 1}])
def test_a_wrong_wish_is_told(portal: Portal, wished: dict[str, Any]) -> None:
    assert portal.people["analyst"].post(API, json=wished).status_code == 400


def test_a_link_ends_by_itself_and_when_it_is_revoked(portal: Portal) -> None:
    link = made(portal, file=FILE, days=1)
    assert portal.people["bob"].delete(f"{API}/{link['link_id']}").status_code == 404
    portal.clock.now += timedelta(days=1)
    try:
        assert follow(portal, link["url"]).status_code == 410
    finally:
        portal.clock.now -= timedelta(days=1)
    assert follow(portal, link["url"]).status_code == 200
    assert portal.people["analyst"].delete(f"{API}/{link['link_id']}").status_code == 200
    assert follow(portal, link["url"]).status_code == 410


def test_a_link_ends_with_the_right_of_its_user(portal: Portal) -> None:
    link = made(portal, "admin", file=FILE, user="bob")
    ledger, now = portal.ledger, portal.clock()
    set_active(ledger, "bob", False, "x", now)
    assert follow(portal, link["url"]).status_code == 410
    set_active(ledger, "bob", True, "x", now)
    assert follow(portal, link["url"]).status_code == 200
    change_role(ledger, "bob", "viewer", "x", now)
    assert follow(portal, link["url"]).status_code == 410
    change_role(ledger, "bob", "analyst", "x", now)
    assert follow(portal, link["url"]).status_code == 200
    browser = portal.people["bob"] = portal.browser()
    sign_in(browser, "bob")


def test_what_was_changed_in_a_link_opens_nothing(portal: Portal) -> None:
    path = urlsplit(made(portal)["url"]).path
    token, name = path.split("/")[2:]
    code = token.rpartition(".")[2]
    wrong = [
        token.replace(code, ("A" if code[0] != "A" else "B") + code[1:]),
        token.replace(f".{token.split('.')[1]}.", ".99999999999."),
        "0" * 32 + token[32:],
        token[:-1],
        "",
        "..",
        "%00",
    ]
    for one in wrong:
        assert portal.browser().get(f"/links/{one}/{name}").status_code == 404
    assert portal.browser().get(f"/links/{token}/other.pdf").status_code == 404


def test_a_row_that_was_changed_opens_nothing(portal: Portal) -> None:
    link = made(portal)
    with portal.ledger.writing() as connection:
        other = {"file": FILE.replace("report.pdf", "facts.json")}
        connection.execute(update(LINKS).where(LINKS.c.link_id == link["link_id"]).values(other))
    assert follow(portal, link["url"].replace("report.pdf", "facts.json")).status_code == 404


def mailed(portal: Portal, recipient: str, subscription: str) -> str:
    key, now = link_key(portal.data / "keys"), portal.clock()
    row = Link(
        link_id(key, recipient, subscription), FILE, None, recipient, subscription, "x", now, now + timedelta(days=9)
    )
    link = keep(portal.ledger, row)
    return link_path(key, link.link_id, link.bound_to, link.file, link.expires_at)


def test_a_link_in_a_mail_is_good_while_its_recipient_is_subscribed(portal: Portal) -> None:
    assert follow(portal, mailed(portal, "eve@house.example", "Daily")).content == PDF
    for recipient, subscription in (
        ("eve@house.example", "Gone"),
        ("eve@house.example", "Never"),
        ("mallory@house.example", "Daily"),
    ):
        assert follow(portal, mailed(portal, recipient, subscription)).status_code == 410
