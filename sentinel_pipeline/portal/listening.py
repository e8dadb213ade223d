"""Addresses: taking one, and showing it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from sentinel_pipeline.domain.errors import SentinelError


@dataclass(frozen=True)
class Place:
    """Where the portal listens, and the address at which people reach it (empty: where it listens)."""

    host: str
    port: int
    public_url: str = ""


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
