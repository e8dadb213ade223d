"""The `sentinel` command."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from sentinel_pipeline import __version__
from sentinel_pipeline.access_command import tokens, users
from sentinel_pipeline.audit_command import audit
from sentinel_pipeline.delivery_command import deliver, outbox
from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, SettingsError, UsageError
from sentinel_pipeline.domain.period import CADENCES, Period, Window, first_of, midnight
from sentinel_pipeline.export_command import export
from sentinel_pipeline.migrate_command import migrate
from sentinel_pipeline.request_command import request
from sentinel_pipeline.retention_command import retention
from sentinel_pipeline.serve_command import serve
from sentinel_pipeline.settings import (
    BROKER_URL,
    celery_broker_url,
    data_folder,
    demo_postgresql_url,
    load_settings,
    object_store,
    share_cores,
    source_settings,
)
from sentinel_pipeline.subscription_command import subscriptions
from sentinel_pipeline.terminal import RoomProgress, configured, say
from sentinel_pipeline.verify_command import trace, verify
from sentinel_pipeline.worker_command import worker

if TYPE_CHECKING:
    from sentinel_pipeline.demo.crew import Crew
    from sentinel_pipeline.orchestration.runs import Outcome

DEMO_ZONE = ZoneInfo("Europe/Berlin")
AT_ONCE = min(2, os.cpu_count() or 1)  # more would need more memory than a small machine has
FIGURES_THAT_MATTER = ("total_alerts", "alerts_critical", "total_incidents", "block_rate", "data_transferred_mb")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sentinel")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Reads security monitors and smart devices, and publishes reports whose numbers can be traced."""


def main() -> None:
    """Runs the command; errors are one line each on standard error, exit codes 0 done, 2 wrong usage, 1 the rest."""
    debug = "--debug" in sys.argv
    try:
        code = cli(args=[argument for argument in sys.argv[1:] if argument != "--debug"], standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_fail("interrupted", debug, 130))
    except SentinelError as error:
        sys.exit(_fail(str(error), debug, 2 if isinstance(error, UsageError) else 1))
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(_fail(f"{place}{error.strerror or error}", debug, 1))
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        if "disk is full" in said:
            sys.exit(_fail(f"{data_folder()}: No space left on device; free some and run this again", debug, 1))
        sys.exit(_fail(f"unexpected {type(error).__name__}: {said} (--debug shows where)", debug, 1))


def _fail(message: str, debug: bool, code: int) -> int:
    if debug:
        traceback.print_exc()
    for line in message.splitlines():
        click.echo(f"sentinel: {line}", err=True)
    return code


@cli.command()
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Full days of data.")
@click.option("--scale", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, help="How busy it is.")
@click.option("--publish", "publishes", is_flag=True, help="Publish the last full day, week and month too.")
def demo(days: int, scale: float, publishes: bool) -> None:
    """Makes a made-up household and office, and a configuration that reads them."""
    from sentinel_pipeline.demo import demo_configuration, make_demo
    from sentinel_pipeline.demo.crew import Crew, hired
    from sentinel_pipeline.demo.installation import install_configuration

    data = data_folder()
    last_day = datetime.now(DEMO_ZONE).date() - timedelta(days=1)
    if publishes:
        days = max(days, (last_day - _last_full(last_day, "monthly")).days + 1)
    say(f"making {counted(days, 'day')} of a household and an office up to {last_day}")
    if AT_ONCE > 1:
        share_cores()
    with hired(AT_ONCE) as hands:
        rooms = Crew(RoomProgress(), hands)
        systems = make_demo(data, last_day, days, scale, DEMO_ZONE, demo_postgresql_url(), rooms)
        config = install_configuration(data, demo_configuration(systems, systems.first_day, DEMO_ZONE))
        say(f"configuration: {config}")
        if publishes:
            periods = [Period(cadence, _last_full(last_day, cadence), DEMO_ZONE) for cadence in CADENCES]
            _publish_demo(periods, Crew(say, hands))
    click.echo(str(data / "systems"))


def _last_full(last_day: date, cadence: str) -> date:
    """First day of the last period that ended by the end of `last_day`."""
    running = first_of(cadence, last_day + timedelta(days=1))
    return first_of(cadence, running - timedelta(days=1))


def _publish_demo(periods: list[Period], crew: Crew) -> None:
    """Publishes the longest period beside the others, and prints each edition with its figures."""
    parts = [periods[-1:], periods[-2::-1]]
    made = crew.results(partial(_published, parts=parts), range(len(parts)))
    outcomes = {outcome.edition.split("/")[0]: outcome for part in made for outcome in part}
    for period in periods:
        _show_figures(period, outcomes[period.cadence])
        for problem in outcomes[period.cadence].problems:
            click.echo(f"sentinel: {problem}", err=True)


def _published(part: int, tell: Callable[[str], None], parts: Sequence[Sequence[Period]]) -> list[Outcome]:
    """With the days that its editions need a part reads those after them: whoever publishes one need not wait."""
    from sentinel_pipeline.orchestration.runs import publish_edition, read_every_day

    settings = load_settings()
    last = max(period.day_keys[-1] for one in parts for period in one)
    outcomes: list[Outcome] = []
    for period in parts[part]:

        def listener(line: str, cadence: str = period.cadence) -> None:
            tell(f"  {cadence}: {line}")

        away = read_every_day(settings, date.fromisoformat(last), listener, parts, part) if not outcomes else []
        outcome = publish_edition(settings, period, listener)
        outcomes.append(replace(outcome, problems=tuple(dict.fromkeys((*away, *outcome.problems)))))
    return outcomes


