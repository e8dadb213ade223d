"""Steps that are tried again: only after what may pass by itself, later each time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, TypeVar, cast

import dagster as dg

from sentinel_pipeline.domain.errors import LedgerAwayError, StoreAwayError
from sentinel_pipeline.orchestration.progress import say

WAITS = (2, 8)  # seconds: others of the day wait as long
# Servers that everything lies on, and that were waited for already: whoever starts them again needs minutes.
OUTAGE_WAITS = (60, 300)

Step = TypeVar("Step", bound=Callable[..., Any])


def retry_if(
    context: dg.AssetExecutionContext, failure: str | None, *, may_pass: bool, waits: tuple[int, ...] = ()
) -> None:
    """Raises dg.RetryRequested when a failure may pass and the step has not been tried too often."""
    tried, waits = context.retry_number, waits or WAITS
    if failure is not None and may_pass and tried < len(waits):
        say(f"{failure}; trying again in {waits[tried]} s")
        raise dg.RetryRequested(max_retries=len(waits), seconds_to_wait=waits[tried])


def patient(step: Step) -> Step:
    """The same step of an asset, tried again when the bucket or the ledger's server was away longer than is waited."""

    def tried(context: dg.AssetExecutionContext, *given: Any, **named: Any) -> Any:
        with _outages_pass(context):
            return step(context, *given, **named)

    def tried_on(context: dg.AssetExecutionContext, *given: Any, **named: Any) -> Iterator[Any]:
        with _outages_pass(context):
            yield from step(context, *given, **named)

    return cast("Step", wraps(step)(tried_on if isgeneratorfunction(step) else tried))


@contextmanager
def _outages_pass(context: dg.AssetExecutionContext) -> Iterator[None]:
    try:
        yield
    except (StoreAwayError, LedgerAwayError) as error:
        retry_if(context, str(error), may_pass=True, waits=OUTAGE_WAITS)
        raise
