"""The asset and the command of retention: what was deleted, what is next, what is held, and how full the disk is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.instance import instance_of
from sentinel_pipeline.orchestration.old_runs import deleting_runs, ended_runs
from sentinel_pipeline.orchestration.presenting import Metadata
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.schedules import PRIORITY, SCHEDULED
from sentinel_pipeline.retention.telling import FATES, Group, groups
from sentinel_pipeline.settings import Settings, dagster_home, dagster_postgresql_url, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.retention.applying import Outcome
    from sentinel_pipeline.retention.survey import Survey

KEY = dg.AssetKey(["retention"])
JOB, SCHEDULE, ROOM = "apply_retention", "retention", "disk_has_room"
FILE = "sqlite:///"
COLUMNS = ("kind", "fate", "items", "span", "number", "bytes", "first_goes_on", "why")
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def retention_asset(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=KEY,
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(ROOM, asset=KEY, description="The disk has more free space than retention.low_disk_mb.")
        ],
        group_name="housekeeping",
        kinds={"file"},
        owners=OWNERS,
        tags={"layer": "housekeeping"},
        description="Deletes what was kept for the days that `retention` in sentinel.yaml says, announced before.",
    )
    def retention(context: dg.AssetExecutionContext) -> Results:
        surveyed, outcome = apply_retention(settings, context.instance, datetime.now(UTC))
        metadata = retention_metadata(surveyed, outcome)
        yield _room(surveyed)
        if outcome.problems:
            raise dg.Failure("; ".join(outcome.problems[:10]), metadata=metadata, allow_retries=False)
        yield dg.MaterializeResult(asset_key=KEY, metadata=metadata)

    return retention


def retention_job() -> "dg.UnresolvedAssetJobDefinition":
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(KEY),
        description="Deletes what was kept long enough, and announces what is about to go.",
        # Never beside an edition that a schedule makes.
        tags={SCHEDULED: SCHEDULE, "dagster/priority": PRIORITY[SCHEDULE]},
    )


def retention_schedule(settings: Settings) -> Iterator[dg.ScheduleDefinition]:
    """One, unless it is off; what was missed is done the next time, for it depends on days and not on ticks."""
    if settings.schedules.retention is not None:
        yield dg.ScheduleDefinition(
            name=SCHEDULE,
            cron_schedule=settings.schedules.retention,
            job_name=JOB,
            execution_timezone=settings.zone.key,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Deletes what was kept for the days that `retention` in sentinel.yaml says.",
        )


def apply_retention(settings: Settings, instance: dg.DagsterInstance, now: datetime) -> "tuple[Survey, Outcome]":
    """Looks, announces, deletes, records and tells by mail, one call at a time. Raises LedgerError."""
    from sentinel_pipeline.delivery.notices import send_notices
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.retention.applying import Keeper, apply
    from sentinel_pipeline.retention.survey import survey

    ledger = open_ledger(ledger_url(settings.data))
    today = day_of(now, settings.zone)
    delete_runs, is_told = deleting_runs(instance, settings), bool(settings.alerts.recipients)
    keeper = Keeper(settings.data, settings.zone, ledger, _clock, delete_runs, is_told)
    with alone(settings.data / ".retention.lock"):
        surveyed = survey(settings, ledger, ended_runs(instance, settings, today), today)
        outcome = apply(keeper, surveyed)
    for line in (*(group.line for group in groups(surveyed.decisions)), *send_notices(settings, _clock, sleep)):
        say(line)
    return surveyed, outcome


def _clock() -> datetime:
    return datetime.now(UTC)


def what_is_due(settings: Settings, now: datetime) -> "Survey":
    """The survey of a dry run: makes nothing that is not there, no ledger and no history either."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.retention.survey import survey

    today = day_of(now, settings.zone)
    url = ledger_url(settings.data)
    is_kept = not url.startswith(FILE) or Path(url.removeprefix(FILE)).exists()
    ledger = open_ledger(url) if is_kept else None
    if dagster_postgresql_url() is None and not (dagster_home(settings.data) / "history").exists():
        return survey(settings, ledger, [], today)
    with instance_of(settings) as instance:
        return survey(settings, ledger, ended_runs(instance, settings, today), today)


def retain(settings: Settings, now: datetime) -> "tuple[Survey, Outcome]":
    """What the asset does, and shown in Dagster's history like its own work. Raises LedgerError."""
    with instance_of(settings) as instance:
        surveyed, outcome = apply_retention(settings, instance, now)
        metadata = retention_metadata(surveyed, outcome)
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY, metadata=metadata))
    return surveyed, outcome


def retention_metadata(surveyed: "Survey", outcome: "Outcome") -> Metadata:
    """What was deleted, what goes next, what is held and why; counts and names of days, no content."""
    upcoming = surveyed.of("announce", "wait")
    return {
        "deleted_items": dg.MetadataValue.int(len(outcome.deleted)),
        "deleted_files": dg.MetadataValue.int(sum(one.number for one in outcome.deleted if one.item.files)),
        "freed_bytes": dg.MetadataValue.int(sum(one.bytes for one in outcome.deleted)),
        "next": dg.MetadataValue.text(f"{upcoming[0].on.isoformat()}" if upcoming else "nothing is announced"),
        "free_disk_bytes": dg.MetadataValue.int(surveyed.free_bytes),
        "problems": dg.MetadataValue.text("\n".join(outcome.problems)),
        "overview": dg.MetadataValue.table(
            [dg.TableRecord(_row(group)) for group in groups(surveyed.decisions)],
            dg.TableSchema([dg.TableColumn(name) for name in COLUMNS]),
        ),
    }


def _row(group: Group) -> dict[str, str | int]:
    told = (FATES[group.fate], group.items, group.span, group.number, group.bytes, group.on.isoformat(), group.why)
    return dict(zip(COLUMNS, (group.kind, *told), strict=True))


def _room(surveyed: "Survey") -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name=ROOM,
        passed=not surveyed.is_disk_low,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"free_bytes": surveyed.free_bytes, "low_bytes": surveyed.low_bytes},
        description=f"{counted(surveyed.free_bytes, 'byte')} free; {counted(surveyed.low_bytes, 'byte')} are wanted",
    )
