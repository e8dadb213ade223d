"""The portal and Dagster's pages in one application: admins act, analysts look, viewers and strangers see nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.types import ASGIApp, Scope

from sentinel_pipeline.domain.access import ROLES
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.sessions import Client, sign_in, sign_out
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.orchestration import one_sign_in
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.webserver import whole_application
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.orchestration.asgi import Answer, ask
from sentinel_pipeline_tests.orchestration.files import CONTENT, REPORT, put

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
CLIENT = Client("127.0.0.1", "tests")
MUTATION = "mutation { setNuxSeen }"
PAGES = ("/dagster", "/dagster/", "/dagster/assets", "/dagster/server_info", "/graphql", "/server_info")


@dataclass
class Whole:
    """The application over a data folder, with the session of one user of each role; `open` has no users."""

    app: ASGIApp
    ledger: Ledger
    sessions: dict[str, str]

    def ask(self, method: str, target: str, body: bytes = b"", by: str = "", **headers: str) -> Answer:
        cookie = {"cookie": f"sentinel_session={self.sessions[by]}"} if by else {}
        return ask(self.app, method, target, body, **cookie, **headers)

    def graphql(self, query: str, by: str = "", at: str = "/dagster/graphql", **headers: str) -> Answer:
        said = {"content_type": "application/json", **headers}
        return self.ask("POST", at, json.dumps({"query": query}).encode(), by, **said)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspaceProcessContext]:
    data = tmp_path_factory.mktemp("data")
    put(data)
    (data / "secret.out").write_text("secret")
    with (
        dg.DagsterInstance.from_config(str(prepare_home(data))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(credentials, "HASHER", QUICK)
        yield context


def data_of(context: WorkspaceProcessContext) -> Path:
    return Path(context.instance.root_directory).parent


def whole(context: WorkspaceProcessContext, ledger: Ledger) -> ASGIApp:
    data = data_of(context)
    site = Site(data, "Example", ZoneInfo("Europe/Berlin"), ledger, Lake(data / "lake"), lambda: AT)
    return whole_application(context, site)


@pytest.fixture(scope="module")
def peopled(context: WorkspaceProcessContext) -> Whole:
    ledger = open_ledger(f"sqlite:///{data_of(context) / 'state.db'}")
    sessions: dict[str, str] = {}
    for role in ROLES:
        add(ledger, role, role, PASSWORD, "tests", AT)
        sessions[role] = sign_in(ledger, role, PASSWORD, CLIENT, AT) or ""
    return Whole(whole(context, ledger), ledger, sessions)


@pytest.fixture
def empty(context: WorkspaceProcessContext, tmp_path: Path) -> Whole:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'state.db'}")
    return Whole(whole(context, ledger), ledger, {})


def test_without_users_everything_is_where_it_was_before_the_portal(empty: Whole) -> None:
    for path in ("/", "/assets/daily/report", "/dagster/", "/dagster/runs"):
        assert b"<html" in empty.ask("GET", path).body
    assert json.loads(empty.ask("GET", "/server_info").body)["dagster_version"] == dg.__version__
    assert empty.graphql(MUTATION, at="/graphql").status == 200
    assert empty.graphql(MUTATION).status == 200
    assert empty.ask("GET", REPORT).body == CONTENT
    assert websocket(empty.app, "/graphql") == "websocket.accept"
    assert b"Nobody can sign in yet" in empty.ask("GET", "/sign-in").body
    assert empty.ask("GET", "/editions").status == 303


def test_the_first_admin_closes_the_door_of_a_running_server(empty: Whole) -> None:
    assert empty.ask("GET", "/").status == 200
    add(empty.ledger, "ann", "admin", PASSWORD, "tests", AT)
    assert empty.ask("GET", "/").headers["location"].startswith("/sign-in")
    assert empty.ask("GET", REPORT).status == 303
    assert empty.graphql(MUTATION, at="/graphql").status == 401
    assert empty.ask("GET", "/assets/daily/report").status == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_sign_in_and_back(peopled: Whole, path: str) -> None:
    answer = peopled.ask("GET", path)
    assert (answer.status, answer.headers["location"]) == (303, f"/sign-in?then={path}")
    assert peopled.graphql("{version}").status == 401
    assert websocket(peopled.app, "/dagster/graphql") == "websocket.close"


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_sees_nothing_of_it_and_that_is_on_record(peopled: Whole, path: str) -> None:
    answer = peopled.ask("GET", path, by="viewer")
    assert answer.status == 403
    assert b"PIPELINE_VIEW" in answer.body
    assert peopled.graphql("{version}", by="viewer").status == 403
    assert websocket(peopled.app, "/dagster/graphql", peopled.sessions["viewer"]) == "websocket.close"
    with peopled.ledger.reading() as connection:
        assert list(history(connection))[-1].act == "permission denied"


def test_an_analyst_looks_and_changes_nothing(peopled: Whole) -> None:
    assert b'"/dagster"' in peopled.ask("GET", "/dagster/assets", by="analyst").body
    assert peopled.graphql("{version}", by="analyst").status == 200
    may = peopled.graphql("{permissions {permission value}}", by="analyst")
    assert not any(one["value"] for one in json.loads(may.body)["data"]["permissions"])
    refused = peopled.graphql(f"query A {{version}} {MUTATION.replace('mutation', 'mutation B')}", by="analyst")
    assert refused.status == 403
    assert "an admin may act" in json.loads(refused.body)["errors"][0]["message"]
    assert websocket(peopled.app, "/dagster/graphql", peopled.sessions["analyst"]) == "websocket.accept"
    for path in ("/dagster/logs/a/b/c.out", "/dagster/download_debug/0"):
        assert peopled.ask("GET", path, by="analyst").status == 403


def test_an_admin_acts(peopled: Whole) -> None:
    assert peopled.graphql(MUTATION, by="admin").status == 200
    assert peopled.graphql(MUTATION, by="admin", at="/graphql").status == 200
    may = peopled.graphql("{permissions {permission value}}", by="admin")
    granted = {one["permission"] for one in json.loads(may.body)["data"]["permissions"] if one["value"]}
    assert {"launch_pipeline_execution", "terminate_pipeline_execution", "wipe_assets"} <= granted


def test_a_token_that_names_it_acts_for_a_script(peopled: Whole) -> None:
    def said(*scopes: str) -> str:
        secret = make(peopled.ledger, "admin", "ci", scopes, timedelta(days=1), "tests", AT)  # type: ignore[arg-type]
        return f"Bearer {secret}"

    assert peopled.graphql(MUTATION, authorization=said("PIPELINE_VIEW", "PIPELINE_RUN")).status == 200
    assert peopled.graphql("{version}", authorization=said("PIPELINE_VIEW")).status == 200
    assert peopled.graphql(MUTATION, authorization=said("PIPELINE_VIEW")).status == 403
    assert peopled.graphql("{version}", authorization=said("REPORTS_VIEW")).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
@pytest.mark.parametrize("at", ["/dagster/graphql", "/graphql"])
def test_other_peoples_pages_change_nothing_in_an_admins_browser(
    peopled: Whole, empty: Whole, headers: dict[str, str], at: str
) -> None:
    for app, by in ((peopled, "admin"), (empty, "")):
        assert app.graphql(MUTATION, by=by, at=at, **headers).status == 403
        assert websocket(app.app, at, app.sessions.get(by, ""), **headers) == "websocket.close"
    if "host" in headers:
        assert peopled.ask("GET", "/dagster/", by="admin", host="evil.example").status == 403


def test_an_address_alone_changes_nothing(peopled: Whole) -> None:
    target = f"/dagster/graphql?query={quote(MUTATION)}"
    assert peopled.ask("GET", target, by="admin", accept="application/json").status == 405


@pytest.mark.parametrize(
    "path", ["report_asset_materialization/x", "report_asset_check/x", "report_asset_observation/x"]
)
@pytest.mark.parametrize("prefix", ["/dagster/", "/"])
def test_nobody_reports_events_that_did_not_happen(peopled: Whole, empty: Whole, prefix: str, path: str) -> None:
    for app, by in ((peopled, "admin"), (empty, "")):
        assert app.ask("POST", prefix + path, b"{}", by=by, content_type="application/json").status in (404, 405)


@pytest.mark.parametrize(
    "path", ["../../../secret.out", "a/../../../../secret.out", "..%5c..%5csecret.out", "/etc/x.out"]
)
def test_logs_lead_nowhere_else(peopled: Whole, path: str) -> None:
    answer = peopled.ask("GET", f"/dagster/logs/{path}", by="admin")
    assert (answer.status, answer.body) == (404, b"There is no such file.\n")
    assert peopled.ask("GET", "/dagster/download_debug/nothing", by="admin").status == 404


def test_files_below_the_mount_are_none(peopled: Whole) -> None:
    """They would pass the portal by, which knows whose they are and records who takes them."""
    assert b"%PDF" not in peopled.ask("GET", f"/dagster{REPORT}", by="analyst").body
    assert peopled.ask("GET", REPORT, by="analyst").body == CONTENT
    assert peopled.ask("GET", REPORT, by="viewer").status == 403


def test_signing_out_ends_it(peopled: Whole) -> None:
    secret = sign_in(peopled.ledger, "analyst", PASSWORD, CLIENT, AT) or ""
    again = Whole(peopled.app, peopled.ledger, {"analyst": secret})
    assert again.graphql("{version}", by="analyst").status == 200
    sign_out(peopled.ledger, secret, CLIENT, AT)
    assert again.graphql("{version}", by="analyst").status == 401


def test_a_websocket_ends_with_its_session(peopled: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_sign_in, "LOOKED_EVERY_SECONDS", 0)
    secret = sign_in(peopled.ledger, "analyst", PASSWORD, CLIENT, AT) or ""
    path = "/dagster/graphql"
    assert exchanged(peopled.app, path, secret, [hello]) == ["websocket.accept", "websocket.send"]

    def leave() -> str:
        sign_out(peopled.ledger, secret, CLIENT, AT)
        return hello()

    assert exchanged(peopled.app, path, secret, [leave]) == ["websocket.accept", "websocket.close"]


def hello() -> str:
    """What a client says first."""
    return json.dumps({"type": "connection_init"})


def websocket(app: ASGIApp, path: str, session: str = "", **headers: str) -> str:
    """The first answer to a websocket's opening."""
    return exchanged(app, path, session, [], **headers)[0]


def exchanged(app: ASGIApp, path: str, session: str, says: list[Callable[[], str]], **headers: str) -> list[str]:
    """The kinds of a server's answers to a websocket's opening, and to what its client says then."""
    said = {"host": "127.0.0.1:3000", "origin": "http://127.0.0.1:3000", **headers}
    said |= {"cookie": f"sentinel_session={session}"} if session else {}
    scope: Scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in said.items()],
        "subprotocols": ["graphql-ws"],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
    }
    sent: list[str] = []
    left = iter(says)
    is_open = False

    async def receive() -> dict[str, object]:
        nonlocal is_open
        if not is_open:
            is_open = True
            return {"type": "websocket.connect"}
        say = next(left, None)
        return {"type": "websocket.receive", "text": say()} if say else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    return sent
