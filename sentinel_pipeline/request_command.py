"""`sentinel request`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel_pipeline.domain.errors import RequestError, UsageError
from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.settings import Settings, ledger_url
from sentinel_pipeline.terminal import configured, say

if TYPE_CHECKING:
    from sentinel_pipeline.domain.request import Request
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.requests import Filed

ASKED_BY = "sentinel request"


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--name", help="What the report is called.")
@click.option("--last", help="Whole days up to yesterday, such as 7d.")
@click.option("--since", help="First day, YYYY-MM-DD; together with --until.")
@click.option("--until", help="Last day, YYYY-MM-DD, included.")
@click.option("--type", "types", multiple=True, help="summary, detailed, alerts, connections or another type.")
@click.option("--section", "sections", multiple=True, help="A section, instead of a type.")
@click.option("--source", "sources", multiple=True, help="Only what this source gave.")
@click.option("--device", "devices", multiple=True, help="Only this device, by its address or id.")
@click.option("--severity", "severities", multiple=True, help="Only what has this severity.")
@click.option("--format", "formats", multiple=True, help="Only files of this format.")
@click.option("--redaction", multiple=True, help="addresses, devices, pseudonyms or drop.")
@click.option("--recipient", "recipients", multiple=True, help="Who is sent the report.")
@click.option("--requested-by", help="Who asks for it.")
@click.option("--state", "asked", metavar="ID", help="Print where a request stands, as JSON, instead of filing one.")
@click.option("--cancel", "unwanted", metavar="ID", help="Cancel a request instead of filing one.")
def request(
    file: Path | None, asked: str | None, unwanted: str | None, **options: str | tuple[str, ...] | None
) -> None:
    """Files a request for a report of days of your choice, from FILE (YAML or JSON) or from options; prints its id.

    The control room (`sentinel up`) makes it; what failed or was cancelled is made again when it is filed again.
    """
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.requests import file_request

    given: dict[str, object] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    if sum((file is not None, bool(given), asked is not None, unwanted is not None)) != 1:
        raise UsageError("either FILE, or options that say what is wanted, or --state ID, or --cancel ID")
    settings = configured()
    ledger = open_ledger(ledger_url(settings.data))
    if asked is not None:
        click.echo(json.dumps(_told(_filed(ledger, asked), settings), ensure_ascii=False))
    elif unwanted is not None:
        click.echo(_cancelled(ledger, unwanted))
    else:
        now = datetime.now(UTC)
        wanted = _wanted(file, given, settings, now)
        filed = file_request(ledger, wanted, now, anew=True)
        say(f"{wanted.name}: {wanted.first} to {wanted.last}, {_filed(ledger, filed).state}")
        click.echo(filed)


def _wanted(file: Path | None, given: dict[str, object], settings: Settings, now: datetime) -> Request:
    from sentinel_pipeline.requests.asking import known, understood
    from sentinel_pipeline.requests.reading import content_of, document

    offer = known(settings, day_of(now, settings.zone))
    if file is None:
        return understood(_spelled(given), offer, ASKED_BY)
    try:
        written = document(file.name, content_of(file.resolve()))
    except FileNotFoundError:
        raise UsageError(f"{file}: does not exist") from None
    try:
        return understood(written.content, offer, ASKED_BY, written.lines)
    except RequestError as error:
        raise RequestError([f"{file}: {line}" for line in error.mistakes]) from None


def _spelled(given: dict[str, object]) -> dict[str, object]:
    """The options as a request file spells them."""
    window = {name: given.pop(name) for name in ("since", "until") if name in given}
    types = {"type": given.pop("types")} if "types" in given else {}
    return {**given, **types, **({"window": window} if window else {})}


def _filed(ledger: Ledger, request_id: str) -> Filed:
    from sentinel_pipeline.ledger.requests import state_of

    with ledger.reading() as connection:
        found = state_of(connection, request_id)
    if found is None:
        raise UsageError(f"there is no request '{request_id}'")
    return found


def _told(filed: Filed, settings: Settings) -> dict[str, object]:
    """What is known of a request; times in the configured zone, the folder absolute."""
    times = ("requested_at", "started_at", "settled_at")
    told = asdict(filed) | {"request": json.loads(filed.request.text)}
    for name in times:
        at: datetime | None = getattr(filed, name)
        told[name] = None if at is None else at.astimezone(settings.zone).isoformat(timespec="seconds")
    return told | {"folder": None if filed.edition is None else str(settings.editions / filed.edition)}


def _cancelled(ledger: Ledger, request_id: str) -> str:
    from sentinel_pipeline.ledger.requests import cancel

    state = _filed(ledger, request_id).state
    if not cancel(ledger, request_id, datetime.now(UTC)):
        raise UsageError(f"request '{request_id}' is {state}; only one that is requested or running can be cancelled")
    return request_id
