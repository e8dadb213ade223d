"""Schemathesis finds nothing: whatever calls the description allows, or forbids, the API answers as it describes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from starlette.routing import Route

from sentinel_pipeline.domain.access import GRANTED
from sentinel_pipeline.ledger.sessions import ABSOLUTE
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.portal.application import ROUTERS
from sentinel_pipeline.portal.exports_api import DOCUMENTED, PREFIX
from sentinel_pipeline_tests.portal.test_exports_api import completed
from sentinel_pipeline_tests.portal.worlds import Portal, hurry_forgotten

DESCRIPTION = "/api/v1/openapi.json"
EXPORT_ID = "{export_id}"
MANY = 25
Operation = APIOperation[Any, Any, Any, Any]


def described(portal: Portal, prefix: str, *, is_guarded: bool) -> Iterator[Operation]:
    """Every operation, exports at one of their two addresses; not guarded: as if nobody had to say who they are."""
    told = json.loads(portal.browser().get(DESCRIPTION).text.replace(f'"{PREFIX}', f'"{prefix}'))
    for path in told["paths"].values():
        for one in path.values():
            one["security"] = one.get("security", []) if is_guarded else []
    schema = schemathesis.openapi.from_dict(told)
    schema.config.update(base_url=portal.address)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def tried(portal: Portal, operation: Operation, mode: GenerationMode, number: int, **known: Any) -> None:
    """Calls an operation so often; raises what Schemathesis finds. What a description cannot say is not asked for:
    that a time is one, that a start is before its end.
    """
    secret = make(portal.ledger, "admin", "tests", GRANTED["admin"], ABSOLUTE, "tests", portal.clock())
    headers = {"authorization": f"Bearer {secret}"}
    unsaid: list[Any] = [CHECKS.get_one("positive_data_acceptance")]

    @settings(max_examples=number, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode, **known))
    def call(case: Case[Any]) -> None:
        hurry_forgotten(portal)
        case.validate_response(case.call(headers=headers), headers=headers, excluded_checks=unsaid)

    call()


def test_every_address_of_the_api_is_described(portal: Portal) -> None:
    """Exports at their documented addresses too: these are the same functions, and are tried as well."""
    said = portal.browser().get(DESCRIPTION).json()["paths"]
    routed = {route.path for router in ROUTERS for route in router.routes if isinstance(route, Route)}
    assert {path for path in routed if path.startswith("/api/")} <= said.keys() | {DESCRIPTION}
    assert {f"{PREFIX}/{name}" for name in ("create", "schedule", "schedules/{schedule_id}", EXPORT_ID)} <= said.keys()


@pytest.mark.slow
def test_a_call_of_everything_is_answered_as_described(plugs: Portal) -> None:
    """Of analyses one of each kind: the others differ in nothing that a call could tell."""
    alike = ("data-types", "policy-violations", "severity-distribution", "summary", "violators")
    for operation in described(plugs, PREFIX, is_guarded=True):
        if not any(name in operation.path for name in alike):
            tried(plugs, operation, GenerationMode.POSITIVE, 1)
    for operation in described(plugs, PREFIX, is_guarded=False):
        if operation.body:
            tried(plugs, operation, GenerationMode.NEGATIVE, 2)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("prefix", [PREFIX, DOCUMENTED])
def test_many_calls_of_everything_are_answered_as_described(plugs: Portal, prefix: str, mode: GenerationMode) -> None:
    is_positive = mode is GenerationMode.POSITIVE
    for operation in described(plugs, prefix, is_guarded=is_positive):
        if is_positive or operation.body or any(operation.iter_parameters()):  # else nothing of it can be wrong
            tried(plugs, operation, mode, MANY)


@pytest.mark.slow
def test_calls_about_an_export_that_is_there_are_answered_as_described(plugs: Portal) -> None:
    for operation in described(plugs, PREFIX, is_guarded=True):
        if EXPORT_ID in operation.path:
            known = {"export_id": completed(plugs, "admin")}
            tried(plugs, operation, GenerationMode.POSITIVE, 5, path_parameters=known)
