"""Dagster's web server with downloads of what is published, closed to other people's web pages, beside the portal.

Started as `python -m sentinel_pipeline.orchestration.webserver`; the control room does it.
"""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dagster import DagsterInstance
from dagster import __version__ as dagster_version
from dagster._core.workspace.context import (
    BaseWorkspaceRequestContext,
    WorkspaceProcessContext,
    WorkspaceRequestContext,
)
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_graphql.schema import create_schema
from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.lake.whole_files import write_whole
from sentinel_pipeline.orchestration.one_sign_in import OneSignIn, may_act
from sentinel_pipeline.portal.application import application
from sentinel_pipeline.portal.downloads import file_response, not_found, published_file
from sentinel_pipeline.portal.listening import Place, bound
from sentinel_pipeline.portal.pipeline import PREFIX
from sentinel_pipeline.portal.same_origin import SameOrigin
from sentinel_pipeline.portal.serving import run, site_at
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.settings import PROJECT, data_folder, load_settings

if TYPE_CHECKING:
    from graphene import Schema
    from starlette.applications import Starlette

POLL_MILLISECONDS = 2000
STATEMENT_TIMEOUT_MILLISECONDS = 15_000
LONGEST_MISTAKE: Final = 300
ONLY_LOOKING: Final = "You may look here; an admin may act."
# What Dagster's own pages never ask for: events that anybody reports of assets, and notebooks read by a path.
CLOSED: Final = ("/report_asset_", "/notebook", "/dagit")


