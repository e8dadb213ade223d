"""What is counted of connections over a window, from daily statistics alone: the numbers of the reports' sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import polars as pl

from sentinel_pipeline.portal.analytics import Limit
from sentinel_pipeline.portal.analytics_question import Answer, Question
from sentinel_pipeline.portal.analytics_series import device_series, series
from sentinel_pipeline.sections import network, network_figures
from sentinel_pipeline.sections.measures import total
from sentinel_pipeline.sections.trends import Interval, trend

Group = Literal["none", "protocol", "service", "device"]
VALUES: Final = ["connections", "bytes_sent", "bytes_received"]
RANKS: Final[dict[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "protocol": network.protocols,
    "service": network.services,
}
FIGURES: Final = tuple(figure for figure in network_figures.FIGURES if figure.about == "connections")


def trends(question: Question, interval: Interval = "day", group_by: Group = "none", limit: Limit = 10) -> Answer:
    """Connections and bytes over time, every bucket present; null where nothing could be seen.

    Grouped: the protocols and services with most connections or the devices with most bytes, at most `limit`. Of a
    device what it sent and received, whoever opened the connection.
    """
    hours, unseen = question.hours_of("connection_hours"), question.unseen

    def points(rows: pl.DataFrame) -> list[Answer]:
        return question.points(trend(rows, VALUES, question.days, unseen, interval), interval)

    if group_by == "none":
        told: Answer = {"data": points(hours)}
    elif group_by == "device":
        of_devices = question.hours_of("connection_devices")
        talkers = network.top_talkers(of_devices, question.statistic("device_inventory"))
        told = device_series(of_devices, talkers, limit, points)
    else:
        names = RANKS[group_by](hours)[group_by].to_list()
        rows = hours.with_columns(series=pl.col(group_by).fill_null(network.NONE))
        told = {"limit": limit, "series": series(rows, names[:limit], points), "total_series": len(names)}
    totals = {f"total_{name}": total(hours, name) if question.is_seen else None for name in VALUES}
    return {"interval": interval, "group_by": group_by, **question.whole_hours, **told, **totals}


def top_talkers(question: Question, limit: Limit = 10) -> Answer:
    """Devices by bytes sent and received; ties by address, cut after all were ranked; MB is 2^20 bytes."""
    without = {"unattributed_connections": question.of(network.without_device)}
    return {**question.ranking("devices", question.of(network.top_talkers), limit), **without}


def destinations(question: Question, limit: Limit = 10) -> Answer:
    """Destination addresses by number of connections; ties by address, cut after all were ranked."""
    without = {"unattributed_connections": question.of(network.without_destination)}
    return {**question.ranking("destinations", question.of(network.top_destinations), limit), **without}


def protocols(question: Question) -> Answer:
    """Connections and bytes per transport protocol; (none) where the source names none."""
    return {**question.whole_days, "protocols": question.of(network.protocols).to_dicts()}


def services(question: Question, limit: Limit = 10) -> Answer:
    """Connections and bytes per service as the sensor recognised it; (none) where it recognised none."""
    return question.ranking("services", question.of(network.services), limit)


def summary(question: Question) -> Answer:
    """The figures of the window; null for what cannot be told."""
    return {**question.figures(FIGURES), "period": question.whole_days}
