"""Runs of requests that somebody cancelled: they end as cancelled, not as failed, and nobody is told of a failure."""

import dagster as dg

from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.requests.wanted import filed, still_wanted


def request_of(context: dg.AssetExecutionContext, deployment: Deployment) -> Request:
    """What a run of a requested report is to make; ends the run when the request was cancelled meanwhile.

    Raises UsageError for what nobody filed, or what does not fit any more.
    """
    settings, key = deployment.settings, context.partition_key
    found = filed(settings, key)
    if found.state == "cancelled":
        context.instance.report_run_canceling(context.run, f"Request '{key}' was cancelled.")
        raise dg.Failure(f"request '{key}' is cancelled; file it again to have it made", allow_retries=False)
    return still_wanted(found)
