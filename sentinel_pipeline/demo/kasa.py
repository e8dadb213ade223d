"""Writes the household's Kasa Monitor database: what its plugs counted, and what energy costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sentinel_pipeline.demo.chance import Chance
from sentinel_pipeline.demo.clocks import local_spaced, utc_aware, utc_seconds
from sentinel_pipeline.demo.files import insertion, new_database
from sentinel_pipeline.demo.kasa_schema import (
    AUDIT_LOG,
    DEVICE_INFO,
    INDEXES,
    RATES,
    READINGS,
    SCHEMA,
    USERS,
)
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.plugs import PLUGS, Plug
from sentinel_pipeline.demo.rhythm import Stretch, at, microseconds
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.domain.period import Period

MINUTE = 60_000_000
POLL_MINUTES = 2
AWAY_DAYS = range(9, 13)  # days before the last one
RESET_DAYS_AGO = 6
RESET_HOUR = 14
ABSURD_W = 65_535.0

DAY_AND_NIGHT: dict[str, Any] = {
    "time_of_use_rates": [
        {"start_hour": 0, "end_hour": 0, "rate_per_kwh": 0.2441, "days_of_week": [5, 6], "description": "Weekend"},
        {"start_hour": 7, "end_hour": 22, "rate_per_kwh": 0.2935, "description": "Day"},
        {"start_hour": 22, "end_hour": 7, "rate_per_kwh": 0.2117, "description": "Night"},
    ],
    "monthly_service_charge": 11.9,
    "tax_rate": 19,
    "utility_provider": "Stadtwerke Example",
}
TARIFFS = (
    ("Standard", "flat", {"flat_rate": 0.3012, "monthly_service_charge": 9.5, "tax_rate": 19}, 0, 400),
    ("Day and night", "time_of_use", DAY_AND_NIGHT, 1, 70),
)


def write_plugs(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes `kasa_monitor.db` day by day; memory holds one day and the plugs' counters."""
    counters = {plug.ip: [0.0, 0.0] for plug in PLUGS}
    with new_database(folder / "kasa_monitor.db", SCHEMA, INDEXES) as database:
        for done, stretch in enumerate(plan.stretches(), 1):
            for plug in PLUGS:
                rows = readings(plug, plan, stretch, counters[plug.ip])
                database.executemany(insertion("device_readings", READINGS), rows.iter_rows())
            database.executemany(insertion("audit_log", AUDIT_LOG), audit_log(plan, stretch))
            progress("plugs", plan.whole_days(done), plan.days)
        database.executemany(insertion("device_info", DEVICE_INFO), device_info(plan))
        database.executemany(insertion("electricity_rates", RATES), rates(plan))
        database.executemany(insertion("users", USERS), users())


def readings(plug: Plug, plan: Plan, stretch: Stretch, counters: list[float]) -> pl.DataFrame:
    """A stretch's polls of one plug; `counters` (kWh of its month, and of its life) go on to the next day."""
    dice = plan.dice(stretch.day, f"plug {plug.ip}")
    day = Period("daily", stretch.day, plan.zone).window
    starts = np.arange(microseconds(day.start), microseconds(day.end), MINUTE)
    offset = pl.Series(starts).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(plan.zone.key).dt
    watts = plug.draw((offset.hour().cast(pl.Int64) * 60 + offset.minute()).to_numpy(), stretch.day, dice)
    used = np.cumsum(watts) / 60_000
    month = used + (0 if stretch.day.day == 1 else counters[0])
    life = used + counters[1]
    if "lifetime" in plug.traits and stretch.day == plan.last_day - timedelta(days=RESET_DAYS_AGO):
        reset = RESET_HOUR * 60
        life[reset:] -= life[reset - 1]
    counters[:] = [month[-1], life[-1]]
    polls = pl.DataFrame(
        {"us": starts + MINUTE - 1_000_000, "watts": watts, "used": used, "month": month, "life": life}
    )
    kept = polls.filter(
        pl.col("us").is_between(stretch.start_us, stretch.end_us, closed="left")
        & pl.Series(_polled(plug, plan, stretch.day, dice, len(starts)))
    )
    return _as_stored(plug, kept, dice)


