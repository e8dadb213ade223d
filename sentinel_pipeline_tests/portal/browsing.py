"""Pages in a real browser: opened in every size and light, asked what is wrong with them, and signed in to."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page

from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal

SIZES = {"phone": (360, 740), "wide": (1440, 900)}
MORE_SIZES = {**SIZES, "narrow": (390, 844), "desk": (1280, 900)}
# Text whose colour is too near to what is behind it: below 4.5 to 1, or 3 to 1 when large (WCAG 2.2, 1.4.3).
UNREADABLE = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const lum = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const says = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(e);
    if (!says || !e.checkVisibility() || style.clipPath !== 'none') continue;
    const [a, b] = [lum(parse(style.color)), lum(behind(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if ((a + .05) / (b + .05) < (isLarge ? 3 : 4.5)) found.push(e.textContent.trim().slice(0, 40));
  }
  return found;
}"""
# Fields that nobody names, pictures without words, headings that leave a level out, tables that cannot be scrolled to.
UNNAMED = """() => [
  ...[...document.querySelectorAll('input:not([type=hidden]), select')].filter(e => !e.labels.length),
  ...[...document.querySelectorAll('img:not([alt]), iframe:not([title]), .scroll:not([tabindex])')],
  ...[...document.querySelectorAll('a, button, summary')].filter(e => !e.textContent.trim()),
].map(e => e.outerHTML.slice(0, 80)).concat(
  [...document.querySelectorAll('h1, h2, h3')].map(e => +e.tagName[1]).filter(
    (n, i, all) => n > (all[i - 1] || 0) + 1))"""


def opened(browser: Browser, portal: Portal, size: str = "wide", scheme: Any = "light") -> tuple[Page, list[str]]:
    """A page, and what it complains of or asks others for."""
    width, height = MORE_SIZES[size]
    viewport: Any = {"width": width, "height": height}
    page = browser.new_context(viewport=viewport, color_scheme=scheme, base_url=portal.address).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "404" not in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(portal.address) else complaints.append(asked.url))
    return page, complaints


def sign_in(page: Page, name: str) -> None:
    """By keyboard alone: the field for the name has the focus."""
    page.goto("/sign-in")
    page.locator("#name:focus").wait_for()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/editions")
