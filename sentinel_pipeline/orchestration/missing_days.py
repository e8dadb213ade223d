"""The days an edition is made of, read where nobody has read them: a week does not wait for seven other runs."""

import dagster as dg

from sentinel_pipeline.domain.period import NOUN
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.presenting import Metadata
from sentinel_pipeline.orchestration.pressing import prepare_press
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.retrying import patient
from sentinel_pipeline.publishing.editions import edition_folder
from sentinel_pipeline.publishing.withdrawal import require_kept


def days_key(cadence: str) -> dg.AssetKey:
    return dg.AssetKey([cadence, "days"])


def days_definition(
    deployment: Deployment, cadence: str, partitions: dg.PartitionsDefinition, deps: list[dg.AssetDep]
) -> dg.AssetsDefinition:
    """What every section of a cadence waits for; `deps` are the statistics, so that a day is not read beside itself."""

    @dg.asset(
        key=days_key(cadence),
        deps=deps,
        partitions_def=partitions,
        group_name=cadence,
        kinds={"polars", "parquet"},
        owners=OWNERS,
        tags={"layer": "days"},
        description=f"The days of the {NOUN[cadence]} and of the one before; those that nobody has read are read now.",
    )
    @patient
    def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # Runs are made from the definitions, and those hold this asset.
        from sentinel_pipeline.orchestration.runs import read_days, uncounted_days

        prepare_press(context, deployment, cadence)
        period = deployment.period(cadence, context.partition_key)
        require_kept(edition_folder(deployment.settings.editions, period), period, deployment.lake)
        missing = uncounted_days(deployment, period)
        if missing:
            say(f"reading days of {cadence} {period.key} that nobody has read")
        away = read_days(deployment.settings, context.instance, missing)
        return dg.MaterializeResult(metadata=days_metadata([day.key for day in missing], away))

    return days


def days_metadata(read: list[str], away: list[str]) -> Metadata:
    return {
        "read_now": dg.MetadataValue.text(", ".join(read) or "none, all had been read"),
        "not_read": dg.MetadataValue.text("; ".join(away) or "nothing"),
    }
