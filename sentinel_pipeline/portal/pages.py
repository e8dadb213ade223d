"""Templates filled in: everything from outside escaped, with what cannot be seen in it spelled out."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from sentinel_pipeline import __version__
from sentinel_pipeline.portal.style import STYLE_TAG
from sentinel_pipeline.portal.visitors import Visitor, site_of
from sentinel_pipeline.rendering.characters import printable
from sentinel_pipeline.rendering.html import NUMERIC
from sentinel_pipeline.rendering.palette import LOOKS, SEVERITIES


def page(request: Request, template: str, found: Visitor | None, status: int = 200, **content: Any) -> HTMLResponse:
    """A page as an answer; `found` is who is signed in."""
    site = site_of(request)
    given = {"visitor": found, "organisation": site.organisation, "path": request.url.path, **content}
    return HTMLResponse(_environment().get_template(template).render(given), status_code=status)


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
    }
    return environment


def _visible(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
