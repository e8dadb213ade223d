"""Assets of requested reports: the same sections once more, over days somebody asked for; a partition a request."""

from datetime import UTC, datetime
from time import sleep

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.deliveries import deliveries_key, receipts_metadata, undelivered
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.missing_days import days_key, days_metadata
from sentinel_pipeline.orchestration.partitions import REQUESTS, require_past
from sentinel_pipeline.orchestration.presenting import Metadata
from sentinel_pipeline.orchestration.reports import edition_assets, period_of, statistic_dep
from sentinel_pipeline.orchestration.retrying import patient
from sentinel_pipeline.orchestration.unwanted import request_of
from sentinel_pipeline.publishing.editions import edition_folder, revisions
from sentinel_pipeline.publishing.withdrawal import require_kept
from sentinel_pipeline.requests.wanted import filed
from sentinel_pipeline.settings import ledger_url

JOB = "custom_report"
OUTCOME = dg.AssetKey([CUSTOM, "outcome"])
STOPPED = "its mails were stopped; `sentinel deliver custom {}` sends those that are left"


def custom_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """From a request to what became of it."""
    return [
        requested_days(deployment),
        *edition_assets(deployment, CUSTOM, REQUESTS),
        outcome_definition(deployment),
        requested_deliveries(deployment),
    ]


def requested_days(deployment: Deployment) -> dg.AssetsDefinition:
    statistics = [statistic_dep(one.name, CUSTOM) for one in deployment.scope.statistics]

    @dg.asset(
        key=days_key(CUSTOM),
        deps=statistics,
        partitions_def=REQUESTS,
        group_name=CUSTOM,
        kinds={"polars", "parquet"},
        owners=OWNERS,
        tags={"layer": "days"},
        description="The days of the request and as many before; those that nobody has read are read now.",
    )
    @patient
    def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # Runs are made from the definitions, and those hold this asset.
        from sentinel_pipeline.ledger.database import open_ledger
        from sentinel_pipeline.ledger.requests import begin
        from sentinel_pipeline.orchestration.runs import read_days, uncounted_days

        now = datetime.now(UTC)
        request = request_of(context, deployment)
        period = request.period(deployment.settings.zone)
        begin(open_ledger(ledger_url(deployment.settings.data)), period.key, context.run.run_id, now)
        require_past(period, deployment.settings, now)
        require_kept(edition_folder(deployment.settings.editions, period), period, deployment.lake)
        missing = uncounted_days(deployment, period)
        away = read_days(deployment.settings, context.instance, missing)
        return dg.MaterializeResult(metadata=days_metadata([day.key for day in missing], away))

    return days


def outcome_definition(deployment: Deployment) -> dg.AssetsDefinition:
    @dg.asset(
        key=OUTCOME,
        deps=[dg.AssetKey([CUSTOM, "edition"])],
        partitions_def=REQUESTS,
        group_name=CUSTOM,
        kinds={"sql"},
        owners=OWNERS,
        tags={"layer": "edition"},
        description="What became of the request: done, with the folder of its edition.",
    )
    @patient
    def outcome(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=settled(deployment, period_of(context, deployment, CUSTOM)))

    return outcome


def settled(deployment: Deployment, period: Period) -> Metadata:
    """Records that a request is done. Raises SentinelError when it was cancelled meanwhile."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.requests import finish

    settings = deployment.settings
    folder = edition_folder(settings.editions, period)
    name = f"{CUSTOM}/{period.key}/r{revisions(folder)[-1]}"
    if not finish(open_ledger(ledger_url(settings.data)), period.key, name, datetime.now(UTC)):
        raise SentinelError(f"request '{period.key}' was cancelled while {name} was made; nobody is sent it")
    row = filed(settings, period.key)
    return {
        "state": dg.MetadataValue.text(row.state),
        "requested_by": dg.MetadataValue.text(row.requested_by),
        "folder": dg.MetadataValue.path(str(settings.editions / name)),
    }


def requested_deliveries(deployment: Deployment) -> dg.AssetsDefinition:
    @dg.asset(
        key=deliveries_key(CUSTOM),
        deps=[OUTCOME],
        partitions_def=REQUESTS,
        group_name=CUSTOM,
        kinds={"email"},
        owners=OWNERS,
        tags={"layer": "delivery"},
        description="Receipts of the requested report: each of its recipients is sent it once.",
    )
    @patient
    def receipts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from sentinel_pipeline.delivery.delivering import deliver_request
        from sentinel_pipeline.delivery.outbox import Order
        from sentinel_pipeline.ledger.database import open_ledger
        from sentinel_pipeline.ledger.requests import note_undelivered

        settings = deployment.settings
        request = request_of(context, deployment)
        order, ledger = Order(doubt=settings.delivery.uncertain), open_ledger(ledger_url(settings.data))
        try:
            made = deliver_request(settings, request, order, lambda: datetime.now(UTC), sleep)
        except (KeyboardInterrupt, DagsterExecutionInterruptedError):
            note_undelivered(ledger, request.request_id, STOPPED.format(request.request_id))
            raise
        metadata, failures = receipts_metadata(made), undelivered(made)
        note_undelivered(ledger, request.request_id, "\n".join(failures))
        if failures:
            raise dg.Failure("; ".join(failures[:10]), metadata=metadata, allow_retries=False)
        return dg.MaterializeResult(metadata=metadata)

    return receipts
