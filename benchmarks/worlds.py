"""Generated systems to measure with: a day of connections in an IoTSentinel database, a month of statistics."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import CONNECTIONS
from sentinel_pipeline.lake.writing import ROW_GROUP, arrow_schema, day_writer

DAY = date(2025, 1, 15)
ZONE = ZoneInfo("UTC")
DEVICES = 200
DESTINATIONS = 100_000
CHUNK = 200_000
PROTOCOLS = np.array(["tcp", "udp", "icmp"])
SERVICES = np.array(["http", "ssl", "dns", "ntp", ""])
STATES = np.array(["SF", "S0", "REJ", "RSTO"])

SCHEMA = """
CREATE TABLE devices (device_ip TEXT PRIMARY KEY, device_name TEXT, custom_name TEXT, device_type TEXT,
  mac_address TEXT, manufacturer TEXT, first_seen TEXT, last_seen TEXT, is_trusted INTEGER, is_blocked INTEGER);
CREATE TABLE connections (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT NOT NULL, dest_ip TEXT,
  dest_port INTEGER, protocol TEXT, service TEXT, duration REAL, bytes_sent INTEGER, bytes_received INTEGER,
  packets_sent INTEGER, packets_received INTEGER, conn_state TEXT, processed INTEGER);
CREATE INDEX idx_connections_timestamp ON connections (timestamp);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT NOT NULL, severity TEXT,
  anomaly_score REAL, explanation TEXT, acknowledged INTEGER, acknowledged_at TEXT);
"""


def the_day() -> Period:
    return Period("daily", DAY, ZONE)


def iotsentinel_day(path: Path, rows: int) -> None:
    """An IoTSentinel database with `rows` connections in one day, in time order, indexed by time."""
    with sqlite3.connect(path) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)
        database.executemany(
            "INSERT INTO devices VALUES (?, ?, NULL, 'camera', NULL, NULL, '2025-01-01 00:00:00', ?, 1, 0)",
            [(f"192.168.1.{n}", f"Device {n}", "2025-01-15 23:00:00") for n in range(DEVICES)],
        )
        for chunk in connection_chunks(rows):
            names, places = ",".join(chunk.columns), ",".join("?" * chunk.width)
            database.executemany(f"INSERT INTO connections ({names}) VALUES ({places})", chunk.iter_rows())
    database.close()


def connection_chunks(rows: int) -> Iterator[pl.DataFrame]:
    """Connections as IoTSentinel writes them, CHUNK rows at a time."""
    chance = np.random.Generator(np.random.PCG64(1))
    start = int(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp())
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        order = np.arange(first, first + count)
        seconds = start + (order * 86_400) // rows
        yield pl.DataFrame(
            {
                "id": order + 1,
                "device_ip": chance.integers(0, DEVICES, count),
                "dest_ip": chance.integers(0, DESTINATIONS, count),
                "dest_port": chance.choice([80, 443, 53, 123, 22, 8080], count),
                "protocol": PROTOCOLS[chance.integers(0, 3, count)],
                "service": SERVICES[chance.integers(0, 5, count)],
                "duration": chance.integers(0, 300, count).astype(float),
                "bytes_sent": chance.integers(0, 100_000, count),
                "bytes_received": chance.integers(0, 1_000_000, count),
                "packets_sent": chance.integers(1, 100, count),
                "packets_received": chance.integers(1, 1000, count),
                "conn_state": STATES[chance.integers(0, 4, count)],
                "processed": np.ones(count, dtype=np.int64),
            }
        ).with_columns(
            timestamp=pl.from_epoch(pl.Series(seconds), time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S"),
            device_ip=pl.format("192.168.1.{}", "device_ip"),
            dest_ip=pl.format("198.51.{}.{}", pl.col("dest_ip") // 256, pl.col("dest_ip") % 256),
        )


def facts_day(path: Path, rows: int) -> None:
    """The canonical connections of the same day as one Parquet file, as extraction leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with day_writer(path, CONNECTIONS) as writer:
        for chunk in connection_chunks(rows):
            frame = chunk.select(
                source=pl.lit("home"),
                connection_id=pl.col("id").cast(pl.String),
                started_at=pl.col("timestamp")
                .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
                .dt.replace_time_zone("UTC"),
                device_ip="device_ip",
                destination_ip="dest_ip",
                destination_port="dest_port",
                protocol="protocol",
                service=pl.when(pl.col("service") != "").then("service"),
                duration_seconds="duration",
                bytes_sent="bytes_sent",
                bytes_received="bytes_received",
                packets_sent="packets_sent",
                packets_received="packets_received",
                connection_state="conn_state",
                source_port=pl.lit(None, pl.Int64),
                is_inbound=pl.lit(value=False),
            )
            writer.write_table(frame.to_arrow().cast(arrow_schema(CONNECTIONS)), row_group_size=ROW_GROUP)
