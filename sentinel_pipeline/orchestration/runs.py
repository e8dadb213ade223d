"""Makes an edition from the command line: the same assets, the same history as from the UI."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.errors import PublishingError, SentinelError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import is_closed
from sentinel_pipeline.lake.readings import stale_days
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.deliveries import deliveries_key, receipts_metadata
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.instance import instance_of
from sentinel_pipeline.orchestration.partitions import known_first_day
from sentinel_pipeline.orchestration.press import PRESS
from sentinel_pipeline.orchestration.progress import heard_by, say
from sentinel_pipeline.orchestration.step_words import is_interruption, words_of
from sentinel_pipeline.publishing.composition import figures_hash, section_asset, section_table
from sentinel_pipeline.publishing.editions import damage, edition_folder, revisions, upcoming_revision
from sentinel_pipeline.publishing.figures import as_table, key_figures, versions_of
from sentinel_pipeline.publishing.scope import statistic_asset, statistics_of, with_before
from sentinel_pipeline.publishing.withdrawal import require_kept
from sentinel_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentinel_pipeline.delivery.outbox import Receipts

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
PARTITION = "dagster/partition"
DISK = re.compile("No space left on device|Read-only file system")
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Outcome:
    """A published edition and one line for each thing that went wrong on the way, none when all was done."""

    edition: str
    folder: Path
    revision: int
    files: tuple[str, ...]
    problems: tuple[str, ...]


def publish_edition(settings: Settings, period: Period, listener: Callable[[str], None]) -> Outcome:
    """Materializes everything the edition needs and publishes it. Raises SentinelError when it cannot be published."""
    deployment = Deployment(settings)
    deployment.lake.storage.keys.require()
    folder = edition_folder(settings.editions, period)
    require_kept(folder, period, deployment.lake)
    stale = days_to_read(deployment, period)
    if not stale and is_up_to_date(deployment, period):
        listener(f"unchanged: {period.cadence}/{period.key}/r{revisions(folder)[-1]}")
        return _outcome(folder, revisions(folder)[-1], ())
    tell_damage(settings, period, listener)
    with heard_by(listener), instance_of(settings) as instance:
        away = read_days(settings, instance, stale)
        say(f"making the {period.cadence} edition of {period.key}")
        render_edition(settings, instance, period)
    return _outcome(folder, revisions(folder)[-1], tuple(away))


def read_every_day(
    settings: Settings,
    last: date,
    listener: Callable[[str], None],
    crews: Sequence[Sequence[Period]] = ((),),
    mine: int = 0,
) -> list[str]:
    """Reads the days up to `last` that nobody has read; returns a line for each source that was away.

    Of several crews, each making editions of some periods, each reads its own days: those its editions need, where no
    later crew needs them too, and the days after them that nobody needs. So one run reads many days.
    """
    deployment = Deployment(settings)
    owners = {day.key: crew for crew, made in enumerate(crews) for one in made for day in _days_needed(deployment, one)}
    owner, days = next((owners[key] for key in sorted(owners)), mine), []
    for day in _days_between(deployment, known_first_day(settings), last):
        owner = owners.get(day.key, owner)
        if owner == mine and not _counted(deployment, [day]):
            days.append(day)
    if not days:
        return []
    with heard_by(listener), instance_of(settings) as instance:
        return read_days(settings, instance, days)


def render_edition(settings: Settings, instance: dg.DagsterInstance, period: Period) -> None:
    """Makes and publishes an edition from days that have been read. Raises PublishingError."""
    try:
        _materialize(build_definitions(settings), instance, f"render_{period.cadence}", {PARTITION: period.key})
    finally:
        PRESS.dismiss()


def read_days(settings: Settings, instance: dg.DagsterInstance, days: Sequence[Period]) -> list[str]:
    """Reads days from the sources, an unbroken row of them in one run; returns a line for each source that was away."""
    definitions = build_definitions(settings) if days else dg.Definitions()
    away: list[str] = []
    for row in ranges(days):
        away += _materialize(definitions, instance, "read_days", {RANGE_START: row[0].key, RANGE_END: row[-1].key})
    return list(dict.fromkeys(away))


def tell_damage(settings: Settings, period: Period, listener: Callable[[str], None]) -> None:
    """One line when files of the newest revision are no longer what was published; `publish` makes the next one."""
    folder = edition_folder(settings.editions, period)
    for newest in revisions(folder)[-1:]:
        faults = damage(folder / f"r{newest}")
        more = f" and {len(faults) - 1:,} more" if faults[1:] else ""
        if faults:
            listener(f"damaged: {period.cadence}/{period.key}/r{newest}: {faults[0]}{more}; it stays as it lies")


def _outcome(folder: Path, revision: int, problems: tuple[str, ...]) -> Outcome:
    edition = folder / f"r{revision}"
    files = sorted(path.relative_to(edition).as_posix() for path in edition.rglob("*") if path.is_file())
    return Outcome("/".join(edition.parts[-3:]), edition, revision, tuple(files), problems)


def report_deliveries(settings: Settings, period: Period, receipts: Receipts) -> None:
    """Shows receipts in Dagster's history as if its asset had sent the mails."""
    with instance_of(settings) as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                deliveries_key(period.cadence), partition=period.key, metadata=receipts_metadata(receipts)
            )
        )


