"""Links as people see them: which there are, to what, how often used; made by a click, and ended by one."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

from sentinel_pipeline.ledger.links import Link, keep
from sentinel_pipeline_tests.portal.test_export_pages import kept
from sentinel_pipeline_tests.portal.test_exports_api import completed
from sentinel_pipeline_tests.portal.worlds import Portal, sent

PAGE = "/links"
ADDRESS = re.compile(r'href="(/links/[0-9a-f]{32}\.[^"]+)"')


def made(plugs: Portal) -> str:
    """The address of a link that was made by a click."""
    answer = sent(plugs.people["analyst"], PAGE, {"export_id": completed(plugs)}, "/exports")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    found = ADDRESS.search(plugs.people["analyst"].get(PAGE).text)
    assert found
    return found[1]


def revoke(plugs: Portal, address: str, role: str) -> int:
    return sent(plugs.people[role], f"{PAGE}/{address.split('/')[2][:32]}/revoke", page="/exports").status_code


def test_a_link_is_made_used_counted_and_revoked(plugs: Portal) -> None:
    address, stranger = made(plugs), plugs.browser()
    assert "never" in plugs.people["analyst"].get(PAGE).text
    assert stranger.get(address).text.startswith("timestamp,power_w")
    assert "1 ×, last" in plugs.people["analyst"].get(PAGE).text
    assert revoke(plugs, address, "analyst") == 303
    page = plugs.people["analyst"].get(PAGE).text
    assert address not in page
    assert "revoked" in page
    assert stranger.get(address).status_code == 410


def test_nobody_sees_or_ends_anothers_but_an_admin(plugs: Portal) -> None:
    address = made(plugs)
    for query in ("", "?all=true"):
        assert address not in plugs.people["bob"].get(f"{PAGE}{query}").text
    assert revoke(plugs, address, "bob") == 404
    assert address not in plugs.people["admin"].get(PAGE).text
    assert address in plugs.people["admin"].get(f"{PAGE}?all=true").text
    assert plugs.people["viewer"].get(PAGE).status_code == 403
    assert revoke(plugs, address, "admin") == 303


def test_a_link_ends_with_its_export_at_the_latest(plugs: Portal) -> None:
    name = completed(plugs)
    kept(plugs, name, timedelta(days=2))
    sent(plugs.people["analyst"], PAGE, {"export_id": name}, "/exports")
    (link,) = (one for one in plugs.people["analyst"].get("/api/v1/links").json()["links"] if name in one["file"])
    assert datetime.fromisoformat(link["expires_at"]) == plugs.clock() + timedelta(days=2)


def test_nobody_makes_a_link_to_what_is_not_theirs(plugs: Portal) -> None:
    answer = sent(plugs.people["bob"], PAGE, {"export_id": completed(plugs)}, "/exports")
    assert answer.status_code == 403
    assert ADDRESS.search(plugs.people["bob"].get(PAGE).text) is None


def test_links_of_mails_are_shown_without_what_opens_them(plugs: Portal) -> None:
    now = plugs.clock.now
    hostile = '<b>"eve"@house.example'
    link = Link("e" * 32, "editions/daily/x/r1/report.pdf", None, hostile, "Daily", "delivery", now, now + timedelta(1))
    keep(plugs.ledger, link)
    page = plugs.people["admin"].get(f"{PAGE}?all=true").text
    assert "<b>" not in page
    assert hostile in html.unescape(page)
    assert f"/links/{'e' * 32}." not in page
    assert "Revoke" in page
