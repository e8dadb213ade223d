"""`sentinel subscriptions`: who gets what, from the file and from the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.settings import data_folder, ledger_url
from sentinel_pipeline.terminal import configured

if TYPE_CHECKING:
    from sentinel_pipeline.delivery.enrolment import Listed

NARROWING = ("sources", "devices", "severities", "redaction")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each.")
def subscriptions(as_json: bool) -> None:
    """Lists who gets which editions: subscriptions of sentinel.yaml, then those of the ledger."""
    from sentinel_pipeline.delivery.enrolment import listed
    from sentinel_pipeline.delivery.subscriptions import subscriptions as checked
    from sentinel_pipeline.ledger.database import open_ledger

    settings = configured()
    checked(settings)
    found = listed(settings, open_ledger(ledger_url(data_folder())))
    for one in found:
        click.echo(json.dumps(_object(one), ensure_ascii=False) if as_json else _line(one))
    if not as_json:
        click.echo(counted(len(found), "subscription"))
    problems = [f"{one.name}: {one.problem}" for one in found if one.problem]
    for problem in problems:
        click.echo(f"sentinel: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)


def _object(one: Listed) -> dict[str, object]:
    entry = {} if one.entry is None else one.entry.model_dump(mode="json")
    changed_at = None if one.changed_at is None else one.changed_at.isoformat()
    about = {"origin": one.origin, "active": one.is_active, "problem": one.problem}
    return {"name": one.name, **entry, **about, "changed_at": changed_at, "changed_by": one.changed_by}


def _line(one: Listed) -> str:
    state = "active  " if one.is_active else "inactive"
    if one.entry is None:
        return f"{state}  {one.origin:<6}  {one.name}"
    entry = one.entry
    what = [entry.cadence, "/".join(entry.formats), f"by {entry.channel or 'the usual channel'}"]
    what += [f"only {', '.join(entry.sections)}"] if entry.sections else []
    what += [f"{key} {', '.join(names)}" for key in NARROWING if (names := getattr(entry, key))]
    what += [f"if {entry.only_if}"] if entry.only_if else []
    return f"{state}  {one.origin:<6}  {one.name}: {', '.join(what)} → {', '.join(entry.recipients.everybody)}"
