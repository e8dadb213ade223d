"""Why a step failed, in one line."""

from __future__ import annotations

import dagster as dg

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
