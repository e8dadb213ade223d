"""IoTSentinel's alerts: the everyday ones, and those of the story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sentinel_pipeline.demo.chance import Chance, picks
from sentinel_pipeline.demo.clocks import local_iso, local_spaced, utc_seconds
from sentinel_pipeline.demo.household import GUESSED, GUESSER, HOME, STRANGER
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import EVENINGS, NIGHT, Stretch, at, instants

Row = tuple[object, ...]

LEVELS = ("critical", "high", "medium", "low")
USUAL = (0.02, 0.12, 0.36, 0.5)
SCORES = {"critical": (0.98, 1.0), "high": (0.95, 0.98), "medium": (0.85, 0.95), "low": (0.5, 0.85)}
EVERYDAY, NIGHTLY = 9.0, 1.5


@dataclass(frozen=True)
class Reason:
    """Why an alert is raised. A rule's alert has no anomaly score."""

    words: str
    tactic: str | None = None
    is_rule: bool = False


@dataclass(frozen=True)
class Alarm:
    """One alert before it is written down."""

    us: int
    device: str
    severity: str | None
    reason: Reason


REASONS = (
    Reason("Unusual upload: {n} MB in one hour, {m} times what this device usually sends", "Exfiltration"),
    Reason("Connection to 203.0.113.{n}, an address this device never contacted before", "Command and Control"),
    Reason("Traffic pattern differs from the last 7 days (z-score {m}.4)"),
    Reason("Excessive Connections: 5{n} connections in 1 hour (threshold 500)", is_rule=True),
    Reason("High Data Transfer: 1{n} MB in 1 hour (threshold 1000 MB)", "Exfiltration", is_rule=True),
    Reason("Name reported by the device: <script>alert('{n}')</script> & more", "Discovery"),
)
SHARES = (5, 5, 4, 3, 2, 0.4)
AFTER_HOURS = Reason("After-Hours Activity: traffic at an unusual hour", is_rule=True)
RESTARTED = Reason("Sensor restarted after an update", is_rule=True)
SCANNING = Reason("Suspicious Port Activity: 192.168.1.77 tries ports 23 and 445 on every device", "Discovery")
JOINED = Reason("Unknown device joined the network: 192.168.1.77", "Initial Access")
GUESSING = Reason(f"Brute force: many failed SSH logins from {GUESSER} within minutes", "Credential Access")
UNRATED = Reason("Model returned no severity for this device")


def alerts(plan: Plan, stretch: Stretch) -> Iterator[Row]:
    """Rows of the alerts table for a stretch, in order of time."""
    dice = plan.dice(stretch.day, "home alerts")
    alarms = sorted((*_everyday(plan, stretch, dice), *_plot(plan, stretch, dice)), key=lambda alarm: alarm.us)
    for number, alarm in enumerate(alarms):
        row = _row(alarm, plan, dice, number)
        if stretch.start_us <= alarm.us < stretch.end_us:
            is_lost = number == 2 and stretch.day == plan.last_day - timedelta(days=1)
            yield ("yesterday evening", *row[1:]) if is_lost else row


def _everyday(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Alarm]:
    count = int(dice.poisson(EVERYDAY * plan.scale))
    moments = instants(stretch.day, plan.zone, EVENINGS, count, dice).tolist()
    chosen = zip(picks(dice, SHARES, count), picks(dice, USUAL, count), _devices(dice, count), strict=True)
    for us, (reason, level, device) in zip(moments, chosen, strict=True):
        yield Alarm(us, device, LEVELS[level], REASONS[reason])
    nightly = int(dice.poisson(NIGHTLY * plan.scale))
    nights = instants(stretch.day, plan.zone, NIGHT, nightly, dice).tolist()
    for us, device in zip(nights, _devices(dice, nightly), strict=True):
        yield Alarm(us, device, "low", AFTER_HOURS)
    if stretch.day.toordinal() % 6 == 0:
        yield Alarm(at(stretch.day, plan.zone, 4), "SYSTEM", "low", RESTARTED)


def _devices(dice: Chance, count: int) -> list[str]:
    known = [device for device in HOME if device.ip != STRANGER and device.daily]
    weights = tuple(sum(often for _, often in device.daily) for device in known)
    return [known[number].ip for number in picks(dice, weights, count)]


def _plot(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Alarm]:
    story, day, zone = plan.story, stretch.day, plan.zone
    if day == story.stranger_from:
        yield Alarm(at(day, zone, 2.25), STRANGER, "high", JOINED)
    if story.has_stranger(day):
        for us in instants(day, zone, NIGHT, 2, dice).tolist():
            yield Alarm(us, STRANGER, "high", SCANNING)
    if day in (story.guessing_night, story.morning_after):
        begin, count = (22.1, 9) if day == story.guessing_night else (0.05, 5)
        for number in range(max(1, int(count * plan.scale))):
            yield Alarm(at(day, zone, begin + number * 1.4 / (count * plan.scale)), GUESSED, "critical", GUESSING)
    if day == story.last_day:
        yield Alarm(at(day, zone, 12.5), "192.168.1.60", None, UNRATED)


def _row(alarm: Alarm, plan: Plan, dice: Chance, number: int) -> Row:
    words = alarm.reason.words.format(n=int(dice.integers(12, 240)), m=int(dice.integers(2, 9)))
    features = None if alarm.reason.is_rule else json.dumps({"bytes_sent": 0.61, "dest_port": 0.22, "hour": 0.17})
    acknowledged, when = _acknowledgement(alarm, plan, dice)
    return (
        _spelled(alarm.us, plan, number),
        *(alarm.device, alarm.severity, _score(alarm, plan, dice), words, features, acknowledged, when),
        *(f"In plain words: {words}" if number % 4 == 0 else None, alarm.reason.tactic),
    )


def _spelled(us: int, plan: Plan, number: int) -> str:
    if number % 9 == 4:
        return local_iso(us, plan.zone)
    return local_spaced(us, plan.zone) if number % 9 == 7 else utc_seconds(us)


def _score(alarm: Alarm, plan: Plan, dice: Chance) -> float | None:
    draw = float(dice.random())
    if alarm.severity is None:
        return 0.0
    if alarm.reason.is_rule:
        return None
    low, high = SCORES[alarm.severity]
    # The model that came before the present one gave negative scores.
    is_old_model = alarm.us < at(plan.last_day, plan.zone, 0) - 24 * 86_400_000_000
    return round(-0.2 - 0.8 * draw, 6) if is_old_model else round(low + (high - low) * draw, 6)


def _acknowledgement(alarm: Alarm, plan: Plan, dice: Chance) -> tuple[int, str | None]:
    """Whether somebody looked at it, more likely the older it is, and when, in either clock or not noted at all."""
    draw, delay = float(dice.random()), int(dice.integers(60, 86_400)) * 1_000_000
    done, now = alarm.us + delay, at(plan.made_on, plan.zone, 0)
    if draw > (0.7 if alarm.us < now - 7 * 86_400_000_000 else 0.4) or done >= now:
        return 0, None
    if draw < 0.1:
        return 1, None
    return 1, local_spaced(done, plan.zone) if draw < 0.3 else utc_seconds(done)
