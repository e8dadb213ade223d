"""Keeps other people's web pages away from a web server that asks nobody to sign in. Knows nothing of Dagster.

A page anywhere may send requests to 127.0.0.1 through its reader's browser, and a name of its own may resolve to it
(DNS rebinding). So the name asked for must be one of ours, and what changes something must come from our own pages.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 # compared with, never bound
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?")


class SameOrigin:
    """ASGI middleware: refuses foreign names and foreign pages with 403, and framing by others."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return

        async def send_unframed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Frame-Options"] = "SAMEORIGIN"
            await send(message)

        await self.app(scope, receive, send_unframed)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_own_name(hosts[0], self.host):
            return "This server is not known by that name; use the address it printed when it started."
        if scope["type"] == "http" and scope["method"] in READING:
            return None
        return None if _comes_from_us(headers, hosts[0]) else "Only pages of this server may ask it to change anything."


async def _refuse(reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":  # closed before it was accepted, servers answer 403
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
    else:
        await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)


def is_own_name(asked: str, host: str) -> bool:
    """Whether a Host header names this machine itself or the address the server was told to listen on."""
    match = HOST.fullmatch(asked)
    if match is None:
        return False
    name = (match[1] or match[2]).lower()
    if name in LOOPBACK or name == host.lower():
        return True
    # Asked to listen everywhere, it is known by any address; a number cannot be rebound, a name can.
    return host in EVERY_ADDRESS and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _comes_from_us(headers: Headers, host: str) -> bool:
    # Browsers send Origin with everything but plain reading; curl and scripts send none and are their user's own.
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origins = headers.getlist("origin")
    if not origins:
        return True
    try:
        origin = urlsplit(origins[0])
    except ValueError:
        return False
    return len(origins) == 1 and origin.scheme in ("http", "https") and origin.netloc.lower() == host.lower()
