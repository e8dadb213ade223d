"""Templates filled in: everything from outside escaped, with what cannot be seen in it spelled out."""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from sentinel_pipeline import __version__
from sentinel_pipeline.domain.access import Permission
from sentinel_pipeline.portal.style import STYLE_TAG
from sentinel_pipeline.portal.visitors import Visitor, site_of
from sentinel_pipeline.rendering.characters import printable
from sentinel_pipeline.rendering.html import NUMERIC
from sentinel_pipeline.rendering.palette import LOOKS, SEVERITIES

# Addresses, the first of which it leads to, words and the permission it needs, in the order of the bar at the top.
BAR: Final[tuple[tuple[tuple[str, ...], str, Permission], ...]] = (
    (("/editions",), "Editions", "REPORTS_VIEW"),
    (("/reports",), "Reports", "DATA_EXPORT"),
    (("/quick-exports", "/exports", "/links"), "Exports", "DATA_EXPORT"),
    (("/subscriptions",), "Subscriptions", "DATA_EXPORT"),
    (("/dagster/",), "Pipeline", "PIPELINE_VIEW"),
    (("/api",), "API", "REPORTS_VIEW"),
    (("/admin",), "Admin", "USERS_MANAGE"),
)


def page(request: Request, template: str, found: Visitor | None, status: int = 200, **content: Any) -> HTMLResponse:
    """A page as an answer; `found` is who is signed in."""
    site = site_of(request)
    told = {"organisation": site.organisation, "has_pipeline": site.has_pipeline, "path": request.url.path}
    given = {"visitor": found, "when": partial(moment, site.zone), **told, **content}
    return HTMLResponse(_environment().get_template(template).render(given), status_code=status)


def moment(zone: ZoneInfo, instant: datetime | None) -> str:
    """An instant in the configured zone, to the minute; nothing where there is none."""
    return "" if instant is None else f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sentinel_pipeline.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "version": __version__,
        "style_tag": STYLE_TAG,
        "looks": LOOKS,
        "severities": SEVERITIES,
        "numeric": NUMERIC,
        "bar": BAR,
    }
    return environment


def _visible(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
