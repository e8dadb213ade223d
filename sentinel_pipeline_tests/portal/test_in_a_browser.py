"""Every page in a real browser: on a phone and wide, light and dark, by keyboard alone, with nothing from outside."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from sentinel_pipeline_tests.portal.browsing import SIZES, UNNAMED, UNREADABLE, opened, sign_in
from sentinel_pipeline_tests.portal.worlds import Portal

pytestmark = pytest.mark.slow

DAILY = "/editions/daily/2026-10-28/r1"
PAGES = ("/editions", "/editions?text=nothing-fits", DAILY, "/editions/daily/2026-10-28/r2", "/api", "/not-there")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_fits_can_be_read_and_has_names(browser: Browser, portal: Portal, size: str, scheme: str) -> None:
    page, complaints = opened(browser, portal, size, scheme)
    page.goto("/sign-in")
    assert page.evaluate(UNREADABLE) == []
    assert page.evaluate(UNNAMED) == []
    sign_in(page, "analyst")
    for path in PAGES:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = !one.querySelector('iframe'))")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate(UNREADABLE) == [], path
        assert page.evaluate(UNNAMED) == [], path
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "en"
    assert complaints == []
    page.context.close()


def test_the_keyboard_reaches_the_content_and_the_way_out(browser: Browser, portal: Portal) -> None:
    page, _ = opened(browser, portal)
    sign_in(page, "viewer")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(":focus").bounding_box() is not None
    for _ in range(5):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Sign out"
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    page.goto("/editions")
    assert "/sign-in" in page.url
    page.context.close()


def test_a_table_is_sorted_by_its_head(browser: Browser, portal: Portal) -> None:
    page, _ = opened(browser, portal)
    sign_in(page, "analyst")
    page.goto(DAILY)
    page.locator("#top_talkers summary").click()
    page.locator("#top_talkers th a", has_text="Connections").click()
    page.wait_for_url("**by=connections**")
    assert page.locator("#top_talkers th[aria-sort]").get_attribute("aria-sort") == "descending"
    assert page.locator("#top_talkers tbody").is_visible()
    page.context.close()
