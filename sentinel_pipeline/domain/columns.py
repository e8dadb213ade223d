"""How report columns are called and written: one name, one meaning, in every table and format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "bytes", "megabytes", "percent", "decimal", "time", "severity", "flag", "status"]


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
    "auth_failed": Display("Not authentic", "count"),
    "avg_confidence": Display("Mean confidence", "decimal"),
    "block_rate": Display("Block rate", "percent"),
    "blocked_count": Display("Blocked", "count"),
    "bytes": Display("Bytes", "bytes"),
    "bytes_received": Display("Received", "bytes"),
    "bytes_sent": Display("Sent", "bytes"),
    "connections": Display("Connections", "count"),
    "count": Display("Count", "count"),
    "critical_count": Display("Critical", "count"),
    "data_mb": Display("Data (MB)", "megabytes"),
    "data_type": Display("Data type"),
    "destination_ip": Display("Destination"),
    "destination_port": Display("Port"),
    "device_ip": Display("Address"),
    "device_name": Display("Device"),
    "device_type": Display("Type"),
    "downgrade": Display("Downgraded", "count"),
    "errors": Display("Errors", "count"),
    "event_type": Display("Event"),
    "explanation": Display("What"),
    "first_at": Display("First", "time"),
    "first_seen_at": Display("First seen", "time"),
    "flagged": Display("Flagged", "count"),
    "high_count": Display("High", "count"),
    "hostname": Display("Host"),
    "hour": Display("Hour"),
    "incident_count": Display("Incidents", "count"),
    "incomplete": Display("Incomplete", "count"),
    "ip_address": Display("Address"),
    "is_acknowledged": Display("Acknowledged", "flag"),
    "is_silent": Display("Silent", "flag"),
    "keys": Display("Keys"),
    "last_at": Display("Last", "time"),
    "last_seen_at": Display("Last seen", "time"),
    "level": Display("Level"),
    "logs": Display("Logs", "count"),
    "machine_id": Display("Machine"),
    "machine_name": Display("Name"),
    "malformed": Display("Malformed", "count"),
    "malformed_plaintext": Display("Malformed inside", "count"),
    "manufacturer": Display("Manufacturer"),
    "meaning": Display("Meaning"),
    "measure": Display("Measure"),
    "median": Display("Median", "decimal"),
    "no_key": Display("No key", "count"),
    "nonce_reuses": Display("Reused nonces", "count"),
    "ok": Display("Opened", "count"),
    "p5": Display("5th percentile", "decimal"),
    "p95": Display("95th percentile", "decimal"),
    "percentage": Display("Share", "percent"),
    "plaintext": Display("Plain text", "count"),
    "policy_id": Display("Policy id"),
    "policy_name": Display("Policy"),
    "prevented_count": Display("Prevented", "count"),
    "prevention_rate": Display("Prevention rate", "percent"),
    "protocol": Display("Protocol"),
    "quarantined": Display("Quarantined", "count"),
    "raised_at": Display("Raised", "time"),
    "reason": Display("Reason"),
    "received": Display("Received", "count"),
    "records": Display("Records", "count"),
    "replay": Display("Replayed", "count"),
    "rows": Display("Rows", "count"),
    "samples": Display("Samples", "count"),
    "series": Display("Series"),
    "service": Display("Service"),
    "severity": Display("Severity", "severity"),
    "source": Display("Source"),
    "status": Display("Status", "status"),
    "table": Display("Table"),
    "timestamp": Display("Time", "time"),
    "unit": Display("Unit"),
    "unreadable": Display("Unreadable", "count"),
    "user": Display("User"),
    "verdict": Display("Verdict"),
    "violation_count": Display("Violations", "count"),
    "weekday": Display("Weekday"),
    "widget_type": Display("Widget"),
}


def display(column: str) -> Display:
    """How a column is shown; raises KeyError for one that has no entry, so that none goes out nameless."""
    return DISPLAY[column]
