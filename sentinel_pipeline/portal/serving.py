"""Serving the portal, or refusing to and saying why."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.lake.keys import Keys
from sentinel_pipeline.lake.storage import Storage
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.portal.application import application
from sentinel_pipeline.portal.listening import Place, bound, shown_address
from sentinel_pipeline.portal.same_origin import LOOPBACK
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.settings import Settings, ledger_url, resolved

ADD_ADMIN = "`sentinel users add NAME --role admin`"


def serve(settings: Settings, place: Place, clock: Callable[[], datetime], say: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM. Raises UsageError for a place at which it would not be safe."""
    site = site_at(settings, place, clock)
    with bound(place.host, place.port) as listening:
        listening.listen()  # whoever reads the address may use it at once
        say(f"Portal: {place.public_url or shown_address(place.host, listening)} (Ctrl-C stops it)")
        if not site.has_users:
            say(f"nobody can sign in yet; {ADD_ADMIN} makes the first admin")
        run(application(site), site, place, listening)


def site_at(settings: Settings, place: Place, clock: Callable[[], datetime]) -> Site:
    """What a portal at that place knows. Raises UsageError for a place at which it would not be safe."""
    name, is_https = public_name(place)
    ledger = open_ledger(ledger_url(settings.data), is_served=True)
    lake = Lake(settings.lake, Storage(Keys(settings.lake_keys, partial(resolved, data=settings.data))))
    site = Site(
        settings.data,
        settings.organisation,
        settings.zone,
        ledger,
        lake,
        clock,
        name,
        is_https,
        analysed_days=settings.analysed_days,
    )
    require_safe(place, has_users=site.has_users)
    return site


def run(app: ASGIApp, site: Site, place: Place, listening: socket.socket) -> None:
    """Serves an application until SIGINT or SIGTERM, and closes the ledger before the signal ends the process."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await super().shutdown(sockets)
            site.ledger.close()

    options: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,  # who looked at what is in the ledger, not in a log
        "server_header": False,
        "timeout_graceful_shutdown": 3,
        # Longer than a proxy keeps an idle connection (60 s is usual): closed by us, its next request would be lost.
        "timeout_keep_alive": 75,
        "proxy_headers": bool(place.public_url),  # believed of a proxy on this machine only
    }
    Server(uvicorn.Config(app, **options)).run(sockets=[listening])


def public_name(place: Place) -> tuple[str, bool]:
    """The host that people ask for, and whether they do so by HTTPS. Raises UsageError for a URL that is none."""
    if not place.public_url:
        return place.host, False
    try:
        parts = urlsplit(place.public_url)
        host, path = parts.hostname, parts.path
    except ValueError:
        host, path = None, ""
    if not host or parts.scheme not in ("http", "https") or path not in ("", "/") or parts.query or parts.username:
        raise UsageError(f"--public-url {place.public_url} is none; write https://reports.example")
    return host, parts.scheme == "https"


def require_safe(place: Place, *, has_users: bool) -> None:
    """Raises UsageError when others on the network could reach it without users, or read passwords on the way."""
    if is_loopback(place.host) and (not place.public_url or is_loopback(public_name(place)[0])):
        return
    if not public_name(place)[1]:
        raise UsageError(
            f"refused to serve {place.host}: passwords would cross the network readable; put a proxy that speaks HTTPS"
            " in front and name its address: --public-url https://reports.example"
        )
    if not has_users:
        raise UsageError(f"refused to serve {place.public_url}: there is no user yet; {ADD_ADMIN} makes the first one")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    if host.lower() in LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
