"""`sentinel export`: what a person types, handed to the exports room."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.settings import give_memory_back
from sentinel_pipeline.terminal import RowCounter, configured, say

if TYPE_CHECKING:
    from sentinel_pipeline.exports.ordering import Order
    from sentinel_pipeline.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def _several(*names: str, text: str) -> Callable[[Command], Command]:
    return click.option(*names, multiple=True, help=f"{text} (can be given again).")


@click.command()
@click.argument("table")
@_several("--source", text="Only this source")
@click.option("--since", help="From this instant on; a date means its midnight.")
@click.option("--until", help="Before this instant; a date without a time includes that day.")
@click.option("--last", help="Instead of both: 24h, 7d, 4w, today, yesterday, last_week, last_month …")
@_several("--device", text="Only this device, by address or name")
@_several("--machine", text="Only this machine, by id or serial number")
@_several("--type", text="Only this type of incident, event, device, rule or policy")
@_several("--user", text="Only what this user did")
@_several("--severity", text="Only these severities, separated by commas")
@click.option("--power", help="Only between so many watts: 5..100, 5.. or ..100.")
@click.option("--switched", type=click.Choice(("on", "off")), help="Only while the device was on, or off.")
@click.option("--hours", help="Only at these hours of the zone: 08-18, 22-06.")
@click.option("--weekdays", help="Only on these: 1-5, 6,7 (1 is Monday).")
@click.option("--outliers", type=click.Choice(("exclude",)), help="Leave out what is far off the usual power.")
@click.option("--aggregate", help="Energy by local time: hourly, daily, weekly or monthly.")
@_several("--function", text="How a column is aggregated: power_w=max; several separated by commas")
@click.option("--columns", help="Names, separated by commas, in the order wanted.")
@_several("--compute", text="One column more: 'name [unit] = formula'")
@click.option(
    "--format",
    "format_name",
    help="csv, json, ndjson, xlsx, parquet, sqlite, pdf; default: as --output ends.",
)
@click.option(
    "--layout",
    default="canonical",
    show_default=True,
    help="canonical, iotsentinel, cybersentinel, kasa, iothub or atlas.",
)
@click.option("--compress", help="gz or zst; also when --output ends so.")
@click.option("--timezone", help="IANA zone of times, written and typed; default: the configured one.")
@click.option("--decimals", type=click.IntRange(0, 15), help="Round reals, half to even.")
@click.option("--no-header", is_flag=True, help="CSV without its first line.")
@click.option("--delimiter", help="CSV: comma, semicolon, tab or pipe.")
@click.option("--bom", is_flag=True, help="CSV with the mark by which Excel knows UTF-8.")
@_several("--privacy", text="Keep back: addresses, devices, pseudonyms, drop; several separated by commas")
@click.option("--privacy-key", help="Key of pseudonyms: env:NAME or file:PATH; default: privacy.key of sentinel.yaml.")
@click.option("--password", help="Encrypt the file (.enc) with the password of env:NAME or file:PATH.")
@click.option("--fleet-key", help="Encrypt it with a fleet's key too (.fernet.enc): env:NAME or file:PATH.")
@click.option("--state", help="Remember under this name what was exported; the next call goes on from there.")
@click.option(
    "--preview",
    type=click.IntRange(0, 1000),
    is_flag=False,
    flag_value=10,
    help="Print so many first rows (10), the total and the size; make no file.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: a dated file in exports/.")
def export(table: str, **asked: Any) -> None:
    """Writes the rows of one canonical TABLE, newest first; prints the file and the number of rows.

    The format, the compression and the zone of times can be chosen; conditions narrow the rows. --state remembers what
    was exported: the next call with that name exports only what is new, each row once.
    """
    give_memory_back()
    settings = configured()
    order, output = _order(table, settings, asked)
    order.require_possible()
    if order.wanted.table.is_snapshot and order.wanted.window:
        say(f"{order.wanted.table.name} is an inventory without times; --since, --until and --last do not narrow it")
    with closing(RowCounter()) as counter:
        if asked["preview"] is not None:
            _show(order, asked["preview"], counter)
        else:
            _write(order, output, asked, counter)


def _order(table: str, settings: Settings, asked: dict[str, Any]) -> tuple[Order, Path]:
    """What was typed, understood, and the file to write."""
    from sentinel_pipeline.exports.asking import default_output
    from sentinel_pipeline.exports.ordering import ordered

    now = datetime.now(UTC)
    order = ordered(table, settings, asked, now, str(uuid4()))
    if asked["state"] and (asked["last"] or asked["preview"] is not None):
        raise UsageError("--state goes on from where it ended; leave --last and --preview out")
    output = asked["output"] or default_output(
        order.wanted, settings, now.astimezone(order.spelling.zone), asked["state"]
    )
    return order, output.absolute()


def _write(order: Order, output: Path, asked: dict[str, Any], counter: RowCounter) -> None:
    from sentinel_pipeline.exports.resuming import resumed
    from sentinel_pipeline.exports.rows import export as write
    from sentinel_pipeline.rendering.long_sheets import ROWS_PER_SHEET

    limits, state, is_new = order.settings.limits, asked["state"], asked["output"] is None
    if state is None:
        exported = write(order.wanted, order.origin, order.spelling, output, counter, is_new=is_new, limits=limits)
    else:
        with resumed(order.settings.exports / ".states", state, order.wanted, order.named, output) as (
            memory,
            wanted,
        ):
            if memory.notice:
                say(memory.notice)
            exported = write(wanted, order.origin, order.spelling, output, counter, limits=limits, memory=memory)
    counter.close()
    if exported.quarantined:
        set_aside = counted(exported.quarantined, "record")
        say(f"{set_aside} set aside in quarantine; `sentinel export quarantine` lists them")
    if order.wanted.format == "xlsx" and exported.rows > ROWS_PER_SHEET:
        say(f"a sheet holds {ROWS_PER_SHEET:,} rows: {-(-exported.rows // ROWS_PER_SHEET)} numbered sheets")
    click.echo(f"{exported.path} {exported.rows} rows")


def _show(order: Order, count: int, counter: RowCounter) -> None:
    from sentinel_pipeline.exports.preview import preview
    from sentinel_pipeline.rendering.aligned import aligned
    from sentinel_pipeline.rendering.quantities import quantity

    seen = preview(order.wanted, order.origin, order.spelling, count, counter, limits=order.settings.limits)
    counter.close()
    for line in aligned(seen.head, order.spelling):
        click.echo(line)
    about = "about " if seen.is_estimate else ""
    kind = " ".join(filter(None, (order.wanted.format, order.wanted.compression)))
    click.echo(f"{seen.head.height:,} of {seen.rows:,} rows; as {kind} {about}{quantity(seen.bytes, 'bytes')}")
