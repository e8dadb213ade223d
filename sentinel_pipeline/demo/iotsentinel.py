"""Writes the household's IoTSentinel database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl

from sentinel_pipeline.demo.alarms import alerts
from sentinel_pipeline.demo.files import insertion, new_database
from sentinel_pipeline.demo.household import HOME
from sentinel_pipeline.demo.household_records import alert_rules, audit_log, devices, security_audit_log, users
from sentinel_pipeline.demo.iotsentinel_schema import (
    ALERT_RULES,
    ALERTS,
    AUDIT_LOG,
    CONNECTIONS,
    DEVICES,
    INDEXES,
    SCHEMA,
    SECURITY_AUDIT_LOG,
    USERS,
)
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import Stretch
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.demo.traffic import traffic

UNREADABLE = ("", "0000-00-00 00:00:00", "not a time", "2026-02-30 25:61:00")


def write_home(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes `iotsentinel.db` day by day; memory holds one day."""
    seen: Counter[str] = Counter()
    with new_database(folder / "iotsentinel.db", SCHEMA, INDEXES) as database:
        for done, stretch in enumerate(plan.stretches(), 1):
            seen += _write_stretch(database, plan, stretch)
            progress("home", plan.whole_days(done), plan.days)
        database.executemany(insertion("users", USERS), users(plan))
        database.executemany(insertion("devices", DEVICES), devices(plan, seen))
        database.executemany(insertion("alert_rules", ALERT_RULES), alert_rules(plan))


def _write_stretch(database: sqlite3.Connection, plan: Plan, stretch: Stretch) -> Counter[str]:
    rows = connections(plan, stretch)
    database.executemany(insertion("connections", CONNECTIONS), rows.iter_rows(buffer_size=8_192))
    for table, columns, records in (
        ("alerts", ALERTS, alerts(plan, stretch)),
        ("audit_log", AUDIT_LOG, audit_log(plan, stretch)),
        ("security_audit_log", SECURITY_AUDIT_LOG, security_audit_log(plan, stretch)),
    ):
        database.executemany(insertion(table, columns), records)
    return Counter(dict(rows.group_by("device_ip").len().iter_rows()))


def connections(plan: Plan, stretch: Stretch) -> pl.DataFrame:
    """A stretch's connections as IoTSentinel keeps them: whole seconds, its own spellings of time, some unreadable."""
    dice = plan.dice(stretch.day, "home")
    rows = traffic(HOME, plan, stretch.day, dice)
    rows = rows.filter(pl.col("us").is_between(stretch.start_us, stretch.end_us, closed="left"))
    draw = pl.Series(dice.integers(0, 1_000, rows.height))
    has_peer = pl.when(draw != 7)
    return rows.select(
        timestamp=spelled(pl.col("us"), draw, plan),
        device_ip="device",
        dest_ip=has_peer.then("peer"),
        dest_port=has_peer.then("peer_port"),
        protocol="protocol",
        service=pl.when(draw % 2 == 0).then(pl.col("service").fill_null("")).otherwise("service"),
        duration=pl.col("seconds").floor(),
        bytes_sent="sent",
        bytes_received="received",
        packets_sent="packets_sent",
        packets_received="packets_received",
        conn_state="state",
        processed=pl.lit(1),
    ).pipe(_with_unreadable, stretch.day, plan)


def spelled(us: pl.Expr, draw: pl.Series, plan: Plan) -> pl.Expr:
    """Times as text: mostly UTC to the second, a few in the host's clock with fractions, with T or with a space."""
    utc = us.cast(pl.Datetime("us", "UTC"))
    local = utc.dt.convert_time_zone(plan.zone.key)
    return (
        pl.when(draw < 3)
        .then(local.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f"))
        .when(draw < 5)
        .then(local.dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))
        .otherwise(utc.dt.strftime("%Y-%m-%d %H:%M:%S"))
    )


def _with_unreadable(rows: pl.DataFrame, day: date, plan: Plan) -> pl.DataFrame:
    """Every third whole day two rows lose their time, one in the middle and one at a third."""
    if day.toordinal() % 3 or day > plan.last_day or rows.height < 10:
        return rows
    number = pl.int_range(pl.len())
    garbage = UNREADABLE[1 + day.toordinal() // 3 % 3]
    text = pl.when(number == rows.height // 2).then(pl.lit(UNREADABLE[0]))
    return rows.with_columns(
        timestamp=text.when(number == rows.height // 3).then(pl.lit(garbage)).otherwise("timestamp")
    )
