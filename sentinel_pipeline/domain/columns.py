"""How report columns are called and written: one name, one meaning, in every table and format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "count", "bytes", "megabytes", "percent", "decimal", "price", "time", "severity", "flag", "status"
]


@dataclass(frozen=True)
class Display:
    """A column's label for people and the kind of value it holds (which decides alignment and number format)."""

    label: str
    kind: Kind = "text"


DISPLAY = {
    "acknowledged": Display("Acknowledged", "count"),
    "agent_id": Display("Agent id"),
    "agent_name": Display("Agent"),
    "alert_id": Display("Alert id"),
    "alerts": Display("Alerts", "count"),
    "amount": Display("Amount", "decimal"),
    "avg_confidence": Display("Mean confidence", "decimal"),
    "band": Display("Band"),
    "billing_month": Display("Billing month"),
    "block_rate": Display("Block rate", "percent"),
    "blocked_count": Display("Blocked", "count"),
    "bytes": Display("Bytes", "bytes"),
    "bytes_received": Display("Received", "bytes"),
    "bytes_sent": Display("Sent", "bytes"),
    "connections": Display("Connections", "count"),
    "context": Display("Context"),
    "cost": Display("Cost", "decimal"),
    "count": Display("Count", "count"),
    "critical_count": Display("Critical", "count"),
    "currency": Display("Currency"),
    "data_mb": Display("Data (MB)", "megabytes"),
    "data_type": Display("Data type"),
    "demand_kw": Display("Demand (kW)", "decimal"),
    "destination_ip": Display("Destination"),
    "destination_port": Display("Port"),
    "device": Display("Serial"),
    "device_ip": Display("Address"),
    "device_kw": Display("Of it (kW)", "decimal"),
    "device_name": Display("Device"),
    "device_type": Display("Type"),
    "energy_kwh": Display("Energy (kWh)", "decimal"),
    "estimated_minutes": Display("Spread (min)", "decimal"),
    "event_id": Display("Event id"),
    "event_type": Display("Event"),
    "explanation": Display("What"),
    "external": Display("External", "count"),
    "first_at": Display("First", "time"),
    "first_seen_at": Display("First seen", "time"),
    "high_count": Display("High", "count"),
    "hostname": Display("Host"),
    "hour": Display("Hour"),
    "incident_count": Display("Incidents", "count"),
    "ip_address": Display("Address"),
    "is_acknowledged": Display("Acknowledged", "flag"),
    "is_external": Display("External", "flag"),
    "jumps": Display("Jumps", "count"),
    "last_at": Display("Last", "time"),
    "lateness": Display("Recorded after"),
    "line": Display("Line"),
    "manufacturer": Display("Manufacturer"),
    "meaning": Display("Meaning"),
    "note": Display("Note"),
    "peak_power_w": Display("Peak (W)", "decimal"),
    "percentage": Display("Share", "percent"),
    "policy_id": Display("Policy id"),
    "policy_name": Display("Policy"),
    "prevented_count": Display("Prevented", "count"),
    "prevention_rate": Display("Prevention rate", "percent"),
    "price": Display("Price per kWh", "price"),
    "protocol": Display("Protocol"),
    "quantity": Display("Quantity", "decimal"),
    "quarantined": Display("Quarantined", "count"),
    "raised_at": Display("Raised", "time"),
    "readings": Display("Readings", "count"),
    "reason": Display("Reason"),
    "records": Display("Records", "count"),
    "reset_hour": Display("Reset hour"),
    "resets": Display("Resets", "count"),
    "rows": Display("Rows", "count"),
    "rule": Display("Rule"),
    "rule_id": Display("Rule id"),
    "rule_type": Display("Type"),
    "series": Display("Series"),
    "service": Display("Service"),
    "severity": Display("Severity", "severity"),
    "source": Display("Source"),
    "standby_w": Display("Standby (W)", "decimal"),
    "status": Display("Status", "status"),
    "table": Display("Table"),
    "tariff": Display("Tariff"),
    "tier": Display("Tier"),
    "timestamp": Display("Time", "time"),
    "triggered_at": Display("Fired", "time"),
    "unacknowledged": Display("Not acknowledged", "count"),
    "unit": Display("Unit"),
    "unmetered_minutes": Display("Unmetered (min)", "decimal"),
    "unpriced_kwh": Display("Unpriced (kWh)", "decimal"),
    "user": Display("User"),
    "violation_count": Display("Violations", "count"),
    "weekday": Display("Weekday"),
}


def display(column: str) -> Display:
    """How a column is shown; raises KeyError for one that has no entry, so that none goes out nameless."""
    return DISPLAY[column]
