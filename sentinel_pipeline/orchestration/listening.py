"""Addresses: taking one, showing it, and asking whether anybody answers there. Knows nothing of Dagster."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

from sentinel_pipeline.domain.errors import SentinelError

LOCATIONS = (
    "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {... on PythonError {message}}}}}}"
)


def bound(host: str, port: int) -> socket.socket:
    """A socket on that address (port 0: any free one). Raises SentinelError when it is taken or not ours."""
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as error:
        if listening is not None:
            listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SentinelError(f"cannot listen on {host}, port {port}: {reason}; choose another --port") from None
    return listening


def shown_address(host: str, listening: socket.socket) -> str:
    """The address a person on this machine can open."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # replaced, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_answering(place: Path | str) -> bool:
    """Whether a Unix socket takes a connection, or a web server its first question."""
    try:
        if isinstance(place, str):
            return _ask(place, "GET", "/server_info")[0] == 200
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(2)
            asking.connect(str(place))
    except (OSError, http.client.HTTPException):
        return False
    return True


def code_mistake(address: str) -> str | None:
    """What keeps the definitions from loading, in one line, or None."""
    try:
        _, answer = _ask(address, "POST", "/graphql", json.dumps({"query": LOCATIONS}))
        entries = json.loads(answer)["data"]["workspaceOrError"]["locationEntries"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    messages = [(entry.get("locationOrLoadError") or {}).get("message") for entry in entries]
    return next((" ".join(message.split())[:300] for message in messages if message), None)


def _ask(address: str, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
