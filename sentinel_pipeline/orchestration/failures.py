"""What failed runs mean to people: which problem it is, what it stopped, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, PARTITION_NAME_TAG

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CADENCES, CUSTOM, NOUN, Period
from sentinel_pipeline.domain.problems import Failing
from sentinel_pipeline.orchestration.corrections import KEY as CORRECTIONS
from sentinel_pipeline.orchestration.custom import JOB as REQUESTED
from sentinel_pipeline.orchestration.deployment import source_key
from sentinel_pipeline.orchestration.step_words import is_interruption, words_of
from sentinel_pipeline.requests.wanted import filed
from sentinel_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.problems import Problem

UNREADABLE, LOST = "SourceUnreachable", "RunLost"
PATH = "/"
OF_A_DAY = ("extracts", "facts", "statistics")


def failings_of(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun, ended: str) -> list[Failing]:
    """The problems that a failed run tells of; several steps that failed alike are one. `ended` is how it says it."""
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    failed = [event for record in records if (event := record.event_log_entry.dagster_event)]
    events = [event for event in failed if not is_interruption(event)]
    assets = _assets_by_step(instance, run.run_id)
    found: dict[str, Failing] = {}
    for event in events:
        one = _failing(settings, run, assets.get(str(event.step_key), ""), _kind(event), words_of(event))
        known = found.setdefault(one.identity, one)
        if not set(one.causes.splitlines()) <= set(known.causes.splitlines()):
            found[one.identity] = replace(known, causes=f"{known.causes}\n{one.causes}")
    return list(found.values()) or [_failing(settings, run, "", LOST, ended)]


def is_over(instance: dg.DagsterInstance, problem: Problem) -> bool:
    """Whether what failed has been made since; where no asset failed, whether the job has succeeded for it."""
    if problem.asset:
        key, partitions = dg.AssetKey(problem.asset.split(PATH)), [problem.partition] if problem.partition else None
        wanted = dg.AssetRecordsFilter(key, asset_partitions=partitions, after_timestamp=problem.last_at.timestamp())
        return bool(instance.fetch_materializations(wanted, limit=1).records)
    tags = {PARTITION_NAME_TAG: problem.partition} if problem.partition else {}
    succeeded = dg.RunsFilter(
        job_name=problem.job, tags=tags, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=problem.last_at
    )
    return instance.get_runs_count(succeeded) > 0


def failed_at(instance: dg.DagsterInstance, run: dg.DagsterRun, otherwise: datetime) -> float:
    """When a run ended, in seconds since 1970."""
    record = instance.get_run_record_by_id(run.run_id)
    return record.end_time if record and record.end_time else otherwise.timestamp()


def _assets_by_step(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """The first asset that each step of a run was to make."""
    planned = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED).records
    found: dict[str, str] = {}
    for record in planned:
        event = record.event_log_entry.dagster_event
        if event is not None and event.asset_key is not None:
            found.setdefault(str(event.step_key), PATH.join(event.asset_key.path))
    return found


def _kind(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    inner = error.cause or error if error else None
    return inner.cls_name or "Failure" if inner else "Failure"


def _failing(settings: Settings, run: dg.DagsterRun, asset: str, kind: str, cause: str) -> Failing:
    partition = run.tags.get(PARTITION_NAME_TAG) or run.tags.get(ASSET_PARTITION_RANGE_END_TAG) or ""
    parts = asset.split(PATH)
    source = next((one.name for one in settings.sources if parts == source_key(one.name)), None)
    if source is not None:
        what, mending = f"Reading “{source}”", _mending_of_source(source, settings.corrections.window_days)
        causes = f"{cause}\nIt was to be read for {_period(settings, 'daily', partition)}."
        return Failing(what, UNREADABLE, asset, "", run.job_name, causes, mending, run.run_id)
    cadence = _cadence(parts, run.job_name, partition)
    if cadence is None:
        what = _other(settings, parts, run.job_name, partition)
        mending = "Mend what the lines above name, and start the run again."
        return Failing(what, kind, asset, partition, run.job_name, cause, mending, run.run_id)
    what, again = _report(settings, cadence, partition), f"{cadence} {partition}"
    if parts[-1] == "deliveries":
        mending = f"Mend what the lines above name.\n“sentinel deliver {again} --retry-failed” sends only what failed."
        return Failing(f"Sending {what}", kind, asset, partition, run.job_name, cause, mending, run.run_id)
    mending = f"Mend what the lines above name.\n{_remaking(cadence, partition)}"
    # Whichever part failed: what people wait for is the edition.
    made = PATH.join((cadence, "edition"))
    return Failing(f"{what[0].upper()}{what[1:]}", kind, made, partition, run.job_name, cause, mending, run.run_id)


def _cadence(parts: Sequence[str], job: str, partition: str) -> str | None:
    """The cadence of the edition that a failure stopped; None where it stopped something else."""
    if parts[0] in (*CADENCES, CUSTOM):
        return parts[0]
    if not parts[0] and job == REQUESTED and partition:
        return CUSTOM
    ending = job.rpartition("_")[2]
    return ending if not parts[0] and ending in CADENCES else None


def _report(settings: Settings, cadence: str, partition: str) -> str:
    """The report in words; a requested one by the name that somebody gave it."""
    if cadence != CUSTOM:
        return f"the {cadence} report of {_period(settings, cadence, partition)}"
    try:
        name = filed(settings, partition).request.name
    except UsageError:
        return f"the requested report {partition}"
    return f"the requested report “{name}” of {_period(settings, CUSTOM, partition)}"


def _remaking(cadence: str, partition: str) -> str:
    """How a report that could not be made is made after all."""
    if cadence == CUSTOM:
        return f"“sentinel request --state {partition}” says what was asked for; it is made when it is filed again."
    return f"“sentinel publish {cadence} {partition}” makes it at once; the schedule tries again at its next time."


def _other(settings: Settings, parts: Sequence[str], job: str, partition: str) -> str:
    if list(parts) == CORRECTIONS.path:
        return "Correcting reports after late facts"
    if parts[0] in OF_A_DAY and partition:
        return f"Reading the day {_period(settings, 'daily', partition)}"
    return f"The job {job} for {partition}" if partition else f"The job {job}"


def _mending_of_source(source: str, window_days: int) -> str:
    return (
        f"See whether “{source}” can be reached where the settings say: “sentinel check” tries it.\n"
        f"Reports say what they lack meanwhile. When it is back, the last {counted(window_days, 'day')} are read again,"
        " and reports that lack something are corrected by themselves."
    )


def _period(settings: Settings, cadence: str, key: str) -> str:
    try:
        period = Period.parse(cadence, key, settings.zone)
    except UsageError:
        return key or f"an unknown {NOUN[cadence]}"
    return period.words
