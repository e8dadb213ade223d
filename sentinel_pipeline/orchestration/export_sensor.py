"""Looks for exports that people and schedules ask for: rows of the ledger become runs, and files go in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.export_order import OPEN_EXPORTS
from sentinel_pipeline.exports.on_request import discard
from sentinel_pipeline.orchestration.errands import Desk, Errand, settle, wishes
from sentinel_pipeline.orchestration.requested_exports import EXPORT_REQUESTS, JOB
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger

# dagster.yaml limits how many runs with this tag are under way.
EXPORT_RUN = "sentinel/export"
EVERY_SECONDS = 5
PRIORITY = "8"  # somebody waits: above requested reports, below schedules and clicks


def export_sensor(settings: Settings) -> dg.SensorDefinition:
    """It runs unless somebody stops it in the UI."""

    @dg.sensor(
        name="export_requests",
        job_name=JOB,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has exports made that people or schedules ask for, and deletes what was kept long enough.",
    )
    def export_requests(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from sentinel_pipeline.delivery.export_mails import mail_exports
        from sentinel_pipeline.ledger.database import open_ledger
        from sentinel_pipeline.ledger.exports import expire
        from sentinel_pipeline.orchestration.export_schedules import fire_due

        now = datetime.now(UTC)
        ledger = open_ledger(ledger_url(settings.data))
        desk = _desk(ledger, now)
        settle(desk, context.instance, now)
        for export_id in expire(ledger, now):
            discard(settings.data, export_id)
        fire_due(settings, ledger, now)
        troubles = mail_exports(settings, lambda: datetime.now(UTC), lambda _: None)
        for line in troubles:
            context.log.warning(line)
        asked = wishes(desk, context.instance)
        return asked or dg.SensorResult(skip_reason="; ".join(troubles) or "nothing is asked for")

    return export_requests


def _desk(ledger: Ledger, now: datetime) -> Desk:
    from sentinel_pipeline.ledger.exports import ask_again, cancel, fail, in_state, states_of

    def opened() -> list[Errand]:
        with ledger.reading() as connection:
            return [Errand(one.export_id, one.attempts) for one in in_state(connection, OPEN_EXPORTS)]

    def unwanted(names: Sequence[str]) -> set[str]:
        with ledger.reading() as connection:
            states = states_of(connection, names)
        return {name for name, state in states.items() if state in ("cancelled", "deleted")}

    return Desk(
        job=JOB,
        tag=EXPORT_RUN,
        priority=PRIORITY,
        partitions=EXPORT_REQUESTS,
        opened=opened,
        unwanted=unwanted,
        refuse=lambda _: None,
        fail=lambda name, why: fail(ledger, name, why, now),
        cancel=lambda name: cancel(ledger, name, now),
        ask_again=lambda name: ask_again(ledger, name, now),
    )
