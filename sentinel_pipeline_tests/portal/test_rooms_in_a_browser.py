"""What people do in the portal, in a real browser, as admin, analyst and viewer; every page of theirs can be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sentinel_pipeline_tests.portal.browsing import UNNAMED, UNREADABLE, opened, sign_in
from sentinel_pipeline_tests.portal.test_export_pages import in_every_state
from sentinel_pipeline_tests.portal.test_report_pages import ask, done
from sentinel_pipeline_tests.portal.test_subscription_pages import PAGE as SUBSCRIPTION
from sentinel_pipeline_tests.portal.test_subscription_pages import subscribe
from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal

pytestmark = pytest.mark.slow

OF_ALL = ("/account",)
OF_ANALYSTS = (
    *("/reports", "/reports/new", "/quick-exports", "/exports", "/links"),
    *("/subscriptions", "/subscriptions/new", SUBSCRIPTION),
)
OF_ADMINS = ("/admin/users", "/admin/users/viewer", "/admin/audit", "/admin/deliveries", "/admin/retention")
PAGES = {"viewer": OF_ALL, "analyst": OF_ALL + OF_ANALYSTS, "admin": OF_ALL + OF_ANALYSTS + OF_ADMINS}
PICTURES = "SENTINEL_PICTURES"


def looked_at(page: Page, name: str) -> None:
    """A picture of the page for people, where they said they want one."""
    if folder := os.environ.get(PICTURES):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def faults(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    unfit = [f"{wide} pixels too wide"] if wide > 0 else []
    return [*unfit, *page.evaluate(UNREADABLE), *map(str, page.evaluate(UNNAMED))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["narrow", "desk"])
def test_every_page_of_every_role_fits_and_can_be_read(browser: Browser, house: Portal, size: str, scheme: str) -> None:
    subscribe(house)
    in_every_state(house)
    reports = [ask(house), ask(house, name="Ready")]
    done(house, reports[1])
    for role, paths in PAGES.items():
        page, complaints = opened(browser, house, size, scheme)
        sign_in(page, role)
        more = [f"/reports/{name}" for name in reports] if role != "viewer" else []
        for path in (*paths, *more):
            answer = page.goto(path)
            assert answer is not None
            assert (answer.status, path) == (200, path)
            named = path.strip("/").replace("/", "-").replace(" ", "_")
            looked_at(page, f"{role}-{named}-{size}-{scheme}")
            assert faults(page) == [], path
            assert page.locator("h1").count() == 1
            assert page.locator("nav[aria-label=Main] [aria-current=page]").count() == (path not in OF_ALL), path
        assert complaints == []
        page.context.close()


def test_an_analyst_asks_for_a_report_and_cancels_it(browser: Browser, house: Portal) -> None:
    page, complaints = opened(browser, house)
    sign_in(page, "analyst")
    page.get_by_role("link", name="Reports", exact=True).click()
    page.get_by_role("link", name="Ask for a report").click()
    page.get_by_role("textbox", name="Name").fill("Cameras at night")
    page.get_by_label("Days, up to yesterday").select_option("30 days")
    page.get_by_label("alerts", exact=True).check()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="Preview").wait_for()
    assert page.get_by_label("alerts", exact=True).is_checked()
    page.get_by_role("button", name="Ask for it").click()
    page.get_by_role("heading", name="Cameras at night").wait_for()
    assert page.locator("progress").is_visible()
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_role("button", name="Ask for it again").wait_for()
    assert complaints == []
    page.context.close()


def test_an_analyst_downloads_by_one_click(browser: Browser, house: Portal) -> None:
    page, complaints = opened(browser, house)
    sign_in(page, "analyst")
    page.get_by_role("link", name="Exports", exact=True).click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="CSV of Connections of 24 hours").click()
    assert waited.value.suggested_filename.startswith("connections_")
    assert Path(waited.value.path()).read_text().count("\n") == 49
    assert complaints == []
    page.context.close()


def test_an_admin_adds_somebody_who_changes_their_password(browser: Browser, house: Portal) -> None:
    page, complaints = opened(browser, house)
    sign_in(page, "admin")
    page.get_by_role("link", name="Admin", exact=True).click()
    page.get_by_label("Name").fill("eve")
    page.get_by_label("Role").select_option("analyst")
    page.get_by_label("First password").fill(PASSWORD)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="eve").wait_for()
    other, _ = opened(browser, house)
    sign_in(other, "eve")
    other.get_by_role("link", name="eve").click()
    other.get_by_label("Your password now").fill(PASSWORD)
    for label in ("The new one 12", "The new one again"):
        other.get_by_label(label).fill("another horse battery")
    other.get_by_role("button", name="Change the password").click()
    other.get_by_text("Your password is changed").wait_for()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("button", name="Enable").wait_for()
    other.goto("/editions")
    assert "/sign-in" in other.url
    page.get_by_role("link", name="Users").click()
    page.get_by_role("link", name="Audit log").click()
    assert page.get_by_text("unbroken").is_visible()
    assert complaints == []
    page.context.close()
    other.context.close()


def test_a_viewer_is_shown_no_door_that_is_shut(browser: Browser, house: Portal) -> None:
    page, _ = opened(browser, house)
    sign_in(page, "viewer")
    assert page.locator("nav[aria-label=Main] a").all_inner_texts() == ["Editions", "API"]
    for path in ("/reports", "/quick-exports", "/exports", "/links", "/subscriptions", "/admin", "/dagster"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 403
        assert page.get_by_role("heading", name="Not for you").is_visible()
    page.context.close()
