"""Figures of devices and connections."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.sections import measures
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import summed

FIGURES = (
    Figure(
        "active_devices",
        "Active devices (24 h)",
        "devices",
        "Distinct devices seen in the last 24 hours of the period; by connections and alerts where the inventory"
        " knows of later activity.",
        "devices",
        ("device_inventory", "connection_devices", "alert_devices", "completeness"),
        measures.active_devices,
    ),
    Figure(
        "total_connections",
        "Connections",
        "connections",
        "Connections that started in the period; a long one counts once.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "connections"),
        course=("connection_hours", pl.col("connections")),
    ),
    Figure(
        "data_transferred_mb",
        "Data transferred",
        "MB",
        "Bytes sent and received, in MB of 2^20 bytes; where only one direction is known, that one counts.",
        "connections",
        ("connection_hours",),
        measures.data_transferred_mb,
        course=("connection_hours", pl.col("bytes_sent") + pl.col("bytes_received")),
    ),
    Figure(
        "total_devices",
        "Devices",
        "devices",
        "Devices in the inventory taken with the last day of the period; the entry SYSTEM is not a device.",
        "devices",
        ("device_inventory", "completeness"),
        measures.total_devices,
    ),
    Figure(
        "blocked_devices",
        "Blocked devices",
        "devices",
        "Devices marked as blocked in the inventory taken with the last day of the period.",
        "devices",
        ("device_inventory", "completeness"),
        measures.blocked_devices,
    ),
    Figure(
        "bytes_sent",
        "Bytes sent",
        "bytes",
        "Bytes from the side that opened the connection to the other; unknown volumes count nothing.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "bytes_sent"),
    ),
    Figure(
        "bytes_received",
        "Bytes received",
        "bytes",
        "Bytes to the side that opened the connection from the other; unknown volumes count nothing.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "bytes_received"),
    ),
    Figure(
        "connections_volume_unknown",
        "Connections of unknown volume",
        "connections",
        "Connections whose bytes are unknown in both directions.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "volume_unknown"),
    ),
    Figure(
        "unique_destinations",
        "Distinct destinations",
        "addresses",
        "Distinct destination addresses of connections that started in the period.",
        "connections",
        ("connection_destinations",),
        measures.unique_destinations,
    ),
    Figure(
        "failed_connection_rate",
        "Failed TCP connections",
        "%",
        "TCP connections that were refused, reset before they stood, or never answered (Zeek states"
        f" {', '.join(measures.FAILED_STATES)}), in percent of TCP connections whose state is known.",
        "connections",
        ("connection_hours",),
        measures.failed_connection_rate,
        good="down",
    ),
)
