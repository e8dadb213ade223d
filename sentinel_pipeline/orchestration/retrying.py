"""Steps that are tried again: only after what may pass by itself, later each time."""

import dagster as dg

from sentinel_pipeline.orchestration.progress import say

WAITS = (2, 8)  # seconds: others of the day wait as long


def retry_if(context: dg.AssetExecutionContext, failure: str | None, *, may_pass: bool) -> None:
    """Raises dg.RetryRequested when a failure may pass and the step has not been tried too often."""
    tried = context.retry_number
    if failure is not None and may_pass and tried < len(WAITS):
        say(f"{failure}; trying again in {WAITS[tried]} s")
        raise dg.RetryRequested(max_retries=len(WAITS), seconds_to_wait=WAITS[tried])
