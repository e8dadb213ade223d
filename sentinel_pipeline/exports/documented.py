"""From the body that Kasa Monitor documents to an order in the words of `sentinel export`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, ENERGY_INTERVALS, ENERGY_READINGS, TABLES, Table
from sentinel_pipeline.exports.documented_entry import FIELDS, FORMATS, DateRange, ExportEntry, Filters
from sentinel_pipeline.exports.filters import DEVICE, MACHINE, SEVERITY, TYPE, USER
from sentinel_pipeline.exports.privacy import ADDRESSES, DEVICES, DROP
from sentinel_pipeline.exports.system_report import SECTIONS
from sentinel_pipeline.sources.kasa import LEVELS as KASA_LEVELS

GENERAL: Final = frozenset(
    {"export_type", "format", "date_range", "options", "privacy_options", "performance_options", "sources"}
)
OF_READINGS: Final = GENERAL | {"devices", "fields", "aggregation", "aggregation_functions", "filters", "custom_fields"}
OF_COSTS: Final = GENERAL | {"devices", "grouping", "include_charts", "breakdown_by"}
OF_SYSTEM: Final = GENERAL | {"devices", "report_sections"}
OF_AUDIT: Final = GENERAL | {"event_types", "severity_levels", "users", "fields"}
OF_TABLE: Final = OF_AUDIT | {"devices", "machines", "custom_fields"}
# Fields as the canonical tables call them where they call them otherwise.
OURS: Final[Mapping[str, str]] = {"voltage": "voltage_v", "current": "current_a"}
# A reading has no cost, and is what a raw field means otherwise.
PLAIN_FIELDS: Final = tuple(name for name in FIELDS if name != "cost")
SIGN_INS: Final[Mapping[str, str]] = {"login_success": "auth.login.success", "login_failure": "auth.login.failure"}
OF_DEVICES: Final = ("device_data", "cost_analysis", "system_report")
LAST_SECOND: Final = time(23, 59, 59)


def understood(entry: ExportEntry) -> ExportOrder:
    """What is to be exported. Raises UsageError for what the type asked for does not have."""
    match entry.export_type:
        case "device_data":
            _require_known(entry, OF_READINGS)
            return _device_data(entry)
        case "cost_analysis":
            _require_known(entry, OF_COSTS)
            return _cost_analysis(entry)
        case "system_report":
            _require_known(entry, OF_SYSTEM)
            return _system_report(entry)
        case "audit_logs":
            _require_known(entry, OF_AUDIT)
            return _of_table(entry, AUDIT_EVENTS)
        case name:
            _require_known(entry, OF_TABLE)
            return _of_table(entry, next(table for table in TABLES if table.name == name))


def _require_known(entry: ExportEntry, known: frozenset[str]) -> None:
    foreign = sorted(entry.model_fields_set - known)
    if foreign:
        raise UsageError(f"{foreign[0]}: {entry.export_type} knows only {', '.join(sorted(known))}")


def _device_data(entry: ExportEntry) -> ExportOrder:
    """Readings as they are, or by local hours, days, weeks and months; whatever has a cost is metered quarter-hours."""
    is_raw = entry.aggregation == "raw"
    fields = tuple(entry.fields or (PLAIN_FIELDS if is_raw else FIELDS))
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise UsageError(f"fields: there is no {', '.join(unknown)}; choose from {', '.join(FIELDS)}")
    if is_raw and entry.aggregation_functions:
        raise UsageError("aggregation_functions: raw readings are not aggregated; choose an aggregation too")
    options = _general(entry) | {"device": entry.devices} | _filtering(entry.filters) | _computing(entry)
    if is_raw:
        return _order(entry, ENERGY_INTERVALS if "cost" in fields else ENERGY_READINGS, options, fields)
    functions = [f"{OURS.get(name, name)}={function}" for name, function in entry.aggregation_functions.items()]
    options |= {"aggregate": entry.aggregation, "function": functions}
    return _order(entry, ENERGY_INTERVALS, options, fields)


def _cost_analysis(entry: ExportEntry) -> ExportOrder:
    options = _general(entry) | {"device": entry.devices, "aggregate": entry.grouping or "monthly"}
    breakdown = tuple(entry.breakdown_by if entry.breakdown_by is not None else ["device"])
    return _order(entry, ENERGY_INTERVALS, options, breakdown=breakdown)


def _system_report(entry: ExportEntry) -> ExportOrder:
    sections = tuple(entry.report_sections or SECTIONS)
    return _order(entry, ENERGY_INTERVALS, _general(entry) | {"device": entry.devices}, breakdown=sections)


def _of_table(entry: ExportEntry, table: Table) -> ExportOrder:
    """Rows as they are, under their own names."""
    narrowing = (
        (DEVICE, "devices", entry.devices),
        (MACHINE, "machines", entry.machines),
        (TYPE, "event_types", [SIGN_INS.get(name, name) for name in entry.event_types]),
        (USER, "users", entry.users),
        (SEVERITY, "severity_levels", [_level(name) for name in entry.severity_levels]),
    )
    options = _general(entry) | _computing(entry)
    for one, key, values in narrowing:
        if values and not one.columns_of(table):
            raise UsageError(f"{key}: {table.name} have none")
        options[one.option] = values
    if entry.fields:
        unknown = [name for name in entry.fields if name not in table.schema]
        if unknown:
            raise UsageError(f"fields: there is no {', '.join(unknown)}; choose from {', '.join(table.schema.names())}")
        options["columns"] = ",".join(entry.fields)
    return _order(entry, table, options)


def _level(name: str) -> str:
    level = KASA_LEVELS.get(name.lower(), name.lower())
    if level not in LEVELS:
        allowed = ", ".join((*LEVELS, *KASA_LEVELS))
        raise UsageError(f"severity_levels: there is no such level; choose from {allowed}")
    return level


def _order(
    entry: ExportEntry,
    table: Table,
    options: Mapping[str, Any],
    fields: tuple[str, ...] = (),
    breakdown: tuple[str, ...] = (),
) -> ExportOrder:
    said = {name: value for name, value in options.items() if value not in (None, [], "", False)}
    return ExportOrder(entry.export_type, entry.format, table.name, said, fields, breakdown)


def _general(entry: ExportEntry) -> dict[str, Any]:
    """Options that every table has."""
    privacy, has_users = (
        entry.privacy_options,
        entry.export_type not in ("device_data", "cost_analysis", "system_report"),
    )
    measures = (
        (ADDRESSES, privacy.anonymize_ip_addresses),
        (DEVICES, privacy.hash_device_identifiers),
        (DROP, privacy.exclude_user_data and has_users),
    )
    return {
        **_window(entry.date_range),
        "source": entry.sources,
        "format_name": FORMATS[entry.format],
        "compress": "gz" if entry.performance_options.compression else None,
        "timezone": entry.options.timezone,
        "decimals": entry.options.decimal_places,
        "no_header": not entry.options.include_headers,
        "privacy": [name for name, is_wanted in measures if is_wanted],
    }


def _window(asked: DateRange | str | None) -> dict[str, str | None]:
    if isinstance(asked, str):
        return {"last": asked}
    return {"since": asked.start, "until": _whole(asked.end)} if asked else {}


def _whole(end: str | None) -> str | None:
    """An end one second before midnight means that midnight."""
    try:
        moment = datetime.fromisoformat(end or "")
        return (moment + timedelta(seconds=1)).isoformat() if moment.time() == LAST_SECOND else end
    except (ValueError, OverflowError):
        return end  # told where it is understood


def _filtering(filters: Filters) -> dict[str, Any]:
    low, high = (_watts(edge) for edge in (filters.min_power, filters.max_power))
    states = set(filters.device_states)
    of_day = filters.time_of_day
    return {
        "power": f"{low}..{high}" if low or high else None,
        "switched": states.pop() if len(states) == 1 else None,
        "hours": f"{of_day.start}-{of_day.end}" if of_day else None,
        "weekdays": ",".join(str(day) for day in sorted(set(filters.days_of_week))),
        "outliers": "exclude" if filters.exclude_outliers else None,
    }


def _watts(edge: float | None) -> str:
    return "" if edge is None else f"{edge:.6f}".rstrip("0").rstrip(".")


def _computing(entry: ExportEntry) -> dict[str, list[str]]:
    units = (f" [{one.unit}]" if one.unit else "" for one in entry.custom_fields)
    return {
        "compute": [f"{one.name}{unit} = {one.formula}" for one, unit in zip(entry.custom_fields, units, strict=True)]
    }
