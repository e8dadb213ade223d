"""The schedules as they are, over launchers that publish at once: a small file in the place of a report, or a mail's.

A file `fails` in the data folder makes the run of the period it names fail.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster._time import get_current_datetime

from sentinel_pipeline.domain.period import CADENCES, Period
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.deliveries import SUBSCRIPTION, delivered
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.partitions import partitions_of
from sentinel_pipeline.orchestration.retention import JOB as RETENTION
from sentinel_pipeline.orchestration.retention import apply_retention
from sentinel_pipeline.orchestration.schedules import SCHEDULED, report_schedules, scheduled_job
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.rendering.mailed import published
from sentinel_pipeline_tests.rendering.worlds import a_report


class PublishingLauncher(RunLauncher, ConfigurableClass):
    """Does what a run does to the editions, and says how it ended."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> PublishingLauncher:
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        fails = load_settings().data / "fails"
        is_failing = fails.exists() and fails.read_text() == run.tags[PARTITION_NAME_TAG]
        is_edition = not run.asset_selection
        if is_edition and not is_failing:
            publish_at_once(load_settings(), run.tags[SCHEDULED], run.tags[PARTITION_NAME_TAG])
        ended = DagsterEventType.RUN_FAILURE if is_failing else DagsterEventType.RUN_SUCCESS
        event = DagsterEvent(event_type_value=ended.value, job_name=run.job_name, message="")
        self._instance.report_dagster_event(event, run_id=run.run_id)

    def terminate(self, run_id: str) -> bool:
        return False


class DeliveringLauncher(PublishingLauncher):
    """Publishes what a mail shows and delivers it for real; applies retention for real too."""

    def launch_run(self, context: LaunchRunContext) -> None:
        run, settings = context.dagster_run, load_settings()
        if run.job_name == RETENTION:
            surveyed, _ = apply_retention(settings, self._instance, get_current_datetime())
            assert not surveyed.of("delete", "announce")
        else:
            period = Period.parse(run.tags[SCHEDULED], run.tags[PARTITION_NAME_TAG], settings.zone)
            if not run.asset_selection:
                published(a_report(period.cadence, first=period.first), settings.data)
            made = delivered(Deployment(settings), period, run.tags.get(SUBSCRIPTION))
            assert (made.problems, made.undelivered) == ((), ())
        event = DagsterEvent(DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name, message="")
        self._instance.report_dagster_event(event, run_id=run.run_id)


def publish_at_once(settings: Settings, cadence: str, key: str) -> None:
    period = Period.parse(cadence, key, settings.zone)
    content = settings.data / "content"
    content.write_text(period.words)
    publish(settings.editions, period, {"summary.txt": content}, {}, {})


def asset_of(settings: Settings, cadence: str, name: str) -> dg.AssetsDefinition:
    @dg.asset(key=[cadence, name], partitions_def=partitions_of(cadence, settings))
    def made() -> None:
        raise AssertionError("the launcher does it")

    return made


def definitions_by_the_clock(settings: Settings) -> dg.Definitions:
    """All that there is, but for the sensors that look at sources, files and failed runs."""
    made = build_definitions(settings)
    sensors = [sensor for sensor in made.sensors or () if sensor.name == "subscription_times"]
    return dg.Definitions(
        assets=made.assets,
        asset_checks=made.asset_checks,
        jobs=made.jobs,
        schedules=made.schedules,
        sensors=sensors,
        executor=made.executor,
    )


def definitions(settings: Settings) -> dg.Definitions:
    assets = [asset_of(settings, cadence, name) for cadence in CADENCES for name in ("edition", "deliveries")]
    jobs = [
        dg.define_asset_job(scheduled_job(cadence), selection=dg.AssetSelection.key_prefixes(cadence))
        for cadence in CADENCES
    ]
    return dg.Definitions(assets=assets, jobs=jobs, schedules=list(report_schedules(settings)))
