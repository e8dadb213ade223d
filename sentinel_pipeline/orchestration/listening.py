"""Asking whether anybody answers at an address. Knows nothing of Dagster."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit


def is_answering(place: Path | str) -> bool:
    """Whether a Unix socket takes a connection, or the portal says that it lives."""
    try:
        if isinstance(place, str):
            return _status(place, "/health") == 200
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(2)
            asking.connect(str(place))
    except (OSError, http.client.HTTPException):
        return False
    return True


def _status(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