def days_to_read(deployment: Deployment, period: Period) -> list[Period]:
    """Days of the period and of the one before whose statistics are missing or whose source has changed since."""
    days = _days_needed(deployment, period)
    stale = {day.key for day in days} - _counted(deployment, days)
    for entry in deployment.settings.sources:
        try:
            kind, opening = deployment.opening(entry)
            with kind.open(opening, None) as source:
                stale |= {day.key for day in stale_days(opening, days, source.fingerprint(), deployment.lake)}
        except SentinelError:
            stale |= {day.key for day in days}
    return [day for day in days if day.key in stale]


def uncounted_days(deployment: Deployment, period: Period) -> list[Period]:
    """Days of the period and of the one before that nobody has read and counted."""
    days = _days_needed(deployment, period)
    counted = _counted(deployment, days)
    return [day for day in days if day.key not in counted]


def _days_needed(deployment: Deployment, period: Period) -> list[Period]:
    """Days of the period and of the one before that can still be read."""
    first = known_first_day(deployment.settings)
    keys = (*period.previous.day_keys, *period.day_keys)
    return [deployment.day(k) for k in keys if date.fromisoformat(k) >= first and not is_closed(deployment.lake, k)]


def is_up_to_date(deployment: Deployment, period: Period) -> bool:
    """Whether the newest revision was made from the tables and figures that the statistics give now."""
    settings, scope, lake = deployment.settings, deployment.scope, deployment.lake
    names = [section_asset(period.cadence, section.name) for section in scope.sections_of(period.cadence)]
    figures = section_asset(period.cadence, "key_figures")
    published = revisions(edition_folder(settings.editions, period))
    if not published or not all(lake.has(name, period.key) for name in (*names, figures)):
        return False
    made_from = figures_hash(scope, settings.organisation, period, lake)
    if upcoming_revision(settings.editions, period, made_from[:12]) != published[-1]:
        return False
    now, before = statistics_of(scope, period, lake), statistics_of(scope, period.previous, lake)
    computed = as_table(key_figures(scope, period, now, before, versions_of(scope, period, lake)))
    of_sections = with_before(scope, period, lake)
    return computed.equals(lake.read(figures, period.key)) and all(
        section_table(section, of_sections, period).equals(
            lake.read(section_asset(period.cadence, section.name), period.key)
        )
        for section in scope.sections_of(period.cadence)
    )


def _days_between(deployment: Deployment, first: date, last: date) -> list[Period]:
    """The days that can still be read."""
    keys = ((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))
    return [deployment.day(key) for key in keys if not is_closed(deployment.lake, key)]


def _counted(deployment: Deployment, days: Sequence[Period]) -> set[str]:
    """Keys of the days that have every statistic; asked one statistic after another, as they lie in folders."""
    keys = [day.key for day in days]
    for statistic in deployment.scope.statistics:
        keys = deployment.lake.having(statistic_asset(statistic.name), keys)
    return set(keys)


def ranges(days: Sequence[Period]) -> list[list[Period]]:
    """Days grouped into unbroken runs."""
    groups: list[list[Period]] = []
    for day in days:
        if groups and groups[-1][-1].first + timedelta(days=1) == day.first:
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def _materialize(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, tags: dict[str, str]
) -> list[str]:
    """Runs a job for the partitions its tags name; returns a line for each source that was away.

    Any other failure raises PublishingError: what was not made must not be published as if there were nothing.
    Raises KeyboardInterrupt when it was stopped: Dagster ends the run then, and whoever asked for it would go on.
    """
    result = definitions.resolve_job_def(job).execute_in_process(
        run_config=QUIET,
        instance=instance,
        raise_on_error=False,
        tags=tags,
        partition_key=tags.get(PARTITION),
    )
    if any(map(is_interruption, result.all_events)):
        raise KeyboardInterrupt
    away: list[str] = []
    broken: list[str] = []
    for event in result.all_events:
        if event.is_step_failure:
            (away if str(event.step_key).startswith("sources__") else broken).append(words_of(event))
    if broken:
        raise PublishingError("\n".join(each_once(broken + away)))
    return away


def each_once(lines: Sequence[str]) -> list[str]:
    """The lines without repetition; of several steps that a disk stopped, one speaks for all."""
    first: dict[str, str] = {}
    for line in lines:
        stopped = DISK.search(line)
        first.setdefault(stopped[0] if stopped else line, line)
    return list(first.values())
