"""What the report says about connections."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.findings import most, nothing, peak
from sentinel_pipeline.sections.section import Bars, Lines, Section
from sentinel_pipeline.sections.security import with_device_names
from sentinel_pipeline.sections.shares import MEGABYTE, ranked, ratio
from sentinel_pipeline.sections.trends import trend, unseen_days

SUSPICIOUS_PORTS = (23, 69, 135, 139, 445, 1433, 3306, 3389, 5900)
BYTES = (pl.col("bytes_sent") + pl.col("bytes_received")).sum().cast(pl.Int64).alias("bytes")
NONE = "(none)"
CONNECTIONS = pl.col("connections").sum().cast(pl.Int64)


def connection_trends(connection_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Connections and bytes over time: by hour in a daily report, else by day; each counts where it started."""
    unseen = unseen_days(completeness, "connections", period)
    return trend(connection_hours, ["connections", "bytes_sent", "bytes_received"], period, unseen)


def protocols(connection_hours: pl.DataFrame) -> pl.DataFrame:
    """Connections and bytes per transport protocol; (none) where the source names none."""
    return _by(connection_hours, "protocol")


def services(connection_hours: pl.DataFrame) -> pl.DataFrame:
    """Connections and bytes per service as the sensor recognised it; (none) where it recognised none."""
    return _by(connection_hours, "service")


