"""Dagster's pages as the portal knows them: who may not see them is told so here, as everywhere in the portal.

`sentinel up` serves them itself to those who may, so that only the others, and `sentinel serve`, come here.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.visitors import Visitor, allowed

router = APIRouter(include_in_schema=False)
PREFIX: Final = "/dagster"
AT_ROOT: Final = ("/graphql", "/server_info")
"""Where scripts knew Dagster before there was a portal."""


def not_here(_: Annotated[Visitor, Depends(allowed("PIPELINE_VIEW"))]) -> Response:
    raise NothingHereError("Dagster's pages are not served here; `sentinel up` serves them beside the portal.")


for path in (PREFIX, f"{PREFIX}/{{path:path}}", *AT_ROOT):
    router.add_api_route(path, not_here, methods=["GET", "HEAD", "POST"])