class SentinelWebserver(DagsterWebserver[WorkspaceProcessContext, BaseWorkspaceRequestContext]):
    """The stock pages and GraphQL below `prefix`; without one `/files/editions/…` and `/files/exports/…` beside them.

    Who may not act only looks: `may_act` tells them apart.
    """

    def __init__(
        self,
        process_context: WorkspaceProcessContext,
        data: Path,
        host: str,
        prefix: str = "",
        may_act: Callable[[HTTPConnection], bool] = lambda _: True,
    ) -> None:
        self._data = data
        self._host = host
        self._may_act = may_act
        super().__init__(process_context, prefix, live_data_poll_rate=POLL_MILLISECONDS)

    def build_graphql_schema(self) -> Schema:
        return _schema()

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(SameOrigin, host=self._host), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        stock: list[BaseRoute] = super().build_routes()  # type: ignore[no-untyped-call]  # Dagster gives it no types
        if self._app_path_prefix:
            # Files are the portal's there: it knows whose they are, and records who takes them.
            return [Mount(self._app_path_prefix, routes=_without_closed(stock[0].routes))]  # type: ignore[attr-defined] # a Mount
        # Before the stock routes: their last one answers every path with the start page.
        return [Route("/files/{path:path}", self.file_endpoint), *_without_closed(stock)]

    def _make_request_context(self, conn: HTTPConnection) -> BaseWorkspaceRequestContext:
        context = self._process_context
        if self._may_act(conn):
            return context.create_request_context(conn)
        return WorkspaceRequestContext(
            instance=context.instance,
            current_workspace=context.get_current_workspace(),
            process_context=context,
            version=context.version,
            source=conn,
            read_only=True,
        )

    async def file_endpoint(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = await run_in_threadpool(published_file, self._data, path)
        return not_found() if file is None else file_response(file, path.rsplit("/", 1)[-1], request.headers)

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """As Dagster's, but an address alone (GET) reads only: it may stand in any page, mail or picture."""
        if request.method != "POST" and not is_reading(request.query_params.get("query", "")):
            return PlainTextResponse("Only POST may change anything.\n", status_code=405, headers={"Allow": "POST"})
        response: Response = await super().graphql_http_endpoint(request)
        return response

    async def execute_graphql_request(
        self, request: Request, query: str, variables: dict[str, Any] | None, operation_name: str | None
    ) -> JSONResponse:
        """As Dagster's; who only looks changes nothing, whatever a mutation forgets to ask."""
        if not self._may_act(request) and not is_reading(query):
            return JSONResponse({"data": None, "errors": [{"message": ONLY_LOOKING}]}, status_code=403)
        return await super().execute_graphql_request(request, query, variables, operation_name)

    async def download_captured_logs_endpoint(self, request: Request) -> Response:
        """As Dagster's, for who may act; what leads out of the folder of logs is not there."""
        if not self._may_act(request):
            return PlainTextResponse(f"{ONLY_LOOKING}\n", status_code=403)
        if not all(part and part.strip(".") and "\\" not in part for part in request.path_params["path"].split("/")):
            return not_found()
        response: Response = await super().download_captured_logs_endpoint(request)
        return response

    async def download_debug_file_endpoint(self, request: Request) -> Response:
        """As Dagster's, for who may act, of a run that there is."""
        if not self._may_act(request):
            return PlainTextResponse(f"{ONLY_LOOKING}\n", status_code=403)
        run = await run_in_threadpool(self._process_context.instance.get_run_by_id, request.path_params["run_id"])
        response: Response = not_found() if run is None else await super().download_debug_file_endpoint(request)
        return response


def _without_closed(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    return [route for route in routes if not str(getattr(route, "path", "")).startswith(CLOSED)]


@cache
def _schema() -> Schema:
    """Made once: it takes a second, and the pages are served at two places."""
    return create_schema()


def is_reading(document: str) -> bool:
    """Whether a GraphQL document holds queries only; what cannot be parsed does nothing and counts as reading."""
    try:
        definitions = parse(document, no_location=True).definitions
    except (GraphQLError, RecursionError):
        return True
    operations = (node.operation for node in definitions if isinstance(node, OperationDefinitionNode))
    return all(operation is OperationType.QUERY for operation in operations)


def web_application(context: WorkspaceProcessContext, data: Path, host: str) -> Starlette:
    """The ASGI application over a loaded workspace, without the portal: whoever reaches it may act."""
    return SentinelWebserver(context, data, host).create_asgi_app()


def whole_application(context: WorkspaceProcessContext, site: Site) -> OneSignIn:
    """The portal with Dagster's pages under `/dagster`."""
    site = replace(site, has_pipeline=True)
    mounted, rooted = (SentinelWebserver(context, site.data, site.name, prefix, may_act) for prefix in (PREFIX, ""))
    return OneSignIn(application(site), mounted.create_asgi_app(), rooted.create_asgi_app(), site)


def serve(data: Path, workspace: Path, place: Place, listening: socket.socket, told: Path | None) -> None:
    """Serves until SIGINT or SIGTERM, on a socket that is bound already. Raises UsageError where that is not safe.

    `told` is a file in which to say, as JSON, what keeps the definitions from loading and whether nobody has a sign-in.
    """
    site = site_at(load_settings(data), place, lambda: datetime.now(UTC))
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_TIMEOUT_MILLISECONDS, pool_recycle=3600, max_overflow=20)
        target = WorkspaceFileTarget([str(workspace)])
        with WorkspaceProcessContext(instance, target, version=dagster_version) as context:
            if told is not None:
                news = {"mistake": code_mistake(context), "is_open": not site.has_users}
                write_whole(told, json.dumps(news).encode())
            run(whole_application(context, site), site, place, listening)


def code_mistake(context: WorkspaceProcessContext) -> str:
    """What keeps the definitions from loading, in one line; empty when they load."""
    entries = context.get_current_workspace().code_location_entries.values()
    messages = [entry.load_error.message for entry in entries if entry.load_error]
    return " ".join(messages[0].split())[:LONGEST_MISTAKE] if messages else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """The web server's own process; `--fd` is a socket the control room has bound."""
    parser = argparse.ArgumentParser(prog="python -m sentinel_pipeline.orchestration.webserver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--public-url", default="", help="the HTTPS address of the proxy in front")
    parser.add_argument("--fd", type=int, help="serve on this inherited socket instead of binding host and port")
    parser.add_argument("--workspace", type=Path, default=PROJECT / "workspace.yaml")
    parser.add_argument("--told", type=Path, help="a file in which to say how it went, as JSON")
    chosen = parser.parse_args(arguments)
    try:
        listening = bound(chosen.host, chosen.port) if chosen.fd is None else socket.socket(fileno=chosen.fd)
        with listening:
            place = Place(chosen.host, chosen.port, chosen.public_url)
            serve(data_folder(), chosen.workspace, place, listening, chosen.told)
    except SentinelError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
