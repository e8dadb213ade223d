"""Sensors that have failures told: one notices failed runs, one sends what was noticed and looks what works again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG

from sentinel_pipeline.orchestration.failures import failed_at, failings_of, is_over
from sentinel_pipeline.orchestration.makings import count_failure
from sentinel_pipeline.settings import Settings, ledger_url

EVERY_SECONDS = 30


def alert_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Both run unless somebody stops them; without recipients in `alerts` problems are only remembered."""
    return [failed_runs_sensor(settings), notices_sensor(settings)]


def failed_runs_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="failed_runs",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        # Days that a week or a request lacks are read in a run of their own, of which no code location knows.
        monitor_all_code_locations=True,
        description="Notes in the ledger which problem a failed run tells of.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if run.tags.get(WILL_RETRY_TAG) != "true":
            note_failure(settings, context.instance, run, context.failure_event.message or "failed")

    return failed_runs


def note_failure(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun, ended: str) -> None:
    """Opens the problems of a failed run in the ledger, or counts that they came again."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.problems import report

    ledger = open_ledger(ledger_url(settings.data))
    at = datetime.fromtimestamp(failed_at(instance, run, datetime.now(UTC)), UTC)
    for failing in failings_of(settings, instance, run, ended):
        if report(ledger, failing, at):
            count_failure(ledger, failing.asset)


def notices_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="notices",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the recipients in `alerts` what failed, works again or will be deleted, once.",
    )
    def notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        troubles = tell(settings, context.instance, lambda: datetime.now(UTC))
        return dg.SkipReason("; ".join(troubles) or "everybody is told")

    return notices


def tell(settings: Settings, instance: dg.DagsterInstance, clock: Callable[[], datetime]) -> tuple[str, ...]:
    """Ends problems that are over and sends what is to be told; returns a line for each channel that cannot be used."""
    from sentinel_pipeline.delivery.notices import send_notices
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.problems import recover, unclosed

    ledger = open_ledger(ledger_url(settings.data))
    with ledger.reading() as connection:
        problems = unclosed(connection)
    for problem in problems:
        if problem.recovered_at is None and is_over(instance, problem):
            recover(ledger, problem, clock())
    return send_notices(settings, clock, lambda _: None)
