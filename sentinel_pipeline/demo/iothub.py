"""Writes the greenhouse's IoT Hub database: rules, the events they fire, and who acknowledged or changed what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from sentinel_pipeline.demo.chance import Chance, identifiers, picks
from sentinel_pipeline.demo.clocks import utc_aware
from sentinel_pipeline.demo.files import insertion, new_database
from sentinel_pipeline.demo.greenhouse import DEVICES, DOOR, RULES, Watch
from sentinel_pipeline.demo.iothub_schema import COLUMNS, INDEXES, SCHEMA
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import PEOPLE, Stretch, at, instants
from sentinel_pipeline.demo.systems import Progress

Row = tuple[object, ...]
Fired = tuple[int, Watch, str]

SECOND = 1_000_000
DAY = 86_400 * SECOND
INSTALLED = 300
BROKEN_EVERY = 6
DONE = (
    ("events.EVENT_ACKNOWLEDGED", "event", "info"),
    ("rules.RULE_UPDATED", "rule", "info"),
    ("deliveries.WEBHOOK_FAILED", "delivery", "warning"),
)


def write_hub(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes `iothub.db` day by day; memory holds one day."""
    numbers = count(1)
    with new_database(folder / "iothub.db", SCHEMA, INDEXES) as database:
        database.executemany(insertion("devices", COLUMNS["devices"]), devices(plan))
        database.executemany(insertion("rules", COLUMNS["rules"]), rules())
        for done, stretch in enumerate(plan.stretches(), 1):
            rows = ((next(numbers), *row) for row in events(plan, stretch))
            database.executemany(insertion("events", COLUMNS["events"]), rows)
            database.executemany(insertion("audit_logs", COLUMNS["audit_logs"]), audit_logs(plan, stretch))
            progress("hub", plan.whole_days(done), plan.days)


def devices(plan: Plan) -> Iterator[Row]:
    since = utc_aware(at(plan.before(INSTALLED), plan.zone, 9))
    for number, (serial, name) in enumerate(DEVICES, 1):
        yield number, serial, name, 1, 1, since


def rules() -> Iterator[Row]:
    """Rules that are still there; their webhooks' addresses are secrets that no report may show."""
    for rule in RULES:
        if rule.is_known:
            condition = {"type": "threshold", "metric": rule.metric, "operator": rule.operator}
            told = {**condition, "threshold": rule.threshold} if rule.threshold is not None else {"type": "boolean"}
            action = {"webhook": {"url": f"https://hooks.example/{rule.number}/made-up", "enabled": True}}
            is_active, watched = int(rule.is_active), 100 + rule.number
            yield rule.number, rule.name, None, json.dumps(told), json.dumps(action), is_active, watched


def events(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """A stretch's events in order of time, without their number."""
    dice = plan.dice(stretch.day, "hub events")
    fired = sorted(_fired(plan, stretch, dice), key=lambda one: (one[0], one[1].number))
    for position, (one, uuid) in enumerate(zip(fired, identifiers(dice, len(fired)), strict=True)):
        row = _row(one, uuid, plan, dice)
        if stretch.start_us <= one[0] < stretch.end_us:
            is_broken = position == 1 and stretch.day.toordinal() % BROKEN_EVERY == 0
            yield (*row[:6], "{'value': nan}", row[7]) if is_broken else row


def _fired(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Fired]:
    for rule in RULES:
        number = int(dice.poisson(rule.daily * plan.scale * _weather(rule, plan, stretch)))
        chosen = dice.integers(0, len(rule.devices), number).tolist()
        moments = instants(stretch.day, plan.zone, rule.rhythm, number, dice).tolist()
        yield from ((us, rule, rule.devices[pick]) for us, pick in zip(moments, chosen, strict=True))
    if stretch.day == plan.story.morning_after:  # somebody tried the door in the night the passwords were guessed
        door = next(rule for rule in RULES if rule.number == DOOR)
        yield at(stretch.day, plan.zone, 1.7), door, door.devices[0]


def _weather(rule: Watch, plan: Plan, stretch: Stretch) -> float:
    """The last day is the hottest, and no two days are alike."""
    is_hot = rule.number == 1 and stretch.day == plan.last_day
    return 2.5 if is_hot else 0.6 + 0.8 * (stretch.day.toordinal() * 5 % 13) / 12


def _row(fired: Fired, uuid: str, plan: Plan, dice: Chance) -> Row:
    us, rule, serial = fired
    context = json.dumps(_context(rule, float(dice.random())), ensure_ascii=False)
    created = us + _lateness(rule, dice)
    return (
        *(uuid, utc_aware(us), utc_aware(created), rule.number, int(_is_acknowledged(us, plan, dice)), serial),
        *(context, int(rule.is_external)),
    )


def _context(rule: Watch, draw: float) -> dict[str, object]:
    """Values as the hub keeps them: numbers as text, a switch as a switch."""
    if rule.metric is None:
        return {"reason": "no data received", "duration_minutes": 15}
    if rule.threshold is None:
        return {"metric": rule.metric, "value": True, "duration_minutes": 10}
    past = rule.margin * (0.05 + 0.95 * draw**2)
    value = rule.threshold + past if rule.operator == ">" else rule.threshold - past
    told = {"metric": rule.metric, "value": f"{value:.2f}", "unit": rule.unit}
    return {**told, "operator": rule.operator, "threshold": rule.threshold}


def _lateness(rule: Watch, dice: Chance) -> int:
    """The hub itself records within seconds; what others send in comes late, or early by a wrong clock."""
    draw = float(dice.random())
    if not rule.is_external:
        return int((0.2 + 20 * draw**6) * SECOND)
    return -7 * SECOND if draw < 0.1 else int(60 * SECOND + draw * 3 * 3_600 * SECOND)


def _is_acknowledged(us: int, plan: Plan, dice: Chance) -> bool:
    is_old = us < at(plan.made_on, plan.zone, 0) - 5 * DAY
    return float(dice.random()) < (0.85 if is_old else 0.55)


def audit_logs(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """What people and the hub itself did."""
    dice = plan.dice(stretch.day, "hub audit")
    number = 6
    moments = instants(stretch.day, plan.zone, PEOPLE, number, dice).tolist()
    chosen = zip(picks(dice, (6, 1, 1), number), identifiers(dice, number), strict=True)
    for us, (kind, uuid) in zip(moments, chosen, strict=True):
        if stretch.start_us <= us < stretch.end_us:
            done, entity, level = DONE[kind]
            actor = ("system", None) if entity == "delivery" else ("user", str(1 + kind))
            yield uuid, *actor, entity, str(1 + us % 900), done, level, utc_aware(us), json.dumps({"via": "web"})
