"""The page that explains the API, made from its own description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import Visitor, visitor

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Parameter:
    """A parameter in words: what it may be, and what holds without it."""

    name: str
    allowed: str
    default: str


@dataclass(frozen=True)
class Call:
    """A call of the API."""

    method: str
    path: str
    description: str
    parameters: tuple[Parameter, ...]


@router.get("/api")
def show_api(request: Request, found: Annotated[Visitor, Depends(visitor)]) -> Response:
    calls = list(_calls(request.app.openapi()))
    return page(request, "api.html", found, calls=calls, address=f"{request.url.scheme}://{request.url.netloc}")


def _calls(described: Mapping[str, Any]) -> Iterator[Call]:
    for path, methods in described["paths"].items():
        for method, call in methods.items():
            parameters = tuple(_parameter(one) for one in call.get("parameters", ()))
            yield Call(method.upper(), path, " ".join(call.get("description", "").split()), parameters)


def _parameter(described: Mapping[str, Any]) -> Parameter:
    schema = described["schema"]
    allowed = described.get("description", "").partition(";")[0]
    if "enum" in schema:
        allowed = ", ".join(schema["enum"])
    elif "maximum" in schema:
        allowed = f"{schema['minimum']:,} to {schema['maximum']:,}"
    left_out = described.get("description", "").partition("left out: ")[2]
    return Parameter(described["name"], allowed, str(schema.get("default", left_out.rstrip("."))))
