"""`sentinel retention`: deletes what was kept long enough, and says what goes next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.terminal import configured

if TYPE_CHECKING:
    from sentinel_pipeline.retention.applying import Outcome
    from sentinel_pipeline.retention.survey import Survey


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted and announced; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each day, edition or file's day.")
def retention(dry_run: bool, as_json: bool) -> None:
    """Deletes what `retention` of sentinel.yaml no longer keeps, and announces what is about to go."""
    from sentinel_pipeline.orchestration.retention import retain, what_is_due

    settings = configured()
    now = datetime.now(UTC)
    surveyed, outcome = (what_is_due(settings, now), None) if dry_run else retain(settings, now)
    for line in _objects(surveyed) if as_json else _lines(settings, surveyed):
        click.echo(line)
    for line in outcome.problems if outcome else ():
        click.echo(f"sentinel: {line}", err=True)
    if not as_json:
        click.echo(_said(surveyed, outcome))
    if outcome and outcome.problems:
        raise click.exceptions.Exit(1)


def _objects(surveyed: Survey) -> list[str]:
    return [
        json.dumps(
            {
                "kind": one.item.kind,
                "item": one.item.name,
                "fate": one.fate,
                "on": one.on.isoformat(),
                "why": one.why,
                "number": one.item.number,
                "bytes": one.item.bytes,
            },
            ensure_ascii=False,
        )
        for one in surveyed.decisions
    ]


def _lines(settings: Settings, surveyed: Survey) -> list[str]:
    from sentinel_pipeline.retention.telling import groups, kept_for

    return [f"kept: {kept_for(settings.retention)}", *(group.line for group in groups(surveyed.decisions))]


def _said(surveyed: Survey, outcome: Outcome | None) -> str:
    if outcome is None:
        due = surveyed.of("delete")
        size = counted(sum(one.item.bytes for one in due), "byte")
        return f"dry run, nothing was changed: {counted(len(due), 'item')} would be deleted, {size}"
    freed = counted(sum(one.bytes for one in outcome.deleted), "byte")
    return f"{counted(len(outcome.deleted), 'item')} deleted, {freed} freed"
