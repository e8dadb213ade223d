"""A request for an export as Kasa Monitor documents its body, and a few keys of ours for the other systems' tables."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sentinel_pipeline.domain.tables import QUARANTINE, TABLES
from sentinel_pipeline.exports.spans import COUNTED, NAMED
from sentinel_pipeline.exports.system_report import SECTIONS
from sentinel_pipeline.strict import Strict

DOCUMENTED: Final = ("device_data", "cost_analysis", "system_report", "audit_logs")
OF_TABLES: Final = tuple(table.name for table in TABLES if table is not QUARANTINE)
TYPES: Final = (*DOCUMENTED, *OF_TABLES)
FORMATS: Final = {"excel": "xlsx"} | {name: name for name in ("csv", "json", "pdf", "ndjson", "parquet", "sqlite")}
FIELDS: Final = (
    "timestamp",
    "device_ip",
    "device_name",
    "power_w",
    "energy_kwh",
    "voltage",
    "current",
    "cost",
    "is_on",
)
GRAINS: Final = ("raw", "hourly", "daily", "weekly", "monthly")
BREAKDOWNS: Final = ("device", "time_of_use", "rate_tier")
MOST_LISTED: Final = 200


def _one_of(*names: str) -> AfterValidator:
    def check(written: str) -> str:
        if written not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return written

    return AfterValidator(check)


def _listed(*names: str) -> Any:
    """What a description of the API says of a choice."""
    return Field(json_schema_extra={"enum": list(names)})


def _span(written: str) -> str:
    if not COUNTED.fullmatch(written) and written not in NAMED:
        raise ValueError(f"7d, 24h, 4w, {', '.join(NAMED)}, or start and end")
    return written


def _as_list(written: object) -> object:
    return [] if written == "all" else [written] if isinstance(written, str) else written


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("every name once")
    return names


Text = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Texts = Annotated[list[Text], BeforeValidator(_as_list), Field(max_length=MOST_LISTED)]
Watts = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Nothing: Any = Field(default_factory=list)


class DateRange(Strict):
    """ISO 8601, `start` included; `end` excluded, but as a date, or at 23:59:59, it includes what it names."""

    start: Annotated[str, Field(max_length=40)] | None = None
    end: Annotated[str, Field(max_length=40)] | None = None


class TimeOfDay(Strict):
    """Local times of the zone asked for, `end` excluded."""

    start: ClockTime
    end: ClockTime


class Filters(Strict):
    """Which readings are kept; what is unknown is not."""

    min_power: Watts | None = None
    max_power: Watts | None = None
    device_states: list[Literal["on", "off"]] = Field(default_factory=list, max_length=2)
    exclude_outliers: bool = False
    time_of_day: TimeOfDay | None = None
    days_of_week: list[Annotated[int, Field(ge=1, le=7)]] = Field(default_factory=list, max_length=7)


class CustomField(Strict):
    """A column more, computed from others."""

    name: Name
    formula: Annotated[str, Field(min_length=1, max_length=400)]
    unit: Annotated[str, Field(max_length=32, pattern=r"^[^\[\]]*$")] | None = None


class Options(Strict):
    """How values are written."""

    include_headers: bool = True
    timezone: Annotated[str, Field(max_length=64)] | None = None
    decimal_places: Annotated[int, Field(ge=0, le=15)] | None = None


class PrivacyOptions(Strict):
    """What the file keeps to itself; no table holds places, so that there are none to remove."""

    anonymize_ip_addresses: bool = False
    exclude_user_data: bool = False
    hash_device_identifiers: bool = False
    remove_location_data: bool = False


class PerformanceOptions(Strict):
    """`compression` packs the file (gzip). Work is always in chunks, in the background, and never cached."""

    chunk_size: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    compression: bool = False
    background_processing: bool = True
    cache_results: bool = False


class ExportEntry(Strict):
    """What is to be exported; keys that say nothing of the type asked for are refused."""

    export_type: Annotated[str, _one_of(*TYPES), _listed(*TYPES)]
    format: Annotated[str, _one_of(*FORMATS), _listed(*FORMATS)] = "csv"
    date_range: DateRange | Annotated[str, AfterValidator(_span)] | None = None
    devices: Texts = Nothing
    fields: Annotated[list[Name], AfterValidator(_each_once), Field(max_length=64)] | None = None
    aggregation: Annotated[str, _one_of(*GRAINS), _listed(*GRAINS)] = "raw"
    aggregation_functions: dict[Name, Literal["average", "sum", "min", "max", "last"]] = Field(
        default_factory=dict, max_length=len(FIELDS)
    )
    filters: Filters = Filters()
    custom_fields: list[CustomField] = Field(default_factory=list, max_length=32)
    options: Options = Options()
    privacy_options: PrivacyOptions = PrivacyOptions()
    performance_options: PerformanceOptions = PerformanceOptions()
    grouping: Annotated[str, _one_of(*GRAINS[1:]), _listed(*GRAINS[1:])] | None = None
    include_charts: bool = False
    breakdown_by: Annotated[list[Annotated[str, _one_of(*BREAKDOWNS)]], AfterValidator(_each_once)] | None = None
    report_sections: Annotated[list[Annotated[str, _one_of(*SECTIONS)]], AfterValidator(_each_once)] | None = None
    event_types: Texts = Nothing
    severity_levels: Texts = Nothing
    users: Texts = Nothing
    machines: Texts = Nothing
    sources: Texts = Nothing
