"""Daily assets: what each source gave, the facts tables, and the statistics made of them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from sentinel_pipeline.domain.names import slug
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.sums import refusing, require_summable
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.lake.closures import in_use
from sentinel_pipeline.lake.extraction import extract
from sentinel_pipeline.lake.readings import asset_of
from sentinel_pipeline.lake.store import COMPRESSION_LEVEL, read_json, write_json
from sentinel_pipeline.lake.whole_files import replacing
from sentinel_pipeline.lake.working_copy import side_by_side
from sentinel_pipeline.orchestration.counting import counted, has_repeated_keys, number_of_rows
from sentinel_pipeline.orchestration.deployment import Deployment, extract_key, source_key
from sentinel_pipeline.orchestration.open_days import open_days
from sentinel_pipeline.orchestration.presenting import Metadata, column_schema, partition_metadata
from sentinel_pipeline.orchestration.pressing import prepare_press
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.retrying import patient, retry_if
from sentinel_pipeline.publishing.scope import statistic_asset
from sentinel_pipeline.settings import SourceEntry, celery_broker_url
from sentinel_pipeline.statistics.statistic import Statistic

# One run reads a month fastest; several workers share one.
DAYS_IN_ONE_RUN, DAYS_FOR_A_WORKER = 31, 10
OWNERS = ["team:sentinel"]
Results = Iterator[dg.MaterializeResult[object] | dg.AssetCheckResult]


def daily_assets(deployment: Deployment, daily: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Extracts and their verdicts per source, facts per table, statistics per facts table."""
    several = days_together()
    made: list[dg.AssetsDefinition] = []
    for entry in deployment.settings.sources:
        made += [extract_asset(deployment, entry, daily, several), source_asset(deployment, entry, daily, several)]
    made += [facts_asset(deployment, table, daily, several) for table in deployment.scope.tables]
    for table in deployment.scope.tables:
        statistics = [s for s in deployment.scope.statistics if s.table == table.name]
        if statistics:
            made.append(statistics_asset(deployment, table, statistics, daily, several))
    return made


def days_together() -> dg.BackfillPolicy:
    """How many days of a backfill share a run."""
    return dg.BackfillPolicy.multi_run(DAYS_FOR_A_WORKER if celery_broker_url() else DAYS_IN_ONE_RUN)


def days_of(context: dg.AssetExecutionContext, deployment: Deployment) -> list[Period]:
    return [deployment.day(key) for key in context.partition_keys]


