"""Assets of an edition, the same for every cadence: section tables, key figures, files, and the published folder."""

from collections.abc import Collection, Iterator
from pathlib import Path

import dagster as dg

from sentinel_pipeline.domain.errors import first_line
from sentinel_pipeline.domain.period import CADENCES, CUSTOM, Period
from sentinel_pipeline.lake.closures import in_use
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.makings import count_making
from sentinel_pipeline.orchestration.missing_days import days_definition, days_key
from sentinel_pipeline.orchestration.partitions import partitions_of
from sentinel_pipeline.orchestration.presenting import Metadata, partition_metadata
from sentinel_pipeline.orchestration.press import FIRST, PRESS
from sentinel_pipeline.orchestration.pressing import begin_beside
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.published import edition_metadata, publish_period
from sentinel_pipeline.orchestration.retrying import patient
from sentinel_pipeline.orchestration.unwanted import request_of
from sentinel_pipeline.publishing.assembly import (
    FILE_ASSETS,
    MADE_FROM,
    FileAsset,
)
from sentinel_pipeline.publishing.composition import compose, made_table, section_asset
from sentinel_pipeline.publishing.figures import as_table, from_table, key_figures, versions_of
from sentinel_pipeline.publishing.reconciliation import contradictions
from sentinel_pipeline.publishing.scope import needed_by, statistics_of
from sentinel_pipeline.sections.section import BEFORE, Section

# A run of everything of a request, as somebody may start in the UI, makes what was requested and no more.
NOT_REQUESTED: Metadata = {"made": dg.MetadataValue.text("nothing: the request asks for less")}
Results = Iterator[dg.MaterializeResult[object] | dg.AssetCheckResult]


def report_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """Assets of all cadences."""
    return [asset for cadence in CADENCES for asset in cadence_assets(deployment, cadence)]


def cadence_assets(deployment: Deployment, cadence: str) -> list[dg.AssetsDefinition]:
    partitions = partitions_of(cadence, deployment.settings)
    statistics = [statistic_dep(one.name, cadence, with_previous=True) for one in deployment.scope.statistics]
    return [
        days_definition(deployment, cadence, partitions, statistics),
        *edition_assets(deployment, cadence, partitions),
    ]


