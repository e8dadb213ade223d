"""Dagster's own pages below the portal, in a real browser: each role's, their links, and what other pages try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.asset_daemon import get_auto_materialize_paused, set_auto_materialize_paused
from playwright.sync_api import Browser, Page

from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.webserver import whole_application
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.portal.browsing import opened, sign_in
from sentinel_pipeline_tests.portal.chromium import browser
from sentinel_pipeline_tests.portal.worlds import PDF, Portal, serving, with_people

__all__ = ["browser"]

pytestmark = pytest.mark.slow

MUTATION = "mutation { setAutoMaterializePaused(paused: false) }"
REPORT = "/files/editions/daily/2026-10-28/r1/report.pdf"
FOREIGN = """<!DOCTYPE html><title>foreign</title><script>
const told = {};
const address = new URLSearchParams(location.search).get('at');
const query = JSON.stringify({query: 'mutation { setAutoMaterializePaused(paused: false) }'});
const asked = kind => fetch(address + '/dagster/graphql', {method: 'POST', mode: 'no-cors', credentials: 'include',
  headers: {'Content-Type': kind}, body: query}).then(() => 'sent', () => 'refused');
const socket = new Promise(done => { const one = new WebSocket(address.replace('http', 'ws') + '/dagster/graphql',
  'graphql-ws'); one.onopen = () => done('open'); one.onerror = () => done('shut'); });
window.finished = Promise.all([asked('text/plain'), asked('application/json'), socket]);
</script>"""


@dataclass
class Whole:
    portal: Portal
    instance: dg.DagsterInstance


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    folder = tmp_path / REPORT.removeprefix("/files/")
    folder.parent.mkdir(parents=True)
    folder.write_bytes(PDF)
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
        serving(tmp_path, make=partial(whole_application, context)) as portal,
    ):
        patch.setattr(credentials, "HASHER", QUICK)
        set_auto_materialize_paused(instance, paused=True)
        link = {"report": dg.MetadataValue.url(REPORT)}
        instance.report_runless_asset_event(dg.AssetMaterialization("reports", metadata=link))
        yield Whole(with_people(portal), instance)


def at_dagster(browser: Browser, portal: Portal, role: str) -> tuple[Page, list[str]]:
    """Signed in, and gone over to Dagster's pages by the portal's own link; the websockets that were opened."""
    page, _ = opened(browser, portal)
    sockets: list[str] = []
    page.on("websocket", lambda one: sockets.append(one.url))
    sign_in(page, role)
    page.get_by_role("link", name="Pipeline").click()
    page.get_by_role("link", name="Runs").first.wait_for()
    return page, sockets


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_the_pages_work_below_the_portal_and_files_download(browser: Browser, whole: Whole, role: str) -> None:
    page, _ = at_dagster(browser, whole.portal, role)
    assert "/dagster" in page.url
    page.goto("/dagster/assets/reports?view=events")
    link = page.locator(f'a[href="{REPORT}"]').first
    link.wait_for()
    assert page.request.get(f"{whole.portal.address}{link.get_attribute('href')}").body() == PDF
    page.goto("/dagster/runs")
    page.get_by_text("No runs", exact=False).first.wait_for()
    page.goto("/editions")
    assert page.get_by_role("heading", name="Editions").is_visible()
    page.context.close()


def asked(page: Page, query: str) -> Any:
    """What Dagster's own page would ask."""
    script = """async query => { const answer = await fetch('/dagster/graphql', {method: 'POST',
      headers: {'Content-Type': 'application/json'}, body: JSON.stringify({query})});
      return [answer.status, await answer.json()]; }"""
    return page.evaluate(script, query)


def test_an_admin_acts_and_an_analyst_looks(browser: Browser, whole: Whole) -> None:
    for role, status in (("admin", 200), ("analyst", 403)):
        page, _ = at_dagster(browser, whole.portal, role)
        assert asked(page, "{version}")[0] == 200
        assert asked(page, MUTATION)[0] == status
        opens = """() => new Promise(done => { const one = new WebSocket(location.origin.replace('http', 'ws')
          + '/dagster/graphql', 'graphql-ws'); one.onopen = () => done('open'); one.onerror = () => done('shut'); })"""
        assert page.evaluate(opens) == "open"
        page.context.close()


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another origin, with a page that tries to act in its reader's name."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "index.html").write_text(FOREIGN)
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_another_page_in_an_admins_browser_changes_nothing(browser: Browser, whole: Whole, elsewhere: str) -> None:
    """The same host at another port is the same site: cookies go along, and only the Origin tells."""
    page, _ = at_dagster(browser, whole.portal, "admin")
    assert not is_running(whole.instance)
    page.goto(f"{elsewhere}/?at={whole.portal.address}")
    assert page.evaluate("window.finished")[2] == "shut"
    assert not is_running(whole.instance)
    page.goto("/dagster/graphql?query=mutation%20%7B%20setAutoMaterializePaused(paused%3A%20false)%20%7D")
    assert not is_running(whole.instance)
    page.goto("/dagster/")
    assert asked(page, MUTATION)[0] == 200
    assert is_running(whole.instance)
    page.context.close()


def test_a_viewer_does_not_get_in_by_any_address(browser: Browser, whole: Whole) -> None:
    page, _ = opened(browser, whole.portal)
    sign_in(page, "viewer")
    assert page.get_by_role("link", name="Pipeline").count() == 0
    for path in ("/dagster", "/dagster/assets/reports", "/dagster/graphql?query={version}", "/graphql", "/server_info"):
        answer = page.goto(path)
        assert answer is not None
        assert (answer.status, path) == (403, path)
    page.context.close()


def is_running(instance: dg.DagsterInstance) -> bool:
    """Whether the mutation took place: automation is paused until somebody has it run."""
    return not get_auto_materialize_paused(instance)
