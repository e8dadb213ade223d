"""The office's incidents, one day at a time, as rows of CyberSentinel's events."""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from sentinel_pipeline.demo.chance import Chance, identifiers, marks, picks
from sentinel_pipeline.demo.clocks import utc_aware
from sentinel_pipeline.demo.cybersentinel_schema import COLUMNS
from sentinel_pipeline.demo.office import (
    COPIER,
    NO_POLICY_EVENTS,
    NO_POLICY_SHARE,
    POLICIES,
    SEVERITIES,
    USB,
    WORKERS,
    Policy,
    Worker,
)
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import OFFICE_HOURS, Stretch, at, instants

Row = tuple[object, ...]
Record = dict[str, object]

WORKDAY, WEEKEND = 76.0, 5.0
COPIES = 85
FILES = ("customers", "offers", "Gehälter", "契約書", "board minutes", "export", "=SUM(A1:A9)", "design review")
FILE_EVENTS = ("file", "usb", "print", "cloud")
ENDINGS = (".xlsx", ".pdf", ".docx", ".csv", ".zip")
TIERS = ("Public", "Internal", "Confidential", "Restricted")


@dataclass(frozen=True)
class Incident:
    """One incident before it is written down; `event` is its type and subtype."""

    us: int
    worker: Worker
    policy: Policy | None
    event: tuple[str, str]