def _show_figures(period: Period, outcome: Outcome) -> None:
    from sentinel_pipeline.rendering.edition_folder import told_figures
    from sentinel_pipeline.rendering.values import written_figure

    click.echo(f"\n{period.cadence.capitalize()} report, {period.words}")
    figures = {figure.id: figure for figure in told_figures(outcome.folder)}
    for figure in (figures[name] for name in FIGURES_THAT_MATTER if name in figures):
        click.echo(f"  {figure.label}: {written_figure(figure)}")
    click.echo(str(outcome.folder))


@cli.command()
def check() -> None:
    """Opens every source and prints its tables, rows, first and last time, and what could not be read."""
    from sentinel_pipeline.delivery.subscriptions import subscriptions as understood
    from sentinel_pipeline.exports.inspection import inspect
    from sentinel_pipeline.exports.planning import plans
    from sentinel_pipeline.lake.key_rotation import standing
    from sentinel_pipeline.orchestration.deployment import lake_of
    from sentinel_pipeline.retention.telling import kept_for

    settings = configured()
    lake = standing(lake_of(settings))
    zone = settings.zone.key
    click.echo(f"{settings.organisation}, time zone {zone}, data folder {settings.data}")
    click.echo(f"lake: {lake}")
    click.echo(f"retention: {kept_for(settings.retention)}")
    for plan in plans(settings):
        click.echo(f"every day exported: {plan.name}, {plan.wanted.table.name} as {plan.wanted.suffix.lstrip('.')}")
    for one in (one for one in understood(settings) if one.is_active):
        people = counted(len(one.recipients), "recipient")
        click.echo(f"every {one.cadence} edition delivered by {one.channel} to {people}: {one.name}")
    failed = 0
    for entry in settings.sources:
        try:
            lines = list(inspect(source_settings(entry, settings.data), settings.zone))
        except SentinelError as error:
            click.echo(f"\n{entry.name} ({entry.kind}): not read")
            click.echo(f"sentinel: {error}", err=True)
            failed += 1
            continue
        click.echo(f"\n{entry.name} ({entry.kind})")
        for line in lines:
            click.echo(f"  {line}")
    if failed:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("cadence", type=click.Choice(CADENCES))
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the folder.")
def publish(cadence: str, key: str, as_json: bool) -> None:
    """Materializes everything an edition needs and publishes it; KEY is the period's first day, YYYY-MM-DD."""
    from sentinel_pipeline.orchestration.partitions import require_past
    from sentinel_pipeline.orchestration.runs import publish_edition

    settings = configured()
    period = Period.parse(cadence, key, settings.zone)
    require_past(period, settings, datetime.now(UTC))
    outcome = publish_edition(settings, period, say)
    for problem in outcome.problems:
        click.echo(f"sentinel: {problem}", err=True)
    store = object_store()
    lies_at = {} if store is None else {"address": f"{store.url}/editions/{outcome.edition}"}
    for address in lies_at.values():
        say(f"it lies at {address}")
    if as_json:
        named = {"edition": outcome.edition, "folder": str(outcome.folder), "revision": outcome.revision} | lies_at
        click.echo(json.dumps({**named, "files": list(outcome.files)}))
    else:
        click.echo(str(outcome.folder))
    if outcome.problems:
        raise click.exceptions.Exit(1)


cli.add_command(export)
cli.add_command(deliver)
cli.add_command(outbox)
cli.add_command(subscriptions)
cli.add_command(request)
cli.add_command(verify)
cli.add_command(trace)
cli.add_command(retention)
cli.add_command(serve)
cli.add_command(users)
cli.add_command(tokens)
cli.add_command(audit)
cli.add_command(migrate)
cli.add_command(worker)


@cli.command()
def encrypt() -> None:
    """Encrypts what of the lake is in clear or under an older key, with the newest key of lake.encryption_key."""
    from sentinel_pipeline.lake.key_rotation import encrypt_all, standing
    from sentinel_pipeline.orchestration.deployment import lake_of
    from sentinel_pipeline.publishing.assembly import remove_earlier_drafts

    lake = lake_of(configured())
    number = encrypt_all(lake)
    remove_earlier_drafts(lake.root)
    click.echo(f"{counted(number, 'file')} encrypted")
    click.echo(f"lake: {standing(lake)}")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--public-url", default="", help="The HTTPS address of the proxy in front, for others than this machine.")
@click.option("--part", type=click.Choice(("all", "pages", "daemon")), default="all", help="Of several machines, this.")
def up(host: str, port: int, public_url: str, part: str) -> None:
    """Runs the portal, the Dagster UI under /dagster and the daemon until it is stopped."""
    from sentinel_pipeline.orchestration.control_room import run_control_room

    if part != "all" and celery_broker_url() is None:
        raise UsageError(f"--part {part}: past one machine runs are executed by workers; set {BROKER_URL} too")
    configured()
    raise click.exceptions.Exit(run_control_room(data_folder(), host, port, public_url=public_url, part=part))


__all__ = ["SettingsError", "Window", "cli", "main", "midnight"]
