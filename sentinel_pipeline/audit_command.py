"""`sentinel audit`: whether the record of acts is unbroken, and the record as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.settings import Settings, data_folder, ledger_url
from sentinel_pipeline.terminal import configured

if TYPE_CHECKING:
    import polars as pl

    from sentinel_pipeline.ledger.audit import Entry

AT_ONCE: Final = 5_000


@click.group()
def audit() -> None:
    """Checks and exports the record of acts: sign-ins, denials, downloads, deliveries, changes."""


@audit.command("verify")
def verify_audit() -> None:
    """Checks that no line of the record was changed or taken out; prints how many there are and the newest hash."""
    from sentinel_pipeline.ledger.audit import checked, history
    from sentinel_pipeline.ledger.database import open_ledger

    ledger = open_ledger(ledger_url(data_folder()))
    with ledger.reading() as connection:
        found = checked(history(connection))
    if found.broken_at is not None:
        raise LedgerError(f"{ledger.place}: its record of acts was changed at line {found.broken_at}")
    click.echo(f"{counted(found.lines, 'line')}, unbroken; newest {found.newest}")


@audit.command("export")
@click.option("--format", "format_name", type=click.Choice(("csv", "json")), default="csv", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: a dated file in exports/.")
def export_audit(format_name: str, output: Path | None) -> None:
    """Writes the whole record, oldest first, with what proves it; prints the file and the number of lines."""
    from sentinel_pipeline.lake.whole_files import appearing
    from sentinel_pipeline.ledger.audit import history
    from sentinel_pipeline.ledger.database import open_ledger

    settings = configured()
    named = f"audit_{datetime.now(UTC).astimezone(settings.zone):%Y-%m-%d_%H%M%S}.{format_name}"
    ledger = open_ledger(ledger_url(data_folder()))
    with (
        ledger.reading() as connection,
        appearing((output or settings.exports / named).absolute(), is_new=output is None) as file,
        file.temporary.open("wb") as content,
    ):
        lines = WRITERS[format_name](_frames(history(connection)), content, settings)
    click.echo(f"{file.path} {lines} rows")


def _frames(entries: Iterable[Entry]) -> Iterator[pl.DataFrame]:
    """The lines in tables of bounded size, an empty one first."""
    import polars as pl

    from sentinel_pipeline.ledger.audit import event_of

    texts = ((name, pl.String()) for name in ("event", "act", "subject", "details", "previous", "digest"))
    schema = pl.Schema([("number", pl.Int64()), ("recorded_at", pl.Datetime("us", "UTC")), *texts])
    yield pl.DataFrame(schema=schema)
    left = iter(entries)
    while some := list(islice(left, AT_ONCE)):
        rows = [{**entry.__dict__, "event": event_of(entry.act)} for entry in some]
        yield pl.DataFrame(rows, schema=schema)


def _write_csv(frames: Iterator[pl.DataFrame], file: IO[bytes], settings: Settings) -> int:
    from sentinel_pipeline.rendering.tables import to_csv

    lines = 0
    header = to_csv(next(frames), settings.zone)
    file.write(header)
    for frame in frames:
        file.write(to_csv(frame, settings.zone).removeprefix(header))
        lines += frame.height
    return lines


def _write_json(frames: Iterator[pl.DataFrame], file: IO[bytes], settings: Settings) -> int:
    from sentinel_pipeline.rendering.casts import all_typed
    from sentinel_pipeline.rendering.json_lines import json_lines

    lines = 0
    file.write(b"[")
    for frame in frames:
        for line in json_lines(all_typed(frame, settings.zone), parsed=("details",)):
            file.write((b",\n" if lines else b"\n") + line)
            lines += 1
    file.write(b"\n]\n")
    return lines


WRITERS: Final[dict[str, Callable[[Iterator[pl.DataFrame], IO[bytes], Settings], int]]] = {
    "csv": _write_csv,
    "json": _write_json,
}
