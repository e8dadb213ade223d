"""Dagster's web server with downloads of what is published, closed to other people's web pages.

Started as `python -m sentinel_pipeline.orchestration.webserver`; the control room does it.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import DagsterInstance
from dagster import __version__ as dagster_version
from dagster._core.workspace.context import BaseWorkspaceRequestContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.portal.downloads import file_response, not_found, published_file
from sentinel_pipeline.portal.listening import bound
from sentinel_pipeline.portal.same_origin import SameOrigin
from sentinel_pipeline.settings import PROJECT, data_folder

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

POLL_MILLISECONDS = 2000
STATEMENT_TIMEOUT_MILLISECONDS = 15_000


class SentinelWebserver(DagsterWebserver[WorkspaceProcessContext, BaseWorkspaceRequestContext]):
    """The stock pages and GraphQL, `/files/editions/…` and `/files/exports/…` beside them."""

    def __init__(self, process_context: WorkspaceProcessContext, data: Path, host: str) -> None:
        self._data = data
        self._host = host
        super().__init__(process_context, live_data_poll_rate=POLL_MILLISECONDS)

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(SameOrigin, host=self._host), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        # Before the stock routes: their last one answers every path with the start page.
        stock: list[BaseRoute] = super().build_routes()  # type: ignore[no-untyped-call]  # Dagster gives it no types
        return [Route("/files/{path:path}", self.file_endpoint), *stock]

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


def is_reading(document: str) -> bool:
    """Whether a GraphQL document holds queries only; what cannot be parsed does nothing and counts as reading."""
    try:
        definitions = parse(document, no_location=True).definitions
    except (GraphQLError, RecursionError):
        return True
    operations = (node.operation for node in definitions if isinstance(node, OperationDefinitionNode))
    return all(operation is OperationType.QUERY for operation in operations)


def web_application(context: WorkspaceProcessContext, data: Path, host: str) -> Starlette:
    """The ASGI application over a loaded workspace."""
    return SentinelWebserver(context, data, host).create_asgi_app()


def serve(data: Path, workspace: Path, host: str, listening: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, on a socket that is bound already."""
    import uvicorn

    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_TIMEOUT_MILLISECONDS, pool_recycle=3600, max_overflow=20)
        target = WorkspaceFileTarget([str(workspace)])
        with WorkspaceProcessContext(instance, target, version=dagster_version) as context:
            options: dict[str, Any] = {"log_level": "warning", "timeout_graceful_shutdown": 3, "server_header": False}
            server = uvicorn.Server(uvicorn.Config(web_application(context, data, host), **options))
            server.run(sockets=[listening])


def main(arguments: Sequence[str] | None = None) -> None:
    """The web server's own process; `--fd` is a socket the control room has bound."""
    parser = argparse.ArgumentParser(prog="python -m sentinel_pipeline.orchestration.webserver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--fd", type=int, help="serve on this inherited socket instead of binding host and port")
    parser.add_argument("--workspace", type=Path, default=PROJECT / "workspace.yaml")
    chosen = parser.parse_args(arguments)
    try:
        listening = bound(chosen.host, chosen.port) if chosen.fd is None else socket.socket(fileno=chosen.fd)
    except SentinelError as error:
        parser.exit(1, f"{error}\n")
    with listening:
        serve(data_folder(), chosen.workspace, chosen.host, listening)


if __name__ == "__main__":
    main()
