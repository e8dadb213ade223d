"""Why a step failed, in one line, and whether it was stopped rather than at fault."""

from __future__ import annotations

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.execution.plan.objects import ErrorSource

from sentinel_pipeline.domain import errors


def words_of(event: dg.DagsterEvent) -> str:
    """One line that says why a step failed, in the words of the error itself."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error.cause or data.error if data.error else None
    text = error.message if error else event.message or "failed"
    said = errors.first_line(text)
    said = said.removeprefix(f"{errors.__name__}.{error.cls_name}: ") if error else said
    return f"{str(event.step_key).replace('__', '/')}: {said}"


def is_interruption(event: dg.DagsterEvent) -> bool:
    """Whether a step or a run ended because somebody stopped its process, by no fault of its own."""
    if event.is_step_failure:
        return event.step_failure_data.error_source is ErrorSource.INTERRUPT
    if event.is_run_failure:
        return event.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION
    return event.event_type is dg.DagsterEventType.RUN_CANCELED