def events(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """Rows of the events table for a stretch, in order of time."""
    dice = plan.dice(stretch.day, "office")
    found = sorted(
        (*_everyday(plan, stretch, dice), *_scans(plan, stretch), *_copying(plan, stretch, dice)),
        key=lambda incident: incident.us,
    )
    names = zip(identifiers(dice, len(found)), marks(dice, "evt-", len(found), 16), strict=True)
    for incident, (uuid, event_id) in zip(found, names, strict=True):
        row = _row(incident, uuid, event_id, dice)
        if stretch.start_us <= incident.us < stretch.end_us:
            yield row


def _everyday(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Incident]:
    count = int(dice.poisson((WORKDAY if stretch.day.weekday() < 5 else WEEKEND) * plan.scale))
    moments = instants(stretch.day, plan.zone, OFFICE_HOURS, count, dice).tolist()
    if moments and stretch.day.weekday() == 0:
        # A week's first incident happens at midnight itself, where careless windows count it for two weeks.
        moments[0] = at(stretch.day, plan.zone, 0)
    workers = picks(
        dice, tuple(1 + number * 7 % 5 if worker.is_registered else 0.8 for number, worker in enumerate(WORKERS)), count
    )
    policies = picks(dice, (*(policy.share for policy in POLICIES), NO_POLICY_SHARE), count)
    for us, worker, number in zip(moments, workers, policies, strict=True):
        policy = POLICIES[number] if number < len(POLICIES) else None
        event = policy.event if policy else NO_POLICY_EVENTS[us % len(NO_POLICY_EVENTS)]
        yield Incident(us, WORKERS[worker], policy, event)


def _scans(plan: Plan, stretch: Stretch) -> Iterator[Incident]:
    """Scheduled scans early and late, the only thing an office does at night."""
    for hour in (0.3, 1.1, 22.6, 23.4):
        yield Incident(at(stretch.day, plan.zone, hour), WORKERS[8], None, ("file", "scheduled_scan"))


def _copying(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Incident]:
    """One person copies a share to a stick within two hours, and is mostly stopped."""
    if stretch.day == plan.story.copying_day:
        count = max(1, int(COPIES * plan.scale))
        begin = at(stretch.day, plan.zone, 15.5)
        for offset in dice.integers(0, 7_000_000_000, count).tolist():
            yield Incident(begin + offset, WORKERS[COPIER], USB, USB.event)


def _row(incident: Incident, uuid: str, event_id: str, dice: Chance) -> Row:
    draws: list[float] = dice.random(9).tolist()
    kind, subtype = incident.event
    file = FILES[int(draws[3] * len(FILES))] + ENDINGS[int(draws[4] * len(ENDINGS))]
    severity = _severity(incident.policy, draws[0])
    record = {
        "id": uuid,
        "event_id": event_id,
        "event_type": kind,
        "event_subtype": subtype,
        "channel": kind,
        **_who(incident.worker, has_user=draws[5] > 0.03, has_address=draws[4] > 0.02),
        "description": f"{incident.worker.host}: {subtype.replace('_', ' ')} of {file}",
        "severity": severity,
        **_response(incident.policy, draws[1]),
        **(_file(incident.worker, file, event_id, draws[8]) if kind in FILE_EVENTS else {}),
        **_content(incident.policy, draws[2], draws[6], draws[7]),
        **_way(kind, draws[3], draws[8]),
        **_times(incident.us),
        "required_clearance": int(severity == "critical"),
    }
    return tuple(record.get(column) for column in COLUMNS["events"])


def _who(worker: Worker, *, has_user: bool, has_address: bool) -> Record:
    user = worker if has_user and worker.is_registered else None
    return {
        "agent_id": worker.agent,
        "source_type": "agent",
        "user_email": user and user.email,
        "username": user and user.user,
        "source_ip": worker.ip if has_address else None,
        "department": worker.department,
    }


def _response(policy: Policy | None, draw: float) -> Record:
    action = _action(policy, draw)
    named = (
        {"policy_id": policy.id, "policy_name": policy.name, "policy_violated": policy.description} if policy else {}
    )
    is_held = action.lower() in ("blocked", "block", "quarantined", "disallowed")
    reviewed = "yes" if draw < 0.3 else "no"
    return {
        "action": action,
        "decision": "block" if is_held else "allow",
        "reviewed": reviewed,
        "status": "new",
        **named,
    }


def _file(worker: Worker, file: str, event_id: str, draw: float) -> Record:
    return {
        "file_path": f"/shares/{worker.department.lower()}/{file}",
        "file_name": file,
        "file_size": int(2_000 + draw * 9_000_000),
        "file_hash": event_id.encode().hex(),
    }


def _content(policy: Policy | None, breadth: float, certainty: float, shape: float) -> Record:
    labels = _labels(policy, breadth)
    if not labels:
        return {}
    confidence = round(0.55 + 0.44 * certainty, 4) if shape > 0.08 else None
    return {
        "classification": _classification(labels, confidence, int(shape * 1_000_000)),
        "classification_level": TIERS[int(certainty * len(TIERS))],
        "confidence_score": confidence,
    }


def _way(kind: str, host: float, target: float) -> Record:
    return {
        "destination": "E:\\" if kind == "usb" else f"https://share{int(target * 9)}.example/drop",
        "destination_ip": None if kind in FILE_EVENTS else f"198.51.100.{int(host * 200) + 5}",
        "protocol": None if kind in FILE_EVENTS else "tcp",
        "details": json.dumps({"process": "explorer"}),
    }


def _times(us: int) -> Record:
    arrived = utc_aware(us + 2_000_000)
    return {"timestamp": utc_aware(us), "created_at": arrived, "updated_at": arrived}


def _severity(policy: Policy | None, draw: float) -> str:
    return SEVERITIES[_weighted(policy.severities if policy else (0, 0.02, 0.13, 0.45, 0.4), draw)]


def _action(policy: Policy | None, draw: float) -> str:
    actions = policy.actions if policy else (("logged", 7), ("allow", 2), ("Allowed", 1))
    return actions[_weighted([weight for _, weight in actions], draw)][0]


def _weighted(weights: Sequence[float], draw: float) -> int:
    sums = list(accumulate(weights))
    return min(bisect(sums, draw * sums[-1]), len(sums) - 1)


def _labels(policy: Policy | None, draw: float) -> list[str]:
    if policy is None or not policy.labels or draw < 0.04:
        return []
    return list(policy.labels[: 1 + int(draw * draw * len(policy.labels))])


def _classification(labels: list[str], confidence: float | None, draw: int) -> str | None:
    """The three shapes the agents' generations write, and for some a bare word or nothing."""
    if not labels:
        return None
    if draw % 50 == 0:
        return json.dumps(labels[0])
    if draw % 3 == 0:
        return json.dumps({"labels": labels, "score": confidence, "method": "regex"})
    if draw % 3 == 1:
        return json.dumps([_finding(label, confidence) for label in labels])
    return json.dumps(labels)


def _finding(label: str, confidence: float | None) -> dict[str, object]:
    sensitive = {"type": label, "count": 3, "redacted": "****"}
    return {"type": "sensitive", "label": label, "confidence": confidence, "patterns_matched": 2} | {
        "sensitive_data": sensitive
    }
