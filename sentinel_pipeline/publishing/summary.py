"""What the plain-text summary says, taken from the report."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline.rendering.summary import MOST_DETAILED, Counted, SummaryFacts, Talker

MONEY = ("energy_cost", "energy_bill")


def summary_facts(report: Report) -> SummaryFacts:
    """Figures by id, and the lists of the sections that could be made."""
    made = {result.section.name: result for result in report.sections if result.is_made}
    return SummaryFacts(
        period=report.period,
        figures={figure.id: figure.value for figure in report.key_figures},
        protocols=_counted(made.get("protocols"), "protocol", "connections"),
        destinations=_counted(made.get("top_destinations"), "destination_ip", "connections", MOST_DETAILED),
        talkers=_talkers(made.get("top_talkers")),
        alert_severities=_severities(made.get("alert_severity")),
        incident_severities=_severities(made.get("severity_distribution")),
        data_types=_counted(made.get("data_types"), "data_type", "count"),
        units={figure.id: figure.unit for figure in report.key_figures if figure.id in MONEY},
    )


def _counted(
    result: SectionResult | None, name: str, count: str, most: int | None = None
) -> tuple[Counted, ...] | None:
    if result is None:
        return None
    named = result.table.select(name, count).filter(pl.col(name).ne_missing("(none)"))
    return tuple(Counted(*row) for row in named[:most].iter_rows())


def _talkers(result: SectionResult | None) -> tuple[Talker, ...] | None:
    if result is None:
        return None
    return tuple(Talker(*row) for row in result.table.select("device_name", "device_ip", "data_mb").iter_rows())


def _severities(result: SectionResult | None) -> dict[str, int]:
    return {} if result is None else dict(result.table.select("severity", "count").iter_rows())
