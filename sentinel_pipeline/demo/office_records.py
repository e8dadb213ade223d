"""What CyberSentinel keeps beside events: console users, agents, policies and its audit log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

from sentinel_pipeline.demo.chance import identifiers, picks
from sentinel_pipeline.demo.clocks import utc_aware
from sentinel_pipeline.demo.leaks import events
from sentinel_pipeline.demo.office import CONSOLE, DOMAIN, POLICIES, SEVERITIES, WORKERS, lasting_id
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import OFFICE_HOURS, Stretch, at, instants

Row = tuple[object, ...]

OPENED, CHANGED = 500, 120
"""Days before the demo's first one."""
STATUSES = ("online", "online", "online", "offline", "online", "warning")
ACTIONS = (
    ("auth.login", {"method": "password"}),
    ("policy.update", {"policy": "Card numbers stay in the house", "field": "priority"}),
    ("report.export", {"format": "csv", "rows": 118}),
    ("system.retention.update", {"days": 180}),
)


def users(plan: Plan) -> Iterator[Row]:
    """People who may open the DLP console."""
    since = utc_aware(at(plan.before(OPENED), plan.zone, 9))
    for name, role, full_name in CONSOLE:
        secret = "no hash: this account is made up"  # noqa: S105 - says itself that it is none
        yield (
            *(lasting_id("users", name), name, f"{name}@{DOMAIN}", secret, full_name, role, "Security"),
            *("Example Office", True, since),
        )


def agents(plan: Plan) -> Iterator[Row]:
    """The registered agents as they stand on the morning after the last day; the last one was removed."""
    morning = at(plan.made_on, plan.zone, 0.25)
    registered = [worker for worker in WORKERS if worker.is_registered]
    for number, worker in enumerate(registered):
        status = STATUSES[number % len(STATUSES)]
        ago = timedelta(days=3, minutes=number) if status == "offline" else timedelta(minutes=number)
        seen = utc_aware(morning - int(ago.total_seconds()) * 1_000_000)
        is_removed = number == len(registered) - 1
        removed = utc_aware(at(plan.last_day - timedelta(days=2), plan.zone, 11)) if is_removed else None
        joined = utc_aware(at(plan.before(OPENED - number), plan.zone, 9))
        yield (
            *(lasting_id("agents", worker.agent), worker.agent, number + 1, worker.name, worker.host, worker.os),
            *(worker.ip, "2.4.1" if number % 4 else "2.3.0", status, seen, seen, removed, joined),
        )


def policies(plan: Plan) -> Iterator[Row]:
    """The policies of the office; the one that events still name but nobody kept is not among them."""
    since, changed = (
        utc_aware(at(plan.before(OPENED), plan.zone, 10)),
        utc_aware(at(plan.before(CHANGED), plan.zone, 16)),
    )
    for number, policy in enumerate(policy for policy in POLICIES if policy.is_known):
        severity = SEVERITIES[max(range(5), key=policy.severities.__getitem__)]
        actions = json.dumps([{"type": policy.actions[0][0].lower()}])
        yield (
            *(policy.id, policy.name, policy.description, policy.status, policy.status == "active", 10 * (number + 1)),
            *(policy.kind, "data_protection", severity, json.dumps({"labels": list(policy.labels)}), actions),
            *(json.dumps(["GDPR"]), since, changed),
        )


def audit_logs(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """What console users did."""
    dice = plan.dice(stretch.day, "office audit")
    count = 9 if stretch.day.weekday() < 5 else 1
    moments = instants(stretch.day, plan.zone, OFFICE_HOURS, count, dice).tolist()
    kinds, who = picks(dice, (6, 1, 2, 0.3), count), picks(dice, (2, 4, 1, 0.5), count)
    for us, kind, number, uuid in zip(moments, kinds, who, identifiers(dice, count), strict=True):
        if stretch.start_us <= us < stretch.end_us:
            action, details = ACTIONS[kind]
            user = lasting_id("users", CONSOLE[number][0]) if number < len(CONSOLE) else None
            yield uuid, user, action, json.dumps(details), utc_aware(us)


STANDING: tuple[tuple[str, Callable[[Plan], Iterator[Row]]], ...] = (
    ("users", users),
    ("agents", agents),
    ("policies", policies),
)
DAILY: tuple[tuple[str, Callable[[Plan, Stretch], Iterator[Row]]], ...] = (
    ("events", events),
    ("audit_logs", audit_logs),
)
