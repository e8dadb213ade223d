"""The portal at `/` and Dagster's pages under `/dagster`, in one application with one sign-in.

Admins act there, analysts look, viewers see nothing of it. While there is no user nobody could sign in: then Dagster's
pages are whoever's works on this machine, at `/` too; the first admin that is made closes them, for good.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from time import monotonic
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sentinel_pipeline.portal.application import ROUTERS
from sentinel_pipeline.portal.pipeline import AT_ROOT, PREFIX
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import visitor_of

MAY_ACT: Final = "sentinel.may_act"
LOOKED_EVERY_SECONDS: Final = 30.0
# Published files belong to who is signed in; where nobody can, they are handed out as Dagster's pages link them.
NOT_WHILE_OPEN: Final = ("", "files", PREFIX.strip("/"), *(path.strip("/") for path in AT_ROOT))


class OneSignIn:
    """ASGI application; `mounted` and `rooted` are Dagster's pages under `/dagster` and, without it, at `/`."""

    def __init__(self, portal: ASGIApp, mounted: ASGIApp, rooted: ASGIApp, site: Site) -> None:
        self.portal = portal
        self.mounted = mounted
        self.rooted = rooted
        self.site = site
        self.has_users = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.portal(scope, receive, send)
            return
        pages, is_allowed = await run_in_threadpool(self._pages, scope)
        if pages is not None and is_allowed is not None:
            await pages({**scope, MAY_ACT: is_allowed}, receive, self._watched(scope, send))
        elif scope["type"] == "websocket":  # closed before it was accepted, servers answer 403
            await send({"type": "websocket.close", "code": 1008, "reason": "Sign in first."})
        else:
            await self.portal(scope, receive, send)

    def _watched(self, scope: Scope, send: Send) -> Send:
        """Sends as long as who asks may look: a websocket stays open for hours, a session or a role may not."""
        looked = monotonic()

        async def send_allowed(message: MutableMapping[str, Any]) -> None:
            nonlocal looked
            if message["type"] == "websocket.send" and monotonic() - looked >= LOOKED_EVERY_SECONDS:
                looked = monotonic()
                if (await run_in_threadpool(self._pages, scope))[1] is None:
                    await send({"type": "websocket.close", "code": 1008, "reason": "Sign in first."})
                    raise OSError("signed out")  # as Starlette hears that nobody is there any more
            await send(message)

        return send_allowed

    def _pages(self, scope: Scope) -> tuple[ASGIApp | None, bool | None]:
        """Dagster's pages of a path, None for the portal's; and whether who asks may act, None: not even look."""
        path, is_open = scope["path"], self._is_open()
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            pages = self.mounted
        elif path in AT_ROOT or (is_open and path.strip("/").partition("/")[0] not in OF_PORTAL):
            pages = self.rooted
        else:
            return None, None
        return pages, is_open or self._may_act(scope)

    def _is_open(self) -> bool:
        """Asked until there is a user, and never again: nobody opens the pages by taking users away."""
        self.has_users = self.has_users or self.site.has_users
        return not self.has_users

    def _may_act(self, scope: Scope) -> bool | None:
        found = visitor_of(self.site, HTTPConnection(scope))
        return found.may("PIPELINE_RUN") if found and found.may("PIPELINE_VIEW") else None


def may_act(asked: HTTPConnection) -> bool:
    """What was found out about who asks."""
    return bool(asked.scope.get(MAY_ACT))


def _first_parts() -> frozenset[str]:
    paths = (str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes)
    return frozenset(path.split("/")[1] for path in paths) - {*NOT_WHILE_OPEN}


OF_PORTAL: Final = _first_parts()
