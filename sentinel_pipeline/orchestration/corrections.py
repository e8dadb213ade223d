"""Late facts: days are read again, and editions that they change too much are corrected and told to the same people."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg
from pydantic import Field

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.deliveries import delivered, undelivered
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.presenting import Metadata
from sentinel_pipeline.orchestration.progress import say
from sentinel_pipeline.orchestration.retrying import patient
from sentinel_pipeline.publishing.editions import edition_folder, revisions
from sentinel_pipeline.publishing.judging import (
    Judgement,
    is_correcting,
    is_outdated,
    judge,
    list_later,
    published_over,
    settle,
    take_back,
)

JOB = "correct_late_facts"
KEY = dg.AssetKey(["corrections", "late_facts"])
COLUMNS = ("edition", "figure", "before", "after", "why", "told")


class LateFacts(dg.Config):
    """The days that are looked at (all of which have ended), and those of them that are read again first.

    Whoever materializes everything by hand names none: the sensor knows which.
    """

    looked_at: list[str] = Field(default_factory=list)
    read_again: list[str] = Field(default_factory=list)


def correction_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    @dg.asset(
        key=KEY,
        group_name="corrections",
        kinds={"parquet"},
        owners=OWNERS,
        tags={"layer": "correction"},
        description="Days whose rows came late are read again. A published edition whose figures change by more than"
        f" corrections.threshold ({deployment.settings.corrections.limit}) is published as its next revision and told"
        " to those who have it; smaller changes are listed in the next edition.",
    )
    @patient
    def late_facts(context: dg.AssetExecutionContext, config: LateFacts) -> dg.MaterializeResult[None]:
        # Runs are made from the definitions, and those hold this asset.
        from sentinel_pipeline.orchestration.runs import read_days

        away = read_days(deployment.settings, context.instance, [deployment.day(key) for key in config.read_again])
        judged: list[tuple[Judgement, str]] = []
        failures: list[str] = []
        for period in outdated(deployment, config.looked_at):
            judgement, told, failed = corrected(deployment, context.instance, period)
            judged.append((judgement, told))
            failures += failed
        metadata = _metadata(config.read_again, away, judged)
        if failures:
            raise dg.Failure("; ".join(failures[:10]), metadata=metadata, allow_retries=False)
        return dg.MaterializeResult(metadata=metadata)

    return [late_facts]


def outdated(deployment: Deployment, days: Sequence[str]) -> Iterator[Period]:
    """Published editions over the days that tell other figures than the lake holds."""
    settings, scope, lake = deployment.settings, deployment.scope, deployment.lake
    for period in published_over(settings.editions, map(date.fromisoformat, days), settings.zone):
        if is_outdated(scope, period, settings.editions, lake):
            yield period


def corrected(
    deployment: Deployment, instance: dg.DagsterInstance, period: Period
) -> tuple[Judgement, str, tuple[str, ...]]:
    """Does what an edition's changes ask for; returns them, what was done, and what failed.

    It is remembered first that a correction was begun and last that it is done: whoever dies in between leaves the
    rest to the next run, and the ledger knows who has been told.
    """
    from sentinel_pipeline.orchestration.runs import render_edition

    settings, lake, editions = deployment.settings, deployment.lake, deployment.settings.editions
    judgement = judge(deployment.scope, period, editions, lake, settings.corrections.limit)
    if not judgement.beyond and not is_correcting(period, lake):
        if not judgement.changes:
            take_back(judgement, editions, lake)
            settle(judgement, "nothing", lake)
            return judgement, "no figure changed", ()
        listing = list_later(judgement, editions, lake)
        settle(judgement, "listed", lake)
        return judgement, f"listed in {listing.cadence} {listing.key}", ()
    settle(judgement, "correcting", lake)
    if judgement.beyond:
        take_back(judgement, editions, lake)
        say(f"correcting {period.cadence} {period.key}: {counted(len(judgement.changes), 'figure')} changed")
        render_edition(settings, instance, period)
    failures = undelivered(delivered(deployment, period, is_correction=True))
    if not failures:
        settle(judgement, "corrected", lake)
    return judgement, f"published as r{revisions(edition_folder(editions, period))[-1]}", failures


def _metadata(read_again: Sequence[str], away: Sequence[str], judged: Sequence[tuple[Judgement, str]]) -> Metadata:
    records = [
        dg.TableRecord(
            {
                "edition": f"{judgement.period.cadence}/{judgement.period.key}/r{judgement.revision}",
                "figure": one.now.label,
                "before": one.before,
                "after": one.after,
                "why": one.why,
                "told": told,
            }
        )
        for judgement, told in judged
        for one in judgement.changes
    ]
    return {
        "read_again": dg.MetadataValue.text(", ".join(read_again) or "none"),
        "not_read": dg.MetadataValue.text("; ".join(away) or "nothing"),
        "editions": dg.MetadataValue.text(
            "; ".join(f"{j.period.cadence} {j.period.key}: {told}" for j, told in judged)
        ),
        "changes": dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in COLUMNS])),
    }
