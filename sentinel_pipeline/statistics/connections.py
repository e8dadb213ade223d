"""What is counted of connections."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.statistics.merging import Added
from sentinel_pipeline.statistics.statistic import Statistic, count, hour_at, number_of, total

VOLUMES = ("bytes_sent", "bytes_received")


def connection_hours(connections: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Connections, bytes and packets per hour, protocol, service and state.

    `volume_unknown` counts connections whose bytes are unknown in both directions.
    """
    keys = ["source", "hour_at", "protocol", "service", "connection_state"]
    return (
        connections.with_columns(hour_at=hour_at("started_at", day))
        .group_by(keys)
        .agg(
            count("connections"),
            *(total(column) for column in VOLUMES),
            total("packets_sent"),
            total("packets_received"),
            number_of(pl.all_horizontal(pl.col(column).is_null() for column in VOLUMES)).alias("volume_unknown"),
        )
        .sort(keys)
    )


def connection_devices(connections: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Connections and bytes per hour and device; of an inbound connection the device is the one that answered."""
    keys = ["source", "device_ip", "hour_at"]
    inbound = pl.col("is_inbound").fill_null(value=False)
    sent, received = VOLUMES
    return (
        connections.select(
            "source",
            pl.when(inbound).then("destination_ip").otherwise("device_ip").alias("device_ip"),
            hour_at("started_at", day).alias("hour_at"),
            pl.when(inbound).then(received).otherwise(sent).alias(sent),
            pl.when(inbound).then(sent).otherwise(received).alias(received),
        )
        .group_by(keys)
        .agg(count("connections"), *(total(column) for column in VOLUMES))
        .sort(keys)
    )


def connection_destinations(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Connections and bytes per destination address; the addresses themselves are kept, so that weeks count exactly."""
    keys = ["source", "destination_ip"]
    return connections.group_by(keys).agg(count("connections"), *(total(column) for column in VOLUMES)).sort(keys)


def connection_ports(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Connections and bytes per protocol and destination port."""
    keys = ["source", "protocol", "destination_port"]
    return connections.group_by(keys).agg(count("connections"), *(total(column) for column in VOLUMES)).sort(keys)


COUNTED = Added(("connections", *VOLUMES))

STATISTICS = (
    Statistic(
        "connections",
        connection_hours,
        total="connections",
        merge=Added((*COUNTED.sums, "packets_sent", "packets_received", "volume_unknown")),
    ),
    Statistic("connections", connection_devices, total="connections", merge=COUNTED),
    Statistic("connections", connection_destinations, total="connections", sums=COUNTED.sums, merge=COUNTED),
    Statistic("connections", connection_ports, total="connections", merge=COUNTED),
)
