"""axe-core finds nothing serious on any page; `make test-axe` fetches it, other runs skip without it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from sentinel_pipeline.settings import PROJECT
from sentinel_pipeline_tests.portal.browsing import opened, sign_in
from sentinel_pipeline_tests.portal.test_export_pages import in_every_state
from sentinel_pipeline_tests.portal.test_report_pages import ask, done
from sentinel_pipeline_tests.portal.test_rooms_in_a_browser import OF_ADMINS, OF_ALL, OF_ANALYSTS
from sentinel_pipeline_tests.portal.test_subscription_pages import subscribe
from sentinel_pipeline_tests.portal.worlds import Portal

AXE = PROJECT / ".tools/node_modules/axe-core/axe.min.js"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there; `make test-axe` fetches it"),
]
DAILY = "/editions/daily/2026-10-28/r1"
PAGES = ("/editions", DAILY, "/api", "/not-there", *OF_ALL, *OF_ANALYSTS, *OF_ADMINS)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def findings(page: Any) -> list[str]:
    """Rules that are broken, how badly, and the first place where they are."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = !one.querySelector('iframe'))")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "wide"])
def test_axe_finds_nothing(browser: Browser, house: Portal, size: str, scheme: str) -> None:
    subscribe(house)
    in_every_state(house)
    reports = [ask(house), ask(house, name="Ready")]
    done(house, reports[1])
    page, _ = opened(browser, house, size, scheme)
    page.goto("/sign-in")
    assert findings(page) == []
    sign_in(page, "admin")
    for path in (*PAGES, *(f"/reports/{name}" for name in reports)):
        page.goto(path)
        assert findings(page) == [], path
    page.context.close()
