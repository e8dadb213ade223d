"""Looks for requests for reports: files in the folder and rows of the ledger become runs.

dagster.yaml keeps all but a few of these runs waiting, so that schedules have room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.domain.request import OPEN
from sentinel_pipeline.orchestration.custom import JOB
from sentinel_pipeline.orchestration.errands import Desk, Errand, settle, wishes
from sentinel_pipeline.orchestration.partitions import REQUESTS
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger

# dagster.yaml limits how many runs with this tag are under way.
CUSTOM_RUN = "sentinel/custom"
EVERY_SECONDS = 10
PRIORITY = "5"  # below schedules and clicks, above backfills


def request_sensor(settings: Settings) -> dg.SensorDefinition:
    """It runs unless somebody stops it in the UI."""

    @dg.sensor(
        name="requests",
        job_name=JOB,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes request files and filed requests, and has their reports made.",
    )
    def requests(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from sentinel_pipeline.ledger.database import open_ledger
        from sentinel_pipeline.requests.folder import pick_up

        now = datetime.now(UTC)
        ledger = open_ledger(ledger_url(settings.data))
        desk = _desk(settings, ledger, now)
        settle(desk, context.instance, now)
        problems = pick_up(settings, ledger, now)
        for line in problems:
            context.log.warning(line)
        asked = wishes(desk, context.instance)
        return asked or dg.SensorResult(skip_reason="; ".join(problems) or "nothing is requested")

    return requests


def _desk(settings: Settings, ledger: Ledger, now: datetime) -> Desk:
    from sentinel_pipeline.ledger.requests import ask_again, cancel, fail, in_state, reject, state_of
    from sentinel_pipeline.requests.asking import known, misfits

    offer = known(settings, day_of(now, settings.zone))

    def opened() -> list[Errand]:
        with ledger.reading() as connection:
            return [Errand(one.request_id, one.attempts) for one in in_state(connection, OPEN)]

    def unwanted(names: Sequence[str]) -> set[str]:
        with ledger.reading() as connection:
            rows = [state_of(connection, name) for name in names]
        return {row.request_id for row in rows if row is not None and row.state == "cancelled"}

    def refuse(name: str) -> None:
        with ledger.reading() as connection:
            row = state_of(connection, name)
        mistakes = misfits(row.request, offer) if row else []
        if mistakes:
            reject(ledger, name, "\n".join(mistakes), now)

    return Desk(
        job=JOB,
        tag=CUSTOM_RUN,
        priority=PRIORITY,
        partitions=REQUESTS,
        opened=opened,
        unwanted=unwanted,
        refuse=refuse,
        fail=lambda name, why: fail(ledger, name, why, now),
        cancel=lambda name: cancel(ledger, name, now),
        ask_again=lambda name: ask_again(ledger, name, now),
    )
