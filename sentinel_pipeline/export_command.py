"""`sentinel export`: what a person types, handed to the exports room."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
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
    from sentinel_pipeline.exports.origins import Sources
    from sentinel_pipeline.exports.wanted import Wanted
    from sentinel_pipeline.rendering.spelling import Spelling
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
    from sentinel_pipeline.exports.limits import require_days
    from sentinel_pipeline.exports.wanted import require_possible

    settings = configured()
    order = _order(table, settings, asked)
    require_possible(order.wanted)
    if order.wanted.table.is_snapshot and order.wanted.window:
        say(f"{order.wanted.table.name} is an inventory without times; --since, --until and --last do not narrow it")
    require_days(order.wanted, settings.limits, order.now, order.spelling.zone)
    with closing(RowCounter()) as counter:
        if asked["preview"] is not None:
            _show(order, asked["preview"], counter)
        else:
            _write(order, asked["state"], counter)


@dataclass(frozen=True)
class Order:
    """What was typed, understood."""

    settings: Settings
    wanted: Wanted
    origin: Sources
    spelling: Spelling
    output: Path
    is_new: bool
    now: datetime
    named: tuple[str, ...]


def _order(table: str, settings: Settings, asked: dict[str, Any]) -> Order:
    from sentinel_pipeline.exports import asking
    from sentinel_pipeline.exports.aggregating import with_aggregation
    from sentinel_pipeline.exports.computing import with_computed
    from sentinel_pipeline.exports.energy_filters import asked_energy, without_outliers
    from sentinel_pipeline.exports.filters import asked_conditions
    from sentinel_pipeline.exports.origins import Sources
    from sentinel_pipeline.exports.privacy import asked_privacy
    from sentinel_pipeline.exports.sealing import asked_sealing, unsealed_name
    from sentinel_pipeline.exports.wanted import CANONICAL, Wanted

    now = datetime.now(UTC)
    chosen, zone = asking.asked_table(table), asking.asked_zone(asked["timezone"], settings)
    sealing = asked_sealing(asked["output"], asked["password"], asked["fleet_key"], settings)
    inner = unsealed_name(asked["output"])
    format_name, compression = asking.asked_kind(asked["format_name"], asked["compress"], inner)
    privacy = asked_privacy(asked["privacy"], asked["privacy_key"], settings)
    columns = asking.asked_columns(asked["columns"])
    wanted = Wanted(
        chosen,
        asking.asked_span(asked["since"], asked["until"], asked["last"], now, zone),
        columns if asked["layout"] != CANONICAL else privacy.columns(chosen, columns),
        format_name,
        asked["layout"],
        asked_conditions(chosen, asked) + asked_energy(chosen, asked, zone),
        (without_outliers(chosen, zone),) if asked["outliers"] else (),
        compression=compression,
        privacy=privacy,
        sealing=sealing,
        export_id=str(uuid4()),
        made_at=now,
    )
    wanted, schema = with_aggregation(wanted, asked["aggregate"], asked["function"], zone)
    wanted = with_computed(wanted, asked["compute"], zone, schema)
    spelling = asking.asked_spelling(wanted, zone, asked)
    origin = Sources(asking.asked_sources(chosen, asked["source"], settings), settings.zone)
    if asked["state"] and (asked["last"] or asked["preview"] is not None):
        raise UsageError("--state goes on from where it ended; leave --last and --preview out")
    output = asked["output"] or asking.default_output(wanted, settings, now.astimezone(zone), asked["state"])
    return Order(settings, wanted, origin, spelling, output.absolute(), asked["output"] is None, now, asked["source"])


def _write(order: Order, state: str | None, counter: RowCounter) -> None:
    from sentinel_pipeline.exports.resuming import resumed
    from sentinel_pipeline.exports.rows import export as write
    from sentinel_pipeline.rendering.long_sheets import ROWS_PER_SHEET

    limits = order.settings.limits
    if state is None:
        exported = write(
            order.wanted, order.origin, order.spelling, order.output, counter, is_new=order.is_new, limits=limits
        )
    else:
        with resumed(order.settings.exports / ".states", state, order.wanted, order.named, order.output) as (
            memory,
            wanted,
        ):
            if memory.notice:
                say(memory.notice)
            exported = write(wanted, order.origin, order.spelling, order.output, counter, limits=limits, memory=memory)
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
