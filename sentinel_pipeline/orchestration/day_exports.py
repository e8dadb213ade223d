"""Assets of the files that `exports` in sentinel.yaml asks for: one file a day, by the engine of `sentinel export`."""

from collections.abc import Iterator

import dagster as dg

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.exports.origins import INVENTORIES, Files
from sentinel_pipeline.exports.planning import Plan, plans
from sentinel_pipeline.exports.rows import Exported, export
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.orchestration.daily import OWNERS, days_of, days_together
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.open_days import open_days
from sentinel_pipeline.orchestration.presenting import Metadata, file_link
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.retrying import patient


def day_export_assets(deployment: Deployment, daily: dg.PartitionsDefinition) -> Iterator[dg.AssetsDefinition]:
    """An asset for each planned export. Raises SettingsError for one that cannot be had."""
    several = days_together()
    for plan in plans(deployment.settings):
        yield day_export_asset(deployment, plan, daily, several)


def day_export_asset(
    deployment: Deployment, plan: Plan, daily: dg.PartitionsDefinition, policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    key = dg.AssetKey(["exports", plan.name])
    table = plan.wanted.table.name
    read = {table, *(one.name for one in INVENTORIES)} if plan.wanted.privacy else {table}

    @dg.asset(
        key=key,
        deps=[dg.AssetKey(["facts", name]) for name in sorted(read)],
        partitions_def=daily,
        backfill_policy=policy,
        group_name="exports",
        kinds={plan.wanted.format},
        owners=OWNERS,
        tags={"layer": "export"},
        description=f"The {table} of a day as {plan.wanted.format}, below exports/{plan.name}/.",
    )
    @patient
    def file(context: dg.AssetExecutionContext) -> None:
        for day in open_days(deployment.lake, days_of(context, deployment)):
            say(f"exporting {plan.name} of {day.key}")
            exported = export_day(deployment, plan, day)
            context.add_asset_metadata(_metadata(deployment, exported, day), key, day.key)

    return file


def export_day(deployment: Deployment, plan: Plan, day: Period) -> Exported:
    """The day's facts as the plan wants them, in `exports/<name>/<day>`; replaces an earlier file."""
    named = [(table, path) for table in INVENTORIES for path in deployment.lake.paths(f"facts/{table.name}", [day.key])]
    table = deployment.lake.made(f"facts/{plan.wanted.table.name}", day.key)
    inventories = named if plan.wanted.privacy else []
    origin = Files([table], inventories, deployment.lake.storage)
    output = deployment.settings.exports / plan.name / f"{day.key}{plan.wanted.suffix}"
    return export(plan.wanted, origin, plan.spelling, output, limits=deployment.settings.limits)


def _metadata(deployment: Deployment, exported: Exported, day: Period) -> Metadata:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(exported.rows),
        "bytes": dg.MetadataValue.int(exported.path.stat().st_size),
        "period": dg.MetadataValue.text(day.interval),
        "sha256": dg.MetadataValue.text(sha256(exported.path)),
        "download": file_link(deployment.settings.data, exported.path),
    }
