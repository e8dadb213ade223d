"""A month of daily statistics behind which lie ten million connections and a million incidents a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from benchmarks.worlds import the_day
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import INCIDENTS, TABLE
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.scope import statistic_asset
from sentinel_pipeline.statistics import STATISTICS

CONFIGURATION = """
organisation: Benchmark
timezone: UTC
first_day: 2024-12-01
sources:
  - {name: home, kind: iotsentinel, location: sqlite:///home.db}
  - {name: office, kind: cybersentinel, location: sqlite:///office.db}
"""


def incidents(rows: int) -> pl.DataFrame:
    """Incidents of the day: 2,000 users, 500 agents, 40 policies."""
    chance = np.random.Generator(np.random.PCG64(2))
    start = the_day().window.start
    users, agents, policies = (chance.integers(0, most, rows) for most in (2_000, 500, 40))
    return (
        pl.DataFrame({"n": np.arange(rows), "user": users, "agent": agents, "policy": policies})
        .select(
            source=pl.lit("office"),
            incident_id=pl.format("e{}", "n"),
            occurred_at=pl.lit(start) + pl.duration(microseconds=pl.col("n") * (86_400_000_000 // rows)),
            severity=pl.col("n").mod(len(LEVELS)).replace_strict(dict(enumerate(LEVELS)), return_dtype=pl.String),
            incident_type=pl.format("type {}", pl.col("n") % 7),
            agent_id=pl.format("a{}", "agent"),
            agent_name=pl.format("Agent {}", "agent"),
            hostname=pl.format("host{}.example", "agent"),
            user=pl.format("user{}", "user"),
            source_ip=pl.format("10.0.{}.{}", pl.col("user") // 256, pl.col("user") % 256),
            action=pl.lit("blocked"),
            is_blocked=pl.col("n") % 3 == 0,
            data_types=pl.concat_list(pl.format("TYPE{}", pl.col("n") % 9)),
            confidence=(pl.col("n") % 100) / 100,
            policy_id=pl.format("p{}", "policy"),
            policy_name=pl.format("Policy {}", "policy"),
            is_prevented=pl.col("n") % 2 == 0,
            is_agent_registered=pl.lit(value=True),
        )
        .cast(INCIDENTS.schema)
    )


def build(data: Path, facts: Path) -> None:
    """Two months of statistics in the lake, each day the same numbers, and a configuration to go with them."""
    (data / "config").mkdir(parents=True, exist_ok=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    tables = {"connections": pl.scan_parquet(facts), "incidents": incidents(1_000_000).lazy()}
    fill(data, tables, date(2024, 12, 1), 62)


def fill(data: Path, tables: Mapping[str, pl.LazyFrame], first: date, days: int) -> None:
    """The statistics of a day's facts, once for each of so many days."""
    lake, day = Lake(data / "lake"), the_day()
    known = {**tables, "receipts": _receipts()}
    made = {
        statistic: statistic.of(known.get(statistic.table, TABLE[statistic.table].empty().lazy()), day).collect(
            engine="streaming"
        )
        for statistic in STATISTICS
    }
    for offset in range(days):
        shifted = Period("daily", first + timedelta(days=offset), ZoneInfo("UTC"))
        for statistic, frame in made.items():
            lake.write(
                statistic_asset(statistic.name), shifted.key, _moved(frame, shifted.first - day.first, shifted.key)
            )


def _moved(frame: pl.DataFrame, by: timedelta, key: str) -> pl.DataFrame:
    moves = [pl.col(name) + by for name in ("hour_at", "started_at") if name in frame.columns]
    return frame.with_columns(*moves, *([pl.lit(key).alias("day")] if "day" in frame.columns else []))


def _receipts() -> pl.LazyFrame:
    given = {"home": ("connections", "alerts", "devices", "energy_intervals"), "office": ("incidents",)}
    rows = [
        {"source": source, "table": table, "rows": 1, "first_at": None, "last_at": None}
        | {"quarantined": 0, "status": "received", "reason": None}
        for source, tables in given.items()
        for table in tables
    ]
    return pl.DataFrame(rows, schema=TABLE["receipts"].schema).lazy()
