"""The figures of a report in reading order: those of `LEADING` first, the others topic by topic."""

from __future__ import annotations

from sentinel_pipeline.sections import (
    data_loss_figures,
    fleet_figures,
    method_figures,
    network_figures,
    security_figures,
)
from sentinel_pipeline.sections.figure import Figure
from sentinel_pipeline.sections.measures import Value

LEADING = (
    "total_alerts",
    "alerts_critical",
    "total_incidents",
    "critical_incidents",
    "block_rate",
    "active_devices",
    "total_connections",
    "data_transferred_mb",
    "quarantined_records",
)

BY_TOPIC = (
    *security_figures.FIGURES,
    *data_loss_figures.FIGURES,
    *network_figures.FIGURES,
    *fleet_figures.FIGURES,
    *method_figures.FIGURES,
)
FIGURES = tuple(sorted(BY_TOPIC, key=lambda figure: LEADING.index(figure.id) if figure.id in LEADING else len(LEADING)))

__all__ = ["FIGURES", "LEADING", "Figure", "Value"]