def extract_asset(
    deployment: Deployment, entry: SourceEntry, daily: dg.PartitionsDefinition, policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    key = dg.AssetKey(extract_key(entry.name))

    @dg.asset(
        key=key,
        partitions_def=daily,
        backfill_policy=policy,
        group_name="sources",
        kinds={"parquet", entry.kind},
        owners=OWNERS,
        tags={"layer": "extract"},
        description=f"Everything {entry.name} ({entry.kind}) gave for a day, read-only, with a receipt for each table."
        " When the source cannot be reached the receipt says so.",
    )
    @patient
    def extracts(context: dg.AssetExecutionContext) -> None:
        prepare_press(context, deployment, "daily")
        with in_use(deployment.lake):
            days = list(open_days(deployment.lake, days_of(context, deployment)))
            for day, metadata in read_source(deployment, entry, days, context):
                context.add_asset_metadata(metadata, key, day.key)

    return extracts


def read_source(
    deployment: Deployment, entry: SourceEntry, days: Sequence[Period], context: dg.AssetExecutionContext
) -> Iterator[tuple[Period, Metadata]]:
    """Reads days of a source in one pass, none at all if there are none; yields what the UI shows of each.

    Raises dg.RetryRequested for a source that may be there again in a moment.
    """
    if not days:
        return
    say(f"reading {entry.name} ({entry.kind}) for {_span(days)}")
    kind, settings = deployment.opening(entry)
    extraction = extract(kind, settings, days, deployment.lake)
    retry_if(context, extraction.failure, may_pass=extraction.may_pass)
    for day in days:
        write_json(verdict_path(deployment, entry, day), {"failure": extraction.failure})
        receipts, is_last = asset_of(entry.name, "receipts"), day.key == days[-1].key
        metadata = partition_metadata(deployment.lake, receipts, day, has_columns=is_last)
        yield day, {**metadata, "read_again": dg.MetadataValue.bool(day.key not in extraction.kept)}


def verdict_path(deployment: Deployment, entry: SourceEntry, day: Period) -> Path:
    return deployment.lake.folder(f"extracts/{slug(entry.name)}/verdicts", f"{day.key}.json")


def source_asset(
    deployment: Deployment, entry: SourceEntry, daily: dg.PartitionsDefinition, policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    """A step of its own, so that a source that is away fails here and the others' day still publishes."""

    @dg.asset(
        key=source_key(entry.name),
        deps=[dg.AssetKey(extract_key(entry.name))],
        partitions_def=daily,
        backfill_policy=policy,
        group_name="sources",
        kinds={entry.kind},
        owners=OWNERS,
        tags={"layer": "source"},
        description=f"Whether {entry.name} ({entry.kind}) could be read. Fails when it could not.",
    )
    @patient
    def source(context: dg.AssetExecutionContext) -> None:
        verdicts = (read_json(verdict_path(deployment, entry, day)) for day in days_of(context, deployment))
        failures = [str(verdict["failure"]) for verdict in verdicts if verdict.get("failure")]
        if failures:
            raise dg.Failure(description=failures[-1], allow_retries=False)

    return source


def facts_asset(
    deployment: Deployment, table: Table, daily: dg.PartitionsDefinition, policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    key = dg.AssetKey(["facts", table.name])
    checks = [
        dg.AssetCheckSpec("columns", asset=key, blocking=True, description="Columns and types are the declared ones."),
        dg.AssetCheckSpec("unique_keys", asset=key, blocking=True, description=f"{table.key} is unique per source."),
    ]

    @dg.multi_asset(
        name=f"facts_{table.name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=[dg.AssetKey(extract_key(name)) for name in deployment.giving(table.name)],
                group_name="facts",
                kinds={"parquet"},
                owners=OWNERS,
                tags={"layer": "fact"},
                metadata=column_schema(table.schema),
                description=f"The canonical table {table.name} of a day, all sources together.",
            )
        ],
        check_specs=checks,
        partitions_def=daily,
        backfill_policy=policy,
    )
    @patient
    def facts(context: dg.AssetExecutionContext) -> Results:
        misshapen, repeating = [], []
        for day in open_days(deployment.lake, days_of(context, deployment)):
            unite(deployment, table, day)
            misshapen += [] if has_columns(deployment, table, day) else [day.key]
            repeating += [] if has_unique_keys(deployment, table, day) else [day.key]
            metadata = partition_metadata(deployment.lake, f"facts/{table.name}", day, has_columns=False)
            context.add_asset_metadata(metadata, key, day.key)
        yield dg.MaterializeResult(asset_key=key)
        yield _verdict(key, "columns", misshapen)
        yield _verdict(key, "unique_keys", repeating)

    return facts


def unite(deployment: Deployment, table: Table, day: Period) -> None:
    """The table of all sources as one file; of a single source the file itself, without copying it."""
    lake = deployment.lake
    assets = [asset_of(name, table.name) for name in deployment.giving(table.name)]
    present = [path for asset in assets for path in lake.paths(asset, [day.key])]
    with replacing(lake.path(f"facts/{table.name}", day.key)) as temporary:
        if len(present) == 1:
            os.link(present[0], temporary)
        else:
            rows = lake.storage.scan_all(present) if present else table.empty().lazy()
            lake.storage.sink(rows, temporary, COMPRESSION_LEVEL)


def has_columns(deployment: Deployment, table: Table, day: Period) -> bool:
    schema = deployment.lake.scan(f"facts/{table.name}", day.key).collect_schema()
    return list(schema.items()) == list(table.schema.items())


def has_unique_keys(deployment: Deployment, table: Table, day: Period) -> bool:
    keys = ["source", table.key] + (["table", "reason"] if table.name == "quarantine" else [])
    return not has_repeated_keys(deployment.lake.scan(f"facts/{table.name}", day.key), keys, table.key)


def statistics_asset(
    deployment: Deployment,
    table: Table,
    statistics: Sequence[Statistic],
    daily: dg.PartitionsDefinition,
    policy: dg.BackfillPolicy,
) -> dg.AssetsDefinition:
    keys = {statistic.name: dg.AssetKey(["statistics", statistic.name]) for statistic in statistics}
    totalled = [statistic for statistic in statistics if statistic.total is not None]

    @dg.multi_asset(
        name=f"statistics_of_{table.name}",
        specs=[
            dg.AssetSpec(
                keys[statistic.name],
                deps=[dg.AssetKey(["facts", table.name])],
                group_name="statistics",
                kinds={"polars", "parquet"},
                owners=OWNERS,
                tags={"layer": "statistic"},
                description=statistic.description,
            )
            for statistic in statistics
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "sums_equal_facts",
                asset=keys[statistic.name],
                blocking=True,
                description=f"The sum of {statistic.total} equals the number of {table.name}.",
            )
            for statistic in totalled
        ],
        partitions_def=daily,
        backfill_policy=policy,
    )
    @patient
    def made(context: dg.AssetExecutionContext) -> Results:
        days = days_of(context, deployment)
        say(f"counting {table.name} of {_span(days)}")
        wrong: dict[str, list[str]] = {statistic.name: [] for statistic in totalled}
        for day in open_days(deployment.lake, days):
            for name in count_day(deployment, table, statistics, day):
                wrong[name].append(day.key)
            for statistic in statistics:
                asset, is_last = statistic_asset(statistic.name), day.key == days[-1].key
                metadata = partition_metadata(deployment.lake, asset, day, has_columns=is_last)
                context.add_asset_metadata(metadata, keys[statistic.name], day.key)
        for statistic in statistics:
            yield dg.MaterializeResult(asset_key=keys[statistic.name])
        for name, failed in wrong.items():
            yield _verdict(keys[name], "sums_equal_facts", failed)

    return made


def count_day(deployment: Deployment, table: Table, statistics: Sequence[Statistic], day: Period) -> list[str]:
    """Makes all statistics of a table's day; returns those whose sum is not the number of facts."""
    lake = deployment.lake
    rows = lake.scan(f"facts/{table.name}", day.key)
    with refusing(f"{table.name} of {day.key}"), TemporaryDirectory(prefix=".counting-", dir=lake.root) as spool:
        made = counted(rows, statistics, day, Path(spool))
    for frame in made:
        require_summable(frame, f"{table.name} of {day.key}")
    frames = [(statistic_asset(statistic.name), frame) for statistic, frame in zip(statistics, made, strict=True)]
    side_by_side(lake.root, lambda one: lake.write_keeping(one[0], day.key, one[1]), frames)
    number = number_of_rows(rows)
    return [
        statistic.name
        for statistic, frame in zip(statistics, made, strict=True)
        if statistic.total is not None and int(frame[statistic.total].sum() or 0) != number
    ]


def _verdict(key: dg.AssetKey, name: str, failed: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=None if not failed else f"not so for {', '.join(failed)}",
    )


def _span(days: Sequence[Period]) -> str:
    return days[0].key if len(days) == 1 else f"{len(days)} days from {days[0].key} to {days[-1].key}"
