"""The types of report that the documented systems offer, each a choice of sections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ALERTS = ("alert_trends", "alert_severity", "alerts_by_device", "latest_alerts", "alert_hours_of_week")
ALERTS_TOO = (*ALERTS, "alerts_by_source")
CONNECTIONS = ("connection_trends", "top_talkers", "top_destinations", "protocols", "services", "suspicious_ports")
PATTERNS = ("longest_connections", "beacons", "name_servers")
CONNECTIONS_TOO = (*CONNECTIONS, "new_destinations", *PATTERNS, "connections_by_source")
TRENDS = ("incident_trends", "incident_trends_by_type", "incident_trends_by_policy")
VIOLATORS = ("top_violators_by_user", "top_violators_by_agent", "top_violators_by_ip")
IN_SHORT = ("alert_severity", "top_talkers", "protocols", "top_destinations", "severity_distribution", "data_types")
AUDIT = ("audit_log", "audit_log_by_user", "audit_trends")


@dataclass(frozen=True)
class ReportType:
    """A type by the name its system's documentation gives; no sections means all."""

    name: str
    sections: tuple[str, ...] = ()


TYPES = (
    ReportType("summary", (*IN_SHORT, "policy_violations")),
    ReportType("detailed"),
    ReportType("alerts", ALERTS_TOO),
    ReportType("connections", CONNECTIONS_TOO),
    ReportType("dlp_summary", ("incident_trends", "severity_distribution", "data_types", "policy_violations")),
    ReportType("trends", TRENDS),
    ReportType("violators", VIOLATORS),
    ReportType("data_types", ("data_types", "severity_distribution")),
    ReportType("policy_violations", ("policy_violations", "incident_trends_by_policy")),
    ReportType("executive_summary", (*IN_SHORT, "policy_violations")),
    ReportType("security_audit", (*ALERTS_TOO, "severity_distribution", "policy_violations", *AUDIT)),
    ReportType("network_activity", (*CONNECTIONS_TOO, "new_devices")),
    ReportType("device_inventory", ("new_devices", "top_talkers", "alerts_by_device", "energy_by_device")),
    ReportType("threat_analysis", (*ALERTS_TOO, "suspicious_ports", "new_destinations", *PATTERNS, "new_devices")),
)


def sections_of_types(names: Iterable[str], available: Iterable[str]) -> tuple[str, ...]:
    """The available sections that the types show, in their order; those of systems that are not read are left out."""
    chosen = [one for one in TYPES if one.name in names]
    return tuple(section for section in available if any(not one.sections or section in one.sections for one in chosen))
