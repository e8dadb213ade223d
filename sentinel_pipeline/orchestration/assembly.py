"""Puts assets and jobs together, once, from the settings."""

from __future__ import annotations

import warnings

import dagster as dg

from sentinel_pipeline.delivery.subscriptions import subscriptions
from sentinel_pipeline.domain.period import CADENCES, CUSTOM
from sentinel_pipeline.orchestration.alert_sensors import alert_sensors
from sentinel_pipeline.orchestration.correction_sensor import correction_sensor
from sentinel_pipeline.orchestration.corrections import JOB as CORRECTIONS
from sentinel_pipeline.orchestration.corrections import correction_assets
from sentinel_pipeline.orchestration.custom import JOB, custom_assets
from sentinel_pipeline.orchestration.daily import daily_assets
from sentinel_pipeline.orchestration.day_exports import day_export_assets
from sentinel_pipeline.orchestration.deliveries import deliveries_key, delivery_assets
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.export_sensor import export_sensor
from sentinel_pipeline.orchestration.freshness import freshness_checks, freshness_sensor
from sentinel_pipeline.orchestration.own_times import own_times_sensor
from sentinel_pipeline.orchestration.partitions import partitions_of
from sentinel_pipeline.orchestration.reports import report_assets
from sentinel_pipeline.orchestration.request_sensor import request_sensor
from sentinel_pipeline.orchestration.requested_exports import GROUP as REQUESTED_EXPORTS
from sentinel_pipeline.orchestration.requested_exports import requested_exports
from sentinel_pipeline.orchestration.retention import retention_asset, retention_job, retention_schedule
from sentinel_pipeline.orchestration.schedules import report_schedules, scheduled_job
from sentinel_pipeline.settings import Settings

# Meant: the job's readings may share a run, its edition may not, so the job takes one day at a time.
warnings.filterwarnings("ignore", message=r"Asset job \w+_daily materializes assets with varying BackfillPolicies")


def build_definitions(settings: Settings) -> dg.Definitions:
    """All assets, jobs per cadence, and one process per run: Polars uses every core by itself. Raises SettingsError."""
    subscriptions(settings)
    deployment = Deployment(settings)
    with warnings.catch_warnings():
        # Two beta features have no stable twin: backfill policies (many days in one run) and partition mappings that
        # allow days before the first one (a first week or month that begins inside itself).
        warnings.simplefilter("ignore", dg.BetaWarning)
        daily = partitions_of("daily", settings)
        exports = list(day_export_assets(deployment, daily))
        reports = [*report_assets(deployment), *delivery_assets(deployment), *custom_assets(deployment)]
        assets = [*daily_assets(deployment, daily), *reports, *exports, retention_asset(settings)]
    assets += [*correction_assets(deployment), requested_exports(settings)]
    jobs = [read_days_job(), publishing_job(), *(rendering_job(cadence) for cadence in CADENCES)]
    jobs += [delivery_job(cadence) for cadence in CADENCES]
    jobs += [export_days_job()] if exports else []
    scheduled = [scheduled_publishing_job(cadence) for cadence in CADENCES]
    jobs += [*scheduled, retention_job(), correction_job(), custom_job(), requested_exports_job()]
    schedules = [*report_schedules(settings), *retention_schedule(settings)]
    sensors = [own_times_sensor(settings, scheduled), correction_sensor(deployment), request_sensor(settings)]
    sensors += [*alert_sensors(settings), freshness_sensor(settings), export_sensor(settings)]
    return dg.Definitions(
        assets=assets,
        asset_checks=freshness_checks(settings),
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        executor=dg.in_process_executor,
    )


def read_days_job() -> dg.UnresolvedAssetJobDefinition:
    """Reads the sources for a day and counts it; publishes nothing."""
    return dg.define_asset_job(
        "read_days",
        selection=dg.AssetSelection.groups("sources", "facts", "statistics"),
        description="Reads every source for a day, unites the facts and counts them.",
    )


def publishing_job() -> dg.UnresolvedAssetJobDefinition:
    """Reads a day and publishes its edition in one run."""
    return dg.define_asset_job(
        "publish_daily",
        selection=publishing_selection(),
        description="Reads every source for a day and publishes its report.",
        tags={"dagster/priority": "10"},
    )


def scheduled_publishing_job(cadence: str) -> dg.UnresolvedAssetJobDefinition:
    """Makes an edition and delivers it; a day is read first, longer periods are made from days."""
    made = publishing_selection() if cadence == "daily" else dg.AssetSelection.groups(cadence)
    return dg.define_asset_job(
        scheduled_job(cadence),
        selection=made | dg.AssetSelection.assets(deliveries_key(cadence)),
        description=f"What the schedule runs: publishes the {cadence} report and delivers it.",
    )


def publishing_selection() -> dg.AssetSelection:
    """All that the edition of a day is made from; every source, also one that gives it nothing."""
    edition = dg.AssetSelection.assets(dg.AssetKey(["daily", "edition"]))
    return edition.upstream() | dg.AssetSelection.groups("sources")


def export_days_job() -> dg.UnresolvedAssetJobDefinition:
    """Makes the planned files of a day that has been read."""
    return dg.define_asset_job(
        "export_days",
        selection=dg.AssetSelection.groups("exports"),
        description="Makes the files that `exports` in sentinel.yaml asks for, of days that have been read.",
    )


def rendering_job(cadence: str) -> dg.UnresolvedAssetJobDefinition:
    """Makes one edition from daily statistics that are there."""
    return dg.define_asset_job(
        f"render_{cadence}",
        selection=dg.AssetSelection.groups(cadence),
        description=f"Renders and publishes the {cadence} report of a partition from statistics that are there.",
        tags={"dagster/priority": "10"},
    )


def delivery_job(cadence: str) -> dg.UnresolvedAssetJobDefinition:
    """Sends one edition to whoever has not got it."""
    return dg.define_asset_job(
        f"deliver_{cadence}",
        selection=dg.AssetSelection.assets(deliveries_key(cadence)),
        description=f"Sends the published {cadence} report of a partition to whoever has not got it yet.",
        tags={"dagster/priority": "10"},
    )


def correction_job() -> dg.UnresolvedAssetJobDefinition:
    """What the sensor asks for when facts came late."""
    return dg.define_asset_job(
        CORRECTIONS,
        selection=dg.AssetSelection.groups("corrections"),
        description="Reads days again whose rows came late, and corrects the editions that they change.",
    )


def custom_job() -> dg.UnresolvedAssetJobDefinition:
    """Makes one requested report, whole; what it does not ask for is passed over."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(CUSTOM),
        description="Makes a requested report and sends it to its recipients.",
    )


def requested_exports_job() -> dg.UnresolvedAssetJobDefinition:
    """Makes one file that somebody asked for."""
    return dg.define_asset_job(
        REQUESTED_EXPORTS,
        selection=dg.AssetSelection.groups(REQUESTED_EXPORTS),
        description="Makes a file that somebody asked for.",
    )
