"""What single connections and pairs of addresses give away: very long ones, regular ones, name servers asked."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.statistics.merging import GROUP, Added, Foremost, Grouped
from sentinel_pipeline.statistics.statistic import MILLIONTHS, Statistic, count, total

LONG_SECONDS = 3_600
LONG_KEPT = 200
# What a source may claim and microseconds still hold: 285,000 years.
MOST_SECONDS = 9_000_000_000_000
LONGEST = ("duration_us", "started_at", "source", "connection_id")
LONGEST_FIRST = [True, False, False, False]
LONG = Foremost(LONG_KEPT, LONGEST, tuple(LONGEST_FIRST))

# A pair of addresses with fewer connections in a day has no rhythm to speak of, one with more is just busy.
FEWEST, MOST = 20, 10_000
SHORTEST_MS = 1_000
STEADY_PERCENT = 10
BEACONS_KEPT = 500
PAIR = ("source", "device_ip", "destination_ip", "destination_port", "protocol")
STEADIEST = ("jitter_millionths", "connections", *PAIR)
BEACONS = Grouped(PAIR, FEWEST, Foremost(BEACONS_KEPT, STEADIEST, (False, True, *(False for _ in PAIR))))

SERVERS_KEPT = 200
DNS = (pl.col("service") == "dns") | (pl.col("destination_port") == 53)


def long_connections(connections: pl.LazyFrame) -> pl.LazyFrame:
    """The longest connections of an hour or more themselves, at most 200 a day.

    Of an inbound connection the device is the one that answered, `other_ip` the one that asked.
    """
    inbound = pl.col("is_inbound").fill_null(value=False)
    duration = pl.col("duration_seconds").clip(upper_bound=MOST_SECONDS) * MILLIONTHS
    long = connections.filter(pl.col("duration_seconds").is_finite() & (pl.col("duration_seconds") >= LONG_SECONDS))
    return LONG.of(
        long.select(
            "source",
            "connection_id",
            "started_at",
            pl.when(inbound).then("destination_ip").otherwise("device_ip").alias("device_ip"),
            pl.when(inbound).then("device_ip").otherwise("destination_ip").alias("other_ip"),
            inbound.alias("is_inbound"),
            "destination_port",
            "protocol",
            "service",
            duration.round().cast(pl.Int64).alias("duration_us"),
            "bytes_sent",
            "bytes_received",
        )
    )


def regular_connections(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Pairs of addresses that connected 20 to 10,000 times in the day at a steady rhythm, at most 500 a day.

    `interval_ms` is the median time between two starts, at least a second; `jitter_millionths` the median distance from
    it (MAD) divided by it, at most a tenth; `size_jitter_millionths` the same of the bytes of a connection (NULL: not
    known, or mostly none). All are of one day, so that days merge exactly: by counting, adding, and the largest.
    """
    pairs = neither_rare_nor_busy(
        connections.filter(pl.col("device_ip").is_not_null() & pl.col("destination_ip").is_not_null()).select(
            *PAIR, "started_at", "bytes_sent", "bytes_received", BEACONS.hash
        )
    )
    gaps = pl.col("started_at").sort().diff().drop_nulls().dt.total_milliseconds()
    sizes = pl.sum_horizontal("bytes_sent", "bytes_received", ignore_nulls=True).filter(
        pl.any_horizontal(pl.col("bytes_sent", "bytes_received").is_not_null())
    )
    steady = (
        pairs.group_by(PAIR)
        .agg(
            count("connections"),
            total("bytes_sent"),
            total("bytes_received"),
            gaps.median().cast(pl.Int64).alias("interval_ms"),
            _jitter(gaps).alias("jitter_millionths"),
            _jitter(sizes).alias("size_jitter_millionths"),
        )
        .filter(
            pl.col("connections").is_between(FEWEST, MOST)
            & (pl.col("interval_ms") >= SHORTEST_MS)
            & (pl.col("jitter_millionths") * 100 <= STEADY_PERCENT * MILLIONTHS)
        )
    )
    return BEACONS.best.of(steady)


def neither_rare_nor_busy(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows without most of those whose pair, hashed in GROUP, has too few or too many of them, in little memory.

    Most pairs meet once: counted by a hash, they need no room for their names. Only pairs of one hash are told apart by
    them, where both together have too many.
    """
    met = rows.join(rows.group_by(GROUP).len().filter(pl.col("len") >= FEWEST), on=GROUP)
    crowded = met.filter(pl.col("len") > MOST)
    mistaken = crowded.group_by(PAIR).agg(together=pl.len()).filter(pl.col("together") <= MOST)
    parted = crowded.join(mistaken, on=PAIR, how="semi", nulls_equal=True)
    return pl.concat([met.filter(pl.col("len") <= MOST), parted])


def _jitter(values: pl.Expr) -> pl.Expr:
    """Median distance from the median, in millionths of the median; NULL where that is 0."""
    middle = values.median()
    spread = (values - middle).abs().median()
    return pl.when(middle > 0).then((spread * MILLIONTHS / middle).round().cast(pl.Int64, strict=False))


def servers_asked(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Connections per address that was asked for names."""
    asked = connections.filter(DNS & pl.col("destination_ip").is_not_null())
    return asked.group_by("destination_ip").agg(count("connections")).sort("destination_ip")


def name_server_askers(connections: pl.LazyFrame, servers_asked: pl.LazyFrame) -> pl.LazyFrame:
    """Connections and bytes per device and the address it asked for names: service dns, or port 53.

    The 200 addresses of the day that were asked most often stand by themselves, the others in a row of each device
    without an address: a resolver asks as many as there are.
    """
    most = servers_asked.sort("connections", "destination_ip", descending=[True, False])
    kept = most.head(SERVERS_KEPT).select("destination_ip", address="destination_ip")
    keys = ["source", "device_ip", "destination_ip"]
    return (
        connections.filter(DNS & pl.col("destination_ip").is_not_null())
        .join(kept, on="destination_ip", how="left")
        .with_columns(destination_ip="address")
        .group_by(keys)
        .agg(count("connections"), total("bytes_sent"), total("bytes_received"))
        .sort(keys)
    )


ASKED = ("connections", "bytes_sent", "bytes_received")

STATISTICS = (
    Statistic("connections", long_connections, merge=LONG),
    Statistic("connections", regular_connections, merge=BEACONS),
    Statistic(
        "connections",
        name_server_askers,
        sums=ASKED,
        merge=Added(ASKED),
        before=Statistic("connections", servers_asked, merge=Added(("connections",))),
    ),
)
