"""Asking whether anybody answers at an address. Knows nothing of Dagster."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

LOCATIONS = (
    "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {... on PythonError {message}}}}}}"
)


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
