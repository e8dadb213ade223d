"""The figures of a report in reading order: those of `LEADING` first, the others topic by topic."""

from __future__ import annotations

from sentinel_pipeline.sections import (
    automation_figures,
    billing_figures,
    data_loss_figures,
    energy_figures,
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
    "energy_kwh",
    "energy_cost",
    "data_transferred_mb",
    "total_rule_events",
    "unacknowledged_rule_events",
    "quarantined_records",
)

BY_TOPIC = (
    *security_figures.FIGURES,
    *data_loss_figures.FIGURES,
    *network_figures.FIGURES,
    *energy_figures.FIGURES,
    *billing_figures.FIGURES,
    *automation_figures.FIGURES,
    *fleet_figures.FIGURES,
    *method_figures.FIGURES,
)
FIGURES = tuple(sorted(BY_TOPIC, key=lambda figure: LEADING.index(figure.id) if figure.id in LEADING else len(LEADING)))

__all__ = ["FIGURES", "LEADING", "Figure", "Value"]
