"""What IoTSentinel keeps beside connections and alerts: its users, devices, rules and two audit logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sentinel_pipeline.demo.chance import picks
from sentinel_pipeline.demo.clocks import local_iso, utc_seconds
from sentinel_pipeline.demo.household import HOME, STRANGER
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import PEOPLE, Stretch, at, instants

Row = tuple[object, ...]

INSTALLED, RESET = 600, 430
"""Days before the demo's first one."""

PEOPLE_OF_THE_HOUSE = (("anna", "admin"), ("ben", "viewer"))


@dataclass(frozen=True)
class Rule:
    """An alert rule as people define it; the thresholds of data volume are megabytes."""

    name: str
    description: str
    kind: str
    operator: str
    severity: str
    threshold: float | None = None
    threshold_2: float | None = None
    hours: int = 1
    ports: str | None = None
    times: str | None = None
    is_enabled: bool = True

    @property
    def row(self) -> Row:
        return (
            *(self.name, self.description, self.kind, self.operator, self.threshold, self.threshold_2, self.hours),
            *(self.severity, self.ports, self.times, int(self.is_enabled)),
        )


DEFAULT_RULES = (
    Rule("High Data Transfer", "Alert when device sends more than 1 GB in 1 hour", "data_volume", "gt", "high", 1000.0),
    Rule(
        "Excessive Connections",
        "Alert when device makes more than 500 connections in 1 hour",
        "connection_count",
        "gt",
        "medium",
        500.0,
    ),
    Rule(
        "Suspicious Port Activity",
        "Alert on connections to commonly exploited ports",
        "port_activity",
        "contains",
        "high",
        ports="22,23,3389,445,135",
    ),
    Rule(
        "After-Hours Activity",
        "Alert on network activity during unusual hours (11 PM - 6 AM)",
        "time_based",
        "in_range",
        "low",
        23.0,
        6.0,
        times="23:00-06:00",
    ),
)
OWN_RULES = (
    Rule(
        "Camera uploads at night",
        "More than 200 MB from a camera, “Küche” included",
        "data_volume",
        "gt",
        "critical",
        200.0,
        hours=6,
        times="00:00-06:00",
    ),
    Rule("Telnet anywhere", "Old rule", "port_activity", "contains", "medium", hours=24, ports="23", is_enabled=False),
)

ACTIONS = (
    ("settings_change", "Changed scan_interval to 300", "scan_interval"),
    ("device_trust", "Device trust: 192.168.1.41", "192.168.1.41"),
    ("alert_acknowledge", "Acknowledged an alert", "alerts"),
    ("device_block", "Device block: 192.168.1.70", "192.168.1.70"),
)
SECURITY_EVENTS = (
    ("login_success", "info", "session", "success", None),
    ("data_export", "info", "devices", "success", None),
    ("login_failure", "medium", "session", "failure", "wrong password"),
    ("permission_denied", "high", "settings", "failure", "role viewer may not do this"),
)


def users(plan: Plan) -> Iterator[Row]:
    """The family's accounts."""
    since = utc_seconds(at(plan.before(INSTALLED), plan.zone, 9))
    for name, role in PEOPLE_OF_THE_HOUSE:
        yield name, "no hash: this account is made up", f"{name}@home.example", role, since


def devices(plan: Plan, seen: Counter[str]) -> Iterator[Row]:
    """The device list as it stands on the morning after the last day, with the pseudo-device SYSTEM."""
    morning = at(plan.made_on, plan.zone, 0.5)
    for number, device in enumerate(HOME):
        is_stranger = device.ip == STRANGER
        joined = plan.story.stranger_from if is_stranger else plan.before(INSTALLED - 17 * number)
        gone = timedelta(days=12).total_seconds() if device.is_blocked else 97.0 * number
        yield (
            *(device.ip, device.name, device.kind, f"02:00:5e:10:{number:02x}:{number * 37 % 256:02x}"),
            *(device.manufacturer, utc_seconds(at(joined, plan.zone, 2.25 if is_stranger else 18))),
            utc_seconds(morning - int(gone * 1_000_000)),
            *(int(device.is_trusted), int(device.is_blocked), device.custom_name, "❓", device.kind),
            *("high" if device.name else "low", seen[device.ip], int("kids" in device.traits)),
        )
    first = utc_seconds(at(plan.before(INSTALLED), plan.zone, 9))
    yield "SYSTEM", "IoTSentinel", "system", None, None, first, first, 1, 0, None, "❓", "system", "high", 0, 0


def alert_rules(plan: Plan) -> Iterator[Row]:
    """The rules of two installations, defaults twice as re-initialising leaves them, and two of the family's own."""
    first = utc_seconds(at(plan.before(INSTALLED), plan.zone, 9))
    again = utc_seconds(at(plan.before(RESET), plan.zone, 11))
    triggered = utc_seconds(at(plan.last_day, plan.zone, 1.5))
    for number, rule in enumerate(DEFAULT_RULES):
        yield *rule.row, first, triggered, 11 + 7 * number
    for rule in DEFAULT_RULES:
        yield *rule.row, again, None, 0
    for rule in OWN_RULES:
        yield *rule.row, again, None, 0


def audit_log(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """A few things the family did in IoTSentinel, in UTC."""
    dice = plan.dice(stretch.day, "home audit")
    moments = instants(stretch.day, plan.zone, PEOPLE, 3, dice).tolist()
    for us, kind, who in zip(moments, picks(dice, (3, 2, 4, 1), 3), picks(dice, (4, 1), 3), strict=True):
        if stretch.start_us <= us < stretch.end_us:
            action, words, target = ACTIONS[kind]
            user, failed = PEOPLE_OF_THE_HOUSE[who][0], who == 1 and kind == 3
            error = "role viewer may not do this" if failed else None
            yield utc_seconds(us), who + 1, user, action, words, target, f"192.168.1.1{who}", int(not failed), error


def security_audit_log(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """Logins, exports and refusals, in the host's own clock."""
    dice = plan.dice(stretch.day, "home security")
    moments = instants(stretch.day, plan.zone, PEOPLE, 4, dice).tolist()
    for us, kind, who in zip(moments, picks(dice, (6, 2, 1, 1), 4), picks(dice, (4, 1), 4), strict=True):
        if stretch.start_us <= us < stretch.end_us:
            event, severity, resource, result, reason = SECURITY_EVENTS[kind]
            details = json.dumps({"rows": 40 + kind, "format": "csv"}) if event == "data_export" else None
            when, user = local_iso(us, plan.zone), PEOPLE_OF_THE_HOUSE[who][0]
            yield when, who + 1, user, event, severity, f"192.168.1.1{who}", resource, None, details, result, reason
