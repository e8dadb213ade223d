"""What analyses look like as files: one table each, under the headers and names that the DLP system's document gives
to its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from sentinel_pipeline.portal.analytics_question import Answer
from sentinel_pipeline.portal.analytics_window import Days

INSTANT: Final = pl.Datetime("us", "UTC")
Columns = Mapping[str, pl.DataType]
TEXT: Final[pl.DataType] = pl.String()
COUNT: Final[pl.DataType] = pl.Int64()
REAL: Final[pl.DataType] = pl.Float64()


@dataclass(frozen=True)
class Sheet:
    """A file of an analysis: its title on paper, the start of its name, and its table.

    - `path`, below `/api/v1/export/analytics`, where it differs from that of the analysis.
    - `is_personal`: it names people or devices whatever is chosen, and is for those who may see them.
    - `names_last_day`: whether its name tells the last day too; `{by}` in it is the answer's.
    """

    title: str
    stem: str
    table: Callable[[Answer], pl.DataFrame]
    path: str = ""
    is_personal: bool = False
    names_last_day: bool = True

    def names(self, choices: Mapping[str, object]) -> bool:
        """Whether it names people or devices."""
        return self.is_personal or choices.get("group_by") == "device"

    def name(self, told: Answer, days: Days) -> str:
        """The file's name without an end."""
        stem = self.stem.replace("{by}", str(told.get("by", "")))
        last = f"_{days.after - timedelta(days=1):%Y%m%d}" if self.names_last_day else ""
        return f"{stem}_{days.first:%Y%m%d}{last}"


def _listed(key: str, columns: Columns) -> Callable[[Answer], pl.DataFrame]:
    """The rows of a list in the answer, of which only these columns are handed out."""
    return lambda told: pl.DataFrame(told[key], schema=columns)


def _over_time(**values: pl.DataType) -> Callable[[Answer], pl.DataFrame]:
    """One row to a bucket, series after series."""

    def table(told: Answer) -> pl.DataFrame:
        series = told.get("series", {"": told.get("data", [])})
        rows = [{**point, "series": name} for name, points in series.items() for point in points]
        frame = pl.DataFrame(rows, schema={"timestamp": INSTANT, "series": TEXT, **values})
        return frame if "series" in told else frame.drop("series")

    return table


def _figures(told: Answer) -> pl.DataFrame:
    """The figures of a summary, one to a row; an empty value is one that cannot be told."""
    written = {name: None if value is None else str(value) for name, value in told.items() if name != "period"}
    return pl.DataFrame({"metric": list(written), "value": list(written.values())}, {"metric": TEXT, "value": TEXT})


def _violators(told: Answer) -> pl.DataFrame:
    keys = {"user": ("username",), "agent": ("agent_id", "agent_name", "hostname"), "ip_address": ("ip_address",)}
    columns = {**dict.fromkeys(keys[told["by"]], TEXT), "incident_count": COUNT, "critical_count": COUNT}
    return _listed("violators", columns)(told)


DEVICE: Final = {"device_ip": TEXT, "device_name": TEXT}
TRAFFIC: Final = {"connections": COUNT, "bytes_sent": COUNT, "bytes_received": COUNT}
PRICED: Final = {"energy_kwh": REAL, "cost": REAL}

TRENDS: Final = Sheet("Incident Trends Report", "incident_trends", _over_time(count=COUNT))
VIOLATORS: Final = Sheet(
    "Top Violators Report",
    "top_violators_{by}",
    _violators,
    path="violators",
    is_personal=True,
    names_last_day=False,
)
DATA_TYPES: Final = Sheet(
    "Data Type Statistics",
    "data_types",
    _listed("data_types", {"data_type": TEXT, "count": COUNT, "percentage": REAL, "avg_confidence": REAL}),
    names_last_day=False,
)
POLICY_VIOLATIONS: Final = Sheet(
    "Policy Violations Report",
    "policy_violations",
    _listed(
        "policies",
        {"policy_id": TEXT, "policy_name": TEXT, "violation_count": COUNT, "blocked_count": COUNT, "block_rate": REAL},
    ),
    names_last_day=False,
)
SEVERITIES: Final = Sheet(
    "Severity Distribution Report",
    "severity_distribution",
    _listed("distribution", {"severity": TEXT, "count": COUNT, "percentage": REAL}),
    names_last_day=False,
)
SUMMARY: Final = Sheet("DLP Summary Report", "dlp_summary", _figures)

ENERGY_TRENDS: Final = Sheet(
    "Energy Trends Report",
    "energy_trends",
    _over_time(**PRICED, unpriced_kwh=REAL, unmetered_minutes=REAL),
)
ENERGY_DEVICES: Final = Sheet(
    "Energy by Device Report",
    "energy_devices",
    _listed(
        "devices",
        DEVICE
        | PRICED
        | {"peak_power_w": REAL, "percentage": REAL, "standby_w": REAL, "unmetered_minutes": REAL}
        | {"currency": TEXT, "source": TEXT},
    ),
    is_personal=True,
)
ENERGY_PEAKS: Final = Sheet(
    "Highest Demand Report",
    "energy_peaks",
    _listed("peaks", {"timestamp": INSTANT, "demand_kw": REAL, **DEVICE, "device_kw": REAL, "source": TEXT}),
    is_personal=True,
)
ENERGY_STANDBY: Final = Sheet(
    "Standby Report",
    "energy_standby",
    _listed("devices", {**DEVICE, "standby_w": REAL, "source": TEXT}),
    is_personal=True,
)
ENERGY_BANDS: Final = Sheet(
    "Energy by Tariff Band Report",
    "energy_bands",
    _listed(
        "bands",
        {"band": TEXT, "tier": COUNT, "energy_kwh": REAL, "percentage": REAL, "cost": REAL, "unpriced_kwh": REAL}
        | {"currency": TEXT, "source": TEXT},
    ),
)
ENERGY_SUMMARY: Final = Sheet("Energy Summary Report", "energy_summary", _figures)

NETWORK_TRENDS: Final = Sheet("Network Trends Report", "network_trends", _over_time(**TRAFFIC))
TALKERS: Final = Sheet(
    "Top Talkers Report",
    "top_talkers",
    _listed("devices", {**DEVICE, **TRAFFIC, "data_mb": REAL, "source": TEXT}),
    is_personal=True,
)
DESTINATIONS: Final = Sheet(
    "Top Destinations Report",
    "top_destinations",
    _listed("destinations", {"destination_ip": TEXT, "connections": COUNT, "bytes": COUNT}),
    is_personal=True,
)
PROTOCOLS: Final = Sheet(
    "Protocols Report", "protocols", _listed("protocols", {"protocol": TEXT, "connections": COUNT, "bytes": COUNT})
)
SERVICES: Final = Sheet(
    "Services Report", "services", _listed("services", {"service": TEXT, "connections": COUNT, "bytes": COUNT})
)
NETWORK_SUMMARY: Final = Sheet("Network Summary Report", "network_summary", _figures)