def _polled(plug: Plug, plan: Plan, day: date, dice: Chance, minutes: int) -> Any:
    """Which polls were answered, and asked for at all at a small scale."""
    step = min(10, max(POLL_MINUTES, round(POLL_MINUTES / plan.scale)))
    answered = np.arange(minutes) % step == step - 1
    if "away" in plug.traits and (plan.last_day - day).days in AWAY_DAYS:
        return answered & (np.arange(minutes) < 0)
    if "lossy" in plug.traits:
        for begun in dice.integers(0, minutes, 3):
            answered[begun : begun + int(dice.integers(5, 95))] = False
    return answered & (dice.random(minutes) > 0.002)


def _as_stored(plug: Plug, polls: pl.DataFrame, dice: Chance) -> pl.DataFrame:
    """Rows of `device_readings` in the spellings of the monitor: times lose their fraction when it is zero."""
    count = polls.height
    shift = dice.integers(0, 1_000_000, count) * (dice.random(count) > 0.1)
    volts = dice.normal(231, 1.5, count).round(1)
    absurd = dice.random(count) < 0.00005
    moment = (pl.col("us") + pl.Series(shift)).cast(pl.Datetime("us", "UTC"))
    fraction = pl.when(pl.Series(shift) > 0).then(moment.dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00:00"))
    is_blind, is_lifetime = "blind" in plug.traits, "lifetime" in plug.traits
    power = pl.when(pl.Series(absurd)).then(ABSURD_W).otherwise(pl.col("watts").round(1))
    counter = pl.lit(None, pl.Float64) if is_blind else pl.col("used").round(3)
    return polls.select(
        device_ip=pl.lit(plug.ip),
        timestamp=fraction.fill_null(moment.dt.strftime("%Y-%m-%d %H:%M:%S+00:00")),
        is_on=pl.lit(1),
        current_power_w=None if is_blind else power,
        voltage=pl.lit(0.0) if is_blind else pl.Series(volts),
        current=pl.lit(0.0) if is_blind else (pl.col("watts") / pl.Series(volts)).round(3),
        today_energy_kwh=counter,
        month_energy_kwh=None if is_blind else pl.col("month").round(3),
        total_energy_kwh=pl.col("life").round(3) if is_lifetime else None,
        rssi=pl.Series(dice.integers(-71, -48, count)),
    )


def device_info(plan: Plan) -> Iterator[tuple[object, ...]]:
    """The plugs as the last poll left them."""
    morning = at(plan.made_on, plan.zone, 2)
    for number, plug in enumerate(PLUGS):
        mac = f"02:00:5e:20:00:{number:02x}"
        seen = utc_aware(morning - number * 1_000_003)
        yield plug.ip, plug.alias, plug.model, plug.kind, mac, seen, 1, utc_seconds(morning)


def rates(plan: Plan) -> Iterator[tuple[object, ...]]:
    """A flat rate, and the one of day and night that took its place."""
    for name, kind, config, is_active, days_ago in TARIFFS:
        created = utc_seconds(at(plan.before(days_ago), plan.zone, 10))
        yield name, kind, json.dumps(config), "EUR", is_active, created, created


def users() -> Iterator[tuple[object, ...]]:
    """The family's accounts."""
    yield "anna", "anna@home.example", "no hash: this account is made up", "admin"
    yield "ben", "ben@home.example", "no hash: this account is made up", "operator"


def audit_log(plan: Plan, stretch: Stretch) -> Iterator[tuple[object, ...]]:
    """What the monitor wrote down of a day, on the clock of its host."""
    dice = plan.dice(stretch.day, "plugs audit")
    said = (
        ("auth.login.success", "info", "anna", "Signed in", {"method": "password"}, 1, None),
        ("data.exported", "info", "anna", "Exported device_data as csv", {"devices": 10, "rows": 1440}, 1, None),
        ("security.rate_limit", "warning", "ben", "Export refused", {"limit": "10 per hour"}, 0, "too many exports"),
        ("system.error", "error", None, "Poll failed", {"device_ip": PLUGS[7].ip}, 0, "timed out"),
    )
    for kind, severity, user, action, details, success, error in said:
        us = at(stretch.day, plan.zone, float(dice.random() * 23)) + int(dice.integers(1, 1_000_000))
        if stretch.start_us <= us < stretch.end_us:
            written = local_spaced(us, plan.zone)
            yield kind, severity, user, action, json.dumps(details), success, error, written