def edition_assets(
    deployment: Deployment, cadence: str, partitions: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """What is made of the days of a period, whoever says which days these are."""
    return [
        sections_definition(deployment, cadence, partitions),
        key_figures_definition(deployment, cadence, partitions),
        *(files_definition(deployment, files, cadence, partitions) for files in FILE_ASSETS),
        edition_definition(deployment, cadence, partitions),
    ]


def statistic_dep(name: str, cadence: str, *, with_previous: bool = False) -> dg.AssetDep:
    """The days of the period (and of the one before); days before the first one do not exist and are not missed.

    Which days a request names, no mapping of Dagster's can tell.
    """
    if cadence == CUSTOM:
        return dg.AssetDep(dg.AssetKey(["statistics", name]), partition_mapping=dg.AllPartitionMapping())
    mapping = dg.TimeWindowPartitionMapping(
        start_offset=-1 if with_previous else 0, allow_nonexistent_upstream_partitions=True
    )
    same = cadence == "daily" and not with_previous
    return dg.AssetDep(dg.AssetKey(["statistics", name]), partition_mapping=None if same else mapping)


def period_of(context: dg.AssetExecutionContext, deployment: Deployment, cadence: str) -> Period:
    """What a step is to make; a step of a cancelled request makes nothing."""
    if cadence == CUSTOM:
        request_of(context, deployment)
    return deployment.period(cadence, context.partition_key)


def sections_definition(
    deployment: Deployment, cadence: str, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """Every section an asset of its own, all made in one step: a step costs more than most of the tables.

    A section that fails stops the figures, which need them all, but no other section.
    """
    sections = {section_key(section, cadence): section for section in deployment.scope.sections_of(cadence)}
    looked_back_at = {name for section in sections.values() for name in needed_by(section) if name.endswith(BEFORE)}

    @dg.multi_asset(
        name=f"{cadence}_sections",
        specs=[section_spec(deployment, section, cadence, looked_back_at) for section in sections.values()],
        partitions_def=partitions,
        can_subset=True,
    )
    @patient
    def tables(context: dg.AssetExecutionContext) -> Results:
        period = period_of(context, deployment, cadence)
        failures: dict[dg.AssetKey, Exception] = {}
        for key, section in sections.items():
            if key not in context.selected_asset_keys:
                continue
            try:
                made = make_section(deployment, section, period)
            except Exception as error:
                failures[key] = error
            else:
                yield dg.MaterializeResult(asset_key=key, metadata=made)
        if failures:
            said = [f"{'/'.join(key.path)}: {first_line(str(error))}" for key, error in failures.items()]
            raise dg.Failure("\n".join(said), allow_retries=False) from next(iter(failures.values()))

    return tables


def section_key(section: Section, cadence: str) -> dg.AssetKey:
    return dg.AssetKey([cadence, section.name])


def section_spec(
    deployment: Deployment, section: Section, cadence: str, looked_back_at: Collection[str]
) -> dg.AssetSpec:
    """One step maps a statistic to its days in one way: with the period before where any section looks back at it."""
    available = {statistic.name for statistic in deployment.scope.statistics}
    names = dict.fromkeys(name.removesuffix(BEFORE) for name in needed_by(section))
    statistics = [
        statistic_dep(name, cadence, with_previous=f"{name}{BEFORE}" in looked_back_at)
        for name in names
        if name in available and cadence != CUSTOM
    ]
    return dg.AssetSpec(
        section_key(section, cadence),
        deps=[days_key(cadence), *statistics],
        group_name=cadence,
        kinds={"polars", "parquet"},
        owners=OWNERS,
        tags={"layer": "section", "topic": section.topic.replace(" ", "_")},
        description=f"{section.title}. {section.description}",
    )


def make_section(deployment: Deployment, section: Section, period: Period) -> Metadata:
    """Writes a section's table; of a request only what was asked for."""
    scope, asset = deployment.scope_of(period), section_asset(period.cadence, section.name)
    if section not in scope.sections:
        return NOT_REQUESTED
    with in_use(deployment.lake):
        table = made_table(scope, section, period, deployment.lake)
    deployment.lake.write(asset, period.key, table)
    return partition_metadata(deployment.lake, asset, period)


def key_figures_definition(
    deployment: Deployment, cadence: str, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    key = dg.AssetKey([cadence, "key_figures"])
    statistics = [statistic.name for statistic in deployment.scope.statistics]
    sections = deployment.scope.sections_of(cadence)

    @dg.multi_asset(
        name=f"{cadence}_key_figures",
        specs=[
            dg.AssetSpec(
                key,
                deps=[
                    *(statistic_dep(name, cadence, with_previous=True) for name in statistics if cadence != CUSTOM),
                    *(dg.AssetDep(section_key(section, cadence)) for section in sections),
                ],
                group_name=cadence,
                kinds={"polars", "parquet"},
                owners=OWNERS,
                tags={"layer": "figures"},
                description="Every figure of the report with the period before, its change, and where it comes from.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "sums_equal_statistics",
                asset=key,
                blocking=True,
                description="Tables of the edition add up to its figures.",
            )
        ],
        partitions_def=partitions,
    )
    @patient
    def figures(context: dg.AssetExecutionContext) -> Results:
        period = period_of(context, deployment, cadence)
        say(f"computing figures of {cadence} {period.key}")
        scope, lake = deployment.scope_of(period), deployment.lake
        with in_use(lake):
            now, before = statistics_of(scope, period, lake), statistics_of(scope, period.previous, lake)
            made = key_figures(scope, period, now, before, versions_of(scope, period, lake))
        asset = section_asset(cadence, "key_figures")
        lake.write(asset, period.key, as_table(made))
        yield dg.MaterializeResult(asset_key=key, metadata=partition_metadata(lake, asset, period))
        wrong = contradictions(from_table(lake.read(asset, period.key)), scope, period, lake, now)
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="sums_equal_statistics",
            passed=not wrong,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(wrong) or None,
        )

    return figures


def files_definition(
    deployment: Deployment, files: FileAsset, cadence: str, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    @dg.asset(
        key=[cadence, files.name],
        deps=[dg.AssetKey([cadence, "key_figures"])],
        partitions_def=partitions,
        group_name=cadence,
        kinds=set(files.kinds),
        owners=OWNERS,
        tags={"layer": "files"},
        description=files.description,
    )
    @patient
    def rendered(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        period = period_of(context, deployment, cadence)
        scope, lake = deployment.scope_of(period), deployment.lake
        if not files.is_in(scope.narrowing):
            return dg.MaterializeResult(metadata=NOT_REQUESTED)
        say(f"rendering {files.name} of {cadence} {period.key}")
        report = compose(scope, deployment.settings.organisation, period, deployment.settings.editions, lake)
        if files.name == FIRST:
            begin_beside(context, deployment, period, scope.narrowing)
        folder = PRESS.rendered(files, report, deployment.settings.editions)
        return dg.MaterializeResult(metadata=_files_metadata(folder))

    return rendered


def _files_metadata(folder: Path) -> dict[str, dg.MetadataValue]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MADE_FROM)
    lines = [f"- {path.relative_to(folder).as_posix()}: {path.stat().st_size:,} bytes" for path in paths]
    return {
        "files": dg.MetadataValue.int(len(paths)),
        "bytes": dg.MetadataValue.int(sum(path.stat().st_size for path in paths)),
        "list": dg.MetadataValue.md("\n".join(lines)),
    }


def edition_definition(
    deployment: Deployment, cadence: str, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    @dg.asset(
        key=[cadence, "edition"],
        deps=[dg.AssetKey([cadence, files.name]) for files in FILE_ASSETS],
        partitions_def=partitions,
        group_name=cadence,
        kinds={"pdf", "excel", "csv"},
        owners=OWNERS,
        tags={"layer": "edition"},
        description=f"The published {cadence} report: a folder that never changes. The same bytes publish nothing new.",
    )
    @patient
    def edition(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        period = period_of(context, deployment, cadence)
        published = publish_period(deployment, period)
        say(f"{'published' if published.is_new else 'unchanged:'} {published.name}")
        count_making(context, deployment.settings, published)
        return dg.MaterializeResult(metadata=edition_metadata(deployment, published))

    return edition