def top_talkers(connection_devices: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """Devices by the bytes they sent and received together, as the device sees it; MB is 2^20 bytes.

    Connections of no device are left out. Of a connection that came in from outside, sent and received change places,
    so their totals are not those of the figures "bytes sent" and "bytes received", which go by who opened the
    connection; both together are the same.
    """
    both = pl.col("bytes_sent") + pl.col("bytes_received")
    table = (
        connection_devices.filter(pl.col("device_ip").is_not_null())
        .group_by("source", "device_ip")
        .agg(CONNECTIONS, pl.col("bytes_sent", "bytes_received").sum().cast(pl.Int64))
        .with_columns(bytes=both, data_mb=(both / MEGABYTE).round(2, mode="half_to_even"))
        .pipe(with_device_names, device_inventory)
    )
    columns = ["device_ip", "device_name", "connections", "bytes_sent", "bytes_received", "data_mb", "source"]
    return ranked(table, "bytes", ["device_ip", "source"]).select(columns)


def top_destinations(connection_destinations: pl.DataFrame) -> pl.DataFrame:
    """Destination addresses by number of connections; connections without a destination address are left out."""
    table = (
        connection_destinations.filter(pl.col("destination_ip").is_not_null())
        .group_by("destination_ip")
        .agg(CONNECTIONS, BYTES)
    )
    return ranked(table, "connections", ["destination_ip"])


def new_destinations(
    connection_destinations: pl.DataFrame, connection_destinations_before: pl.DataFrame
) -> pl.DataFrame:
    """Destination addresses that no connection of the period before went to, by number of connections.

    Without rows when the period before was not read in full: nobody can tell then what is new.
    """
    return top_destinations(
        connection_destinations.join(connection_destinations_before, on="destination_ip", how="anti")
    )


def without_device(connection_devices: pl.DataFrame) -> int:
    """Connections whose device is unknown."""
    unknown = connection_devices.filter(pl.col("device_ip").is_null())
    return int(unknown["connections"].sum())


def without_destination(connection_destinations: pl.DataFrame) -> int:
    """Connections whose destination address is unknown."""
    unknown = connection_destinations.filter(pl.col("destination_ip").is_null())
    return int(unknown["connections"].sum())


def suspicious_ports(connection_ports: pl.DataFrame) -> pl.DataFrame:
    """Connections to ports that attackers look for: 23, 69, 135, 139, 445, 1433, 3306, 3389, 5900 (TCP and UDP)."""
    table = (
        connection_ports.filter(
            pl.col("destination_port").is_in(SUSPICIOUS_PORTS) & pl.col("protocol").is_in(["tcp", "udp"])
        )
        .group_by("destination_port", "protocol")
        .agg(CONNECTIONS, BYTES)
    )
    return ranked(table, "connections", ["destination_port", "protocol"])


def new_devices(device_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Devices first seen in this period, by the newest inventory of each source."""
    newest = device_inventory.filter(pl.col("day") == pl.col("day").max().over("source"))
    window = period.window
    return (
        newest.filter((pl.col("first_seen_at") >= window.start) & (pl.col("first_seen_at") < window.end))
        .sort("first_seen_at", "device_ip", "source", descending=[True, False, False])
        .select(
            "first_seen_at",
            "device_ip",
            pl.col("device_name").fill_null("Unknown"),
            "device_type",
            "manufacturer",
            "source",
        )
    )


def _by(connection_hours: pl.DataFrame, key: str) -> pl.DataFrame:
    table = connection_hours.group_by(pl.col(key).fill_null(NONE)).agg(CONNECTIONS, BYTES)
    return ranked(table, "connections", [key])


def _talker_finding(table: pl.DataFrame) -> str:
    total = megabytes(table)
    if not total:
        return nothing("traffic volumes")
    first = table.row(0, named=True)
    name = first["device_ip"] if first["device_name"] == "Unknown" else f"{first['device_name']} ({first['device_ip']})"
    return f"{name} moved {first['data_mb']:,.2f} of {total:,.2f} MB"


def megabytes(talkers: pl.DataFrame) -> float | None:
    """All bytes of a talkers table in units of 2^20, rounded once."""
    return ratio(int(talkers["bytes_sent"].sum()) + int(talkers["bytes_received"].sum()), MEGABYTE)


def _port_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No connections to watched ports"
    total = counted(int(table["connections"].sum()), "connection")
    return f"{total} to watched ports, most to port {table['destination_port'][0]}"


def _new_destination_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No destination that the period before did not know"
    return f"{counted(table.height, 'destination')} not seen in the period before"


def _new_device_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No new devices"
    return f"{counted(table.height, 'new device')}, last {table['device_name'][0]} ({table['device_ip'][0]})"


SECTIONS = (
    Section(
        "Connections over time",
        "network",
        connection_trends,
        lambda table, period: peak(table, "connections", "connection", period),
        chart=Lines("timestamp", ("connections",)),
        shown=0,
        is_told=True,
        about="connections",
    ),
    Section(
        "Protocols",
        "network",
        protocols,
        lambda table: most(table, "connections", "protocol", "connection", "connections"),
        chart=Bars("protocol", "connections"),
        shown=10,
        totals=("connections", "bytes"),
        about="connections",
    ),
    Section(
        "Top talkers",
        "network",
        top_talkers,
        _talker_finding,
        chart=Bars("device_name", "data_mb", otherwise="device_ip"),
        shown=10,
        totals=("connections", "bytes_sent", "bytes_received", "data_mb"),
        whole=(("data_mb", megabytes),),
        is_told=True,
        about="connections",
        excluded=without_device,
    ),
    Section(
        "Top destinations",
        "network",
        top_destinations,
        lambda table: most(table, "connections", "destination_ip", "connection", "connections"),
        chart=Bars("destination_ip", "connections"),
        shown=10,
        totals=("connections", "bytes"),
        about="connections",
        excluded=without_destination,
    ),
    Section(
        "Services",
        "network",
        services,
        lambda table: most(table, "connections", "service", "connection", "connections"),
        chart=Bars("service", "connections"),
        shown=10,
        totals=("connections", "bytes"),
        about="connections",
    ),
    Section(
        "Connections to watched ports",
        "network",
        suspicious_ports,
        _port_finding,
        chart=Bars("destination_port", "connections"),
        shown=10,
        totals=("connections", "bytes"),
        about="connections",
    ),
    Section(
        "New destinations",
        "network",
        new_destinations,
        _new_destination_finding,
        shown=10,
        totals=("connections", "bytes"),
        cadences=("weekly", "monthly"),
        about="connections",
    ),
    Section("New devices", "network", new_devices, _new_device_finding, shown=10, about="devices", is_told=True),
)
