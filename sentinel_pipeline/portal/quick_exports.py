"""Quick exports: rows of one table by one click, made while the browser waits, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, BinaryIO, Final
from uuid import uuid4

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.tables import TABLE, Table
from sentinel_pipeline.exports.asking import asked_sources, asked_span, asked_spelling
from sentinel_pipeline.exports.filters import DEVICE, MACHINE, asked_conditions
from sentinel_pipeline.exports.limits import require_days
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.rows import export
from sentinel_pipeline.exports.wanted import Wanted, require_possible
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.rates import EXPORTS_AN_HOUR, use
from sentinel_pipeline.portal.device_cards import cards
from sentinel_pipeline.portal.downloads import SAVED, SHOWN
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.export_pages import leaving_soon
from sentinel_pipeline.portal.forms import Filled, FilledIn
from sentinel_pipeline.portal.pages import moment, page
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Exporter, Visitor, allowed_here, client_of, require_permission, site_of
from sentinel_pipeline.sources.kinds import tables_given

router = APIRouter(include_in_schema=False)
FORMATS: Final = ("csv", "xlsx", "json")
AT_ONCE: Final = 256 * 1024
MOST_OFFERED: Final = 200
PLAIN: Final[dict[str, Any]] = {"decimals": None, "delimiter": None, "no_header": False, "bom": False}
Sender = Annotated[Visitor, Depends(allowed_here("DATA_EXPORT"))]


@dataclass(frozen=True)
class Quick:
    """An export by one click: `last` is the span up to now, none: all there is."""

    name: str
    title: str
    table: str
    last: str | None = None

    @property
    def takes_device(self) -> bool:
        return bool(DEVICE.columns_of(TABLE[self.table]))

    @property
    def takes_machine(self) -> bool:
        return bool(MACHINE.columns_of(TABLE[self.table]))


QUICK: Final = (
    Quick("devices", "Devices", "devices"),
    Quick("alerts", "Alerts of 7 days", "alerts", "7d"),
    Quick("connections", "Connections of 24 hours", "connections", "24h"),
    Quick("rules", "Alert rules", "alert_rules"),
    Quick("incidents", "Incidents of 30 days", "incidents", "30d"),
    Quick("rule-events", "Rule events of 30 days", "rule_events", "30d"),
    Quick("energy", "Energy readings of 24 hours", "energy_readings", "24h"),
    Quick("logs", "Fleet logs of 24 hours", "widget_logs", "24h"),
)


@router.get("/quick-exports")
def show_quick_exports(
    request: Request, found: Exporter, search: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    return _page(request, found, search=search)


@router.post("/quick-exports/{name}")
def export_at_once(request: Request, found: Sender, filled: Filled, name: str) -> Response:
    """The file itself; its rows are on disk only while it is made, and have no name while it is sent."""
    site = site_of(request)
    quick = next((one for one in QUICK if one.name == name), None)
    if quick is None:
        raise NothingHereError("There is no such export.")
    if TABLE[quick.table].personal:
        require_permission(request, found, "PERSONAL_VIEW")
    try:
        return _sent(request, found, quick, _order(site, quick, filled))
    except SentinelError as error:
        return _page(request, found, 400, refusal=str(error).replace("--", ""), failed=quick.title)


@dataclass(frozen=True)
class Order:
    """What was clicked, understood."""

    wanted: Wanted
    origin: Sources
    asked: dict[str, str]


def _order(site: Site, quick: Quick, filled: FilledIn) -> Order:
    settings, now = site.settings, site.clock()
    table: Table = TABLE[quick.table]
    asked = {option: filled.one(option) for option in ("device", "machine") if filled.one(option)}
    wanted = Wanted(
        table,
        asked_span(None, None, quick.last, now, site.zone),
        format=filled.one("format") if filled.one("format") in FORMATS else FORMATS[0],
        conditions=asked_conditions(table, {option: [value] for option, value in asked.items()}),
        export_id=str(uuid4()),
        made_at=now,
    )
    require_possible(wanted)
    require_days(wanted, settings.limits, now, site.zone)
    return Order(wanted, Sources(asked_sources(table, (), settings), settings.zone), asked)


def _sent(request: Request, found: Visitor, quick: Quick, order: Order) -> Response:
    site = site_of(request)
    standing = use(site.ledger, found.user.user_id, EXPORTS_AN_HOUR, site.clock())
    if not standing.is_allowed:
        until = moment(site.zone, standing.resets_at)
        answer = _page(
            request, found, 429, refusal=f"At most {standing.rate.number} exports an hour. Again at {until}."
        )
        answer.headers["Retry-After"] = str(max(1, ceil((standing.resets_at - site.clock()).total_seconds())))
        return answer
    file, size, rows = _made(site, order)
    suffix = order.wanted.suffix
    details = {"export": quick.name, "format": order.wanted.format, "rows": rows, "bytes": size}
    with site.ledger.writing() as connection:
        said = {**details, "is_narrowed": bool(order.asked), **client_of(request).details}
        record(connection, site.clock(), "downloaded", found.user.user_id, said)
    name = f"{quick.name}_{site.clock().astimezone(site.zone):%Y%m%d_%H%M%S}{suffix}"
    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_pieces(file), headers=headers, media_type={**SHOWN, **SAVED}[suffix])


def _made(site: Site, order: Order) -> tuple[BinaryIO, int, int]:
    """The open file, its size and its rows; its folder is gone, so that nothing is left of it whatever dies."""
    exports = site.data / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".quick-", dir=exports) as folder:
        output = Path(folder) / f"export{order.wanted.suffix}"
        spelling = asked_spelling(order.wanted, site.zone, PLAIN)
        exported = export(order.wanted, order.origin, spelling, output, limits=site.settings.limits)
        size = exported.path.stat().st_size
        return exported.path.open("rb"), size, exported.rows


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(AT_ONCE):
            yield piece


def _page(request: Request, found: Visitor, status: int = 200, **said: Any) -> Response:
    site = site_of(request)
    told = {"refusal": "", "failed": "", "search": "", **said}
    devices = _known(site.lake, "devices", "device_ip", "device_name")
    machines = _known(site.lake, "machines", "machine_id", "machine_name")
    given = tables_given((one.name, one.kind) for one in site.settings.sources)
    offered = {name: tuple(one for one in QUICK if one.table in tables) for name, tables in given}
    return page(
        request,
        "quick_exports.html",
        found,
        status,
        exports=[one for one in QUICK if any(one in some for some in offered.values())],
        cards=cards(site.lake, told["search"], offered),
        leaving=leaving_soon(site, found),
        formats=FORMATS,
        devices=devices,
        machines=machines,
        **told,
    )


def _known(lake: Lake, table: str, key: str, name: str) -> list[tuple[str, str]]:
    """Keys and names of the newest day's inventory, as far as the lake has one: only to help with writing."""
    days = lake.partitions(f"facts/{table}")
    if not days:
        return []
    try:
        rows = lake.scan(f"facts/{table}", days[-1]).select(key, name).unique().sort(key).head(MOST_OFFERED)
        return [(str(one), str(called or "")) for one, called in rows.collect().iter_rows() if one]
    except (SentinelError, pl.exceptions.PolarsError):
        return []
