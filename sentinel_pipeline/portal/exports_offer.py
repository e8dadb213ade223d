"""`/api/v1/exports`: what can be exported, and how the first rows of it look."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Annotated, Any, Final

import orjson
import polars as pl
from fastapi import APIRouter, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, TooLargeError, UsageError
from sentinel_pipeline.domain.tables import DEVICES
from sentinel_pipeline.exports.documented_entry import FORMATS, ExportEntry
from sentinel_pipeline.exports.preview import Preview
from sentinel_pipeline.exports.requested import Commission
from sentinel_pipeline.exports.wanted import format_of
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.portal.api_answers import RefusedError, answered
from sentinel_pipeline.portal.api_callers import refusals
from sentinel_pipeline.portal.export_filing import PREVIEWED, commissioned
from sentinel_pipeline.portal.exports_api import Exporting
from sentinel_pipeline.portal.visitors import require_permission, site_of
from sentinel_pipeline.publishing.scope import statistic_asset
from sentinel_pipeline.rendering.casts import all_typed
from sentinel_pipeline.rendering.json_lines import json_lines
from sentinel_pipeline.rendering.quantities import quantity

router = APIRouter(
    responses=refusals("DATA_EXPORT", "A parameter is wrong, or the range of dates is none."),
    dependencies=[Security(HTTPBearer(auto_error=False))],
)
NAMES: Final = {
    "csv": ("CSV", "Comma-separated values"),
    "json": ("JSON", "JavaScript Object Notation"),
    "excel": ("Excel", "Microsoft Excel workbook"),
    "pdf": ("PDF", "Tables on paper, up to 10,000 rows"),
    "ndjson": ("NDJSON", "One JSON object to a line"),
    "parquet": ("Parquet", "Columns with exact types"),
    "sqlite": ("SQLite", "A database with one table"),
}
METRICS: Final = (
    ("timestamp", "Time", "When it was read, or when its bucket begins", "datetime", None),
    ("device_ip", "Address", "Address of the device", "string", None),
    ("device_name", "Name", "Name of the device", "string", None),
    ("power_w", "Power (Watts)", "Instantaneous power; of buckets the mean over time", "float", "W"),
    ("energy_kwh", "Energy (kWh)", "The meter's counter of the day; of buckets what was used", "float", "kWh"),
    ("voltage", "Voltage (Volts)", "Of buckets the mean; empty where the device does not measure it", "float", "V"),
    ("current", "Current (Amperes)", "Of buckets the mean; empty where the device does not measure it", "float", "A"),
    ("cost", "Cost", "What the energy cost under the tariff that was valid", "float", "currency"),
    ("is_on", "On", "Whether it was switched on; of buckets the share of readings", "boolean", None),
)  # fmt: skip
PREVIEWED_DAYS: Final = "30d"
# A preview reads the source: a second one at once would take what the first needs.
AT_ONCE = BoundedSemaphore(1)
SECONDS_TO_WAIT: Final = 10.0
Text = Annotated[str, Field(max_length=40)]
Listed = Annotated[str, Field(max_length=2_000, description="Several are separated by commas; left out: all.")]


class Wished(BaseModel):
    """What to show the first rows of."""

    export_type: Annotated[Text, Field(description="device_data, or another type of export.")]
    devices: Listed | None = None
    fields: Listed | None = None
    start: Text | None = None
    end: Text | None = None
    aggregation: Text = "raw"
    format: Text = "csv"
    limit: Annotated[int, Field(ge=1, le=100)] = 5

    @property
    def has_dates(self) -> bool:
        return bool(self.start or self.end)

    @property
    def body(self) -> dict[str, Any]:
        """As a body says it."""
        window = {"start": self.start, "end": self.end} if self.has_dates else PREVIEWED_DAYS
        asked: dict[str, Any] = {"export_type": self.export_type, "format": self.format, "date_range": window}
        several = {"devices": self.devices, "fields": self.fields}
        asked |= {name: said.split(",") for name, said in several.items() if said and said != "all"}
        return asked if self.aggregation == "raw" else asked | {"aggregation": self.aggregation}


@router.get("/formats")
def formats(request: Request, _: Exporting) -> Response:
    """Formats that exports can have; paper holds up to 10,000 rows."""
    return answered(request, {"formats": [_format(name) for name in FORMATS]})


def _format(name: str) -> dict[str, str]:
    known = format_of(FORMATS[name])
    title, description = NAMES[name]
    media_type = known.media_type.partition(";")[0]
    said = {"id": name, "name": title, "description": description}
    return {**said, "mime_type": media_type, "extension": known.suffix}


@router.get("/metrics")
def metrics(request: Request, _: Exporting) -> Response:
    """Fields of the export type device_data."""
    keys = ("field", "name", "description", "data_type", "unit")
    return answered(request, {"metrics": [dict(zip(keys, one, strict=True)) for one in METRICS]})


@router.get("/devices")
def devices(request: Request, found: Exporting) -> Response:
    """Devices as they were known on the newest day that was read, with the number of readings that were counted."""
    require_permission(request, found, "PERSONAL_VIEW")
    site = site_of(request)
    return answered(request, {"devices": known_devices(site.lake)})


def known_devices(lake: Lake) -> list[dict[str, Any]]:
    """One row for each device, by name and address."""
    days = lake.partitions(f"facts/{DEVICES.name}")
    if not days:
        return []
    named = lake.read_all(f"facts/{DEVICES.name}", days[-1:], DEVICES.schema)
    hours = lake.partitions(statistic_asset("energy_hours"))
    schema = pl.Schema({"source": pl.String(), "device_ip": pl.String(), "readings": pl.Int64()})
    read = lake.read_all(statistic_asset("energy_hours"), hours, schema, ("readings",))
    rows = named.join(read, on=["source", "device_ip"], how="left", nulls_equal=True)
    columns = ("source", "device_ip", "device_name", "device_type", pl.col("last_seen_at").alias("last_seen"))
    known = rows.sort("device_name", "device_ip", "source", nulls_last=True)
    return known.select(*columns, pl.col("readings").fill_null(0).alias("data_points")).to_dicts()


@router.get("/preview")
def preview(request: Request, found: Exporting, wished: Annotated[Wished, Query()]) -> Response:
    """The first rows as the file would hold them, how many there are, and about how large it would be.

    Without `start` and `end` those of the last 30 days.
    """
    commission = commissioned(request, found, _entry(wished.body), PREVIEWED)
    seen = _previewed(commission, wished.limit)
    when = "" if wished.has_dates else " of the last 30 days"
    said = {
        "preview": [orjson.Fragment(line) for line in json_lines(all_typed(seen.head, commission.zone))],
        "total_records": seen.rows,
        "estimated_file_size": quantity(seen.bytes, "bytes"),
        "estimated_bytes": seen.bytes,
        "preview_note": f"Showing first {counted(seen.head.height, 'record')}{when}",
    }
    return answered(request, said)


def _entry(asked: dict[str, Any]) -> ExportEntry:
    """Raises UsageError with what is wrong, and never with what was sent."""
    try:
        return ExportEntry.model_validate(asked)
    except ValidationError as error:
        wrong = (f"{'.'.join(str(part) for part in one['loc'][:1])}: {one['msg']}" for one in error.errors()[:10])
        raise UsageError("; ".join(dict.fromkeys(wrong))) from None


def _previewed(commission: Commission, limit: int) -> Preview:
    """Raises RefusedError for what is too large, cannot be read now, or is asked for while another is made."""
    if not AT_ONCE.acquire(timeout=SECONDS_TO_WAIT):
        raise RefusedError(503, "BUSY", "Another preview is being made; try again in a moment")
    try:
        return commission.previewed(limit)
    except TooLargeError as error:
        raise RefusedError(400, error.code, str(error).removeprefix(f"{error.code}: ")) from None
    except UsageError as error:
        raise UsageError(str(error).replace("--", "")) from None
    except SentinelError:
        raise RefusedError(503, "SOURCE_UNREACHABLE", "A source cannot be read now; try again later") from None
    finally:
        AT_ONCE.release()
