import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.types import ASGIApp, Receive, Scope, Send

from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.webserver import is_reading, web_application
from sentinel_pipeline.portal.same_origin import SameOrigin, is_own_name
from sentinel_pipeline_tests.orchestration.asgi import Answer, ask
from sentinel_pipeline_tests.orchestration.files import CONTENT, REPORT, put

MUTATION = "mutation { setNuxSeen }"
JSON = {"content_type": "application/json"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    data = tmp_path_factory.mktemp("data")
    put(data)
    (data / "secret.txt").write_text("secret")
    with (
        dg.DagsterInstance.from_config(str(prepare_home(data))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
    ):
        yield web_application(context, data, "sentinel.example")


def graphql(app: ASGIApp, query: str, **headers: str) -> Answer:
    return ask(app, "POST", "/graphql", json.dumps({"query": query}).encode(), **{**JSON, **headers})


def test_a_report_downloads(app: ASGIApp) -> None:
    answer = ask(app, "GET", REPORT)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_report_downloads_in_pieces(app: ASGIApp) -> None:
    answer = ask(app, "GET", REPORT, range="bytes=9-13")
    assert (answer.status, answer.body) == (206, b"01234")
    assert answer.headers["content-range"] == "bytes 9-13/19"
    assert ask(app, "GET", REPORT, range="bytes=100-").status == 416


def test_head_tells_the_size_without_the_content(app: ASGIApp) -> None:
    answer = ask(app, "HEAD", REPORT)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "19")


def test_files_cannot_be_written(app: ASGIApp) -> None:
    assert ask(app, "PUT", REPORT, b"x").status == 405
    assert ask(app, "POST", REPORT, b"x").status == 405


@pytest.mark.parametrize(
    "target",
    [
        "/files/secret.txt",
        "/files/editions/../secret.txt",
        "/files/editions/%2e%2e/secret.txt",
        "/files/editions/..%2fsecret.txt",
        "/files/editions/%252e%252e/secret.txt",
        "/files/editions/..%5csecret.txt",
        "/files//etc/passwd",
        "/files/%2fetc%2fpasswd",
        "/files/editions/daily%00",
        "/files/editions",
        "/files/",
        "/files/editions/missing.pdf",
    ],
)
def test_nothing_else_is_there(app: ASGIApp, target: str) -> None:
    answer = ask(app, "GET", target)
    assert answer.status == 404
    assert answer.body == b"There is no such file.\n"


def test_the_stock_pages_and_questions_work(app: ASGIApp) -> None:
    assert b"<html" in ask(app, "GET", "/").body
    assert b"<html" in ask(app, "GET", "/assets/daily/report").body
    assert json.loads(ask(app, "GET", "/server_info").body)["dagster_version"] == dg.__version__
    assert json.loads(graphql(app, "{version}").body) == {"data": {"version": ""}}
    assert ask(app, "GET", "/graphql?query=" + quote("{version}")).status == 200
    assert b"GraphiQL" in ask(app, "GET", "/graphql", accept="text/html").body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "https://sentinel.example", "host": "sentinel.example"},
        {"origin": "http://localhost:3000", "host": "localhost:3000", "sec_fetch_site": "same-origin"},
    ],
)
def test_our_own_pages_may_change_things(app: ASGIApp, headers: dict[str, str]) -> None:
    assert graphql(app, MUTATION, **headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3001"},
        {"origin": "http://127.0.0.1:3000.evil.example"},
        {"origin": "http://[broken"},
        {"origin": "file://127.0.0.1:3000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
def test_other_peoples_pages_may_not(app: ASGIApp, headers: dict[str, str]) -> None:
    assert graphql(app, MUTATION, **headers).status == 403
    assert graphql(app, "{version}", **headers).status == 403
    assert ask(app, "POST", "/report_asset_materialization/x", b"{}", **headers).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "127.0.0.1:3000@x"]
)
def test_a_foreign_name_gets_nothing_at_all(app: ASGIApp, host: str) -> None:
    for target in ("/", REPORT, "/server_info"):
        assert ask(app, "GET", target, host=host).status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("document", [MUTATION, "query A {version} mutation B { setNuxSeen }", "subscription { x }"])
def test_an_address_alone_changes_nothing(app: ASGIApp, method: str, document: str) -> None:
    target = f"/graphql?query={quote(document)}&operationName=A"
    answer = ask(app, method, target, accept="application/json")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_what_cannot_be_parsed_counts_as_reading() -> None:
    assert is_reading("{")
    assert is_reading("")
    assert is_reading("fragment F on Query { version } query { ...F }")


@pytest.mark.parametrize(
    ("asked", "host", "is_own"),
    [
        ("127.0.0.1:3000", "127.0.0.1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("[::1]:3000", "::1", True),
        ("sentinel.lan:80", "sentinel.lan", True),
        ("192.168.1.5:3000", "192.168.1.5", True),
        ("192.168.1.5:3000", "127.0.0.1", False),
        ("192.168.1.5:3000", "0.0.0.0", True),
        ("[fe80::1]", "::", True),
        ("evil.example", "0.0.0.0", False),
        ("::1", "::1", False),
        ("127.0.0.1:", "127.0.0.1", False),
        ("localhost\n", "127.0.0.1", False),
    ],
)
def test_the_names_the_server_goes_by(asked: str, host: str, is_own: bool) -> None:
    assert is_own_name(asked, host) is is_own


def test_a_foreign_page_opens_no_websocket() -> None:
    reached: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    guard = SameOrigin(inner, "127.0.0.1")
    assert _websocket(guard, origin="http://evil.example") == ["websocket.close"]
    assert _websocket(guard, origin="http://127.0.0.1:3000") == []
    assert reached == ["websocket"]


def test_the_servers_own_life_is_not_asked_for_a_name(tmp_path: Path) -> None:
    reached: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    _run(SameOrigin(inner, "127.0.0.1"), {"type": "lifespan"})
    assert reached == ["lifespan"]


def _websocket(app: ASGIApp, origin: str) -> list[str]:
    headers = [(b"host", b"127.0.0.1:3000"), (b"origin", origin.encode())]
    return _run(app, {"type": "websocket", "path": "/graphql", "headers": headers})


def _run(app: ASGIApp, scope: Scope) -> list[str]:
    sent: list[str] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    return sent
