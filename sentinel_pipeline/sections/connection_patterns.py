"""What the report says about very long connections, regular ones, and name servers."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.sections.section import Section, named
from sentinel_pipeline.sections.security import with_device_names
from sentinel_pipeline.sections.shares import percents, ranked
from sentinel_pipeline.statistics.connection_patterns import LONGEST, LONGEST_FIRST, PAIR
from sentinel_pipeline.statistics.statistic import MILLIONTHS

MICROSECONDS_AN_HOUR = 3_600_000_000
MILLISECONDS = 1_000
SIDES = ["bytes_sent", "bytes_received"]
BYTES = (pl.col("bytes_sent") + pl.col("bytes_received")).sum().cast(pl.Int64).alias("bytes")


def longest_connections(long_connections: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """Connections of an hour or longer, longest first (of each day at most 200 are kept), on the day they started.

    Of one that came in from outside the device is the one that answered, the other address who asked.
    """
    hours = (pl.col("duration_us") / MICROSECONDS_AN_HOUR).round(2, mode="half_to_even")
    return (
        long_connections.with_columns(
            duration_hours=hours,
            bytes=pl.when(pl.any_horizontal(pl.col(SIDES).is_not_null())).then(pl.sum_horizontal(SIDES)),
        )
        .pipe(with_device_names, device_inventory)
        .sort(*LONGEST, descending=LONGEST_FIRST)
        .select(
            "started_at",
            "device_ip",
            "device_name",
            "other_ip",
            "destination_port",
            "protocol",
            "service",
            "duration_hours",
            "bytes",
            "is_inbound",
            "source",
            "connection_id",
        )
    )


def beacons(regular_connections: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """Candidates for beacons: who connected to the same address and port in a steady rhythm, steadiest first.

    Of a day counts who did so 20 to 10,000 times, with a median interval of a second or more from which the starts
    strayed by a tenth or less in the median (jitter). Of several days: connections and days add up, the interval is the
    mean of the days' by connections, the jitter the largest. Clocks, updates and keep-alives are regular too.
    """
    weighted = (pl.col("interval_ms").cast(pl.Int128) * pl.col("connections")).sum().cast(pl.Float64)
    seconds = weighted / pl.col("connections").sum() / MILLISECONDS
    table = (
        regular_connections.group_by(PAIR)
        .agg(
            pl.len().cast(pl.Int64).alias("days"),
            seconds.round(1, mode="half_to_even").alias("interval_seconds"),
            pl.col("jitter_millionths", "size_jitter_millionths").max(),
            pl.col("connections").sum(),
            BYTES,
        )
        .pipe(with_device_names, device_inventory)
        .sort("days", "jitter_millionths", "connections", *PAIR, descending=[True, False, True, *(False for _ in PAIR)])
    )
    return table.with_columns(
        jitter=percents(table["jitter_millionths"], MILLIONTHS),
        size_jitter=percents(table["size_jitter_millionths"], MILLIONTHS),
    ).select(
        "device_ip",
        "device_name",
        "destination_ip",
        "destination_port",
        "protocol",
        "connections",
        "days",
        "interval_seconds",
        "jitter",
        "size_jitter",
        "bytes",
        "source",
    )


def name_servers(name_server_askers: pl.DataFrame) -> pl.DataFrame:
    """Addresses that devices asked for names (service dns, or port 53), with how many devices did.

    Of each day the 200 most asked; the others are one row, the last, without an address.
    """
    table = name_server_askers.group_by("destination_ip").agg(
        pl.col("device_ip").drop_nulls().n_unique().cast(pl.Int64).alias("devices"),
        pl.col("connections").sum().cast(pl.Int64),
        BYTES,
    )
    return ranked(table, "connections", ["destination_ip"]).sort(
        pl.col("destination_ip").is_null(), maintain_order=True
    )


def _longest_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No connection lasted an hour"
    first = _called(table)
    longest = (
        f"the longest {first['duration_hours']:,.2f} hours, {first['device_name']} with {first['other_ip'] or '–'}"
    )
    return f"{counted(table.height, 'connection')} of an hour or longer, {longest}"


def _beacon_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No address was contacted in a steady rhythm"
    first = _called(table)
    steadiest = f"{first['device_name']} to {first['destination_ip']} every {first['interval_seconds']:,.1f} seconds"
    return f"{counted(table.height, 'candidate')}, steadiest {steadiest}"


def _called(table: pl.DataFrame) -> dict[str, object]:
    """The first row, its device by name or address."""
    return table.head(1).with_columns(named("device_name", "device_ip")).row(0, named=True)


def _name_server_finding(table: pl.DataFrame) -> str:
    named_ones = table.drop_nulls("destination_ip")
    if named_ones.is_empty():
        return "No name server was asked"
    first = named_ones.row(0, named=True)
    most = f"most often {first['destination_ip']}, by {counted(first['devices'], 'device')}"
    more = "" if named_ones.height == table.height else "More than "
    return f"{more}{counted(named_ones.height, 'name server')} asked, {most}"


SECTIONS = (
    Section(
        "Long connections",
        "network",
        longest_connections,
        _longest_finding,
        shown=5,
        about="connections",
        hidden=("connection_id", "protocol", "service", "is_inbound"),
    ),
    Section(
        "Beacon candidates",
        "network",
        beacons,
        _beacon_finding,
        shown=5,
        about="connections",
        hidden=("size_jitter", "bytes"),
    ),
    Section(
        "Name servers",
        "network",
        name_servers,
        _name_server_finding,
        shown=5,
        totals=("connections", "bytes"),
        about="connections",
    ),
)
