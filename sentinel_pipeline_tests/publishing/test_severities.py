"""A report of some severities tells what has them, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.publishing.composition import compose, made_table, section_asset
from sentinel_pipeline.publishing.figures import as_table
from sentinel_pipeline.publishing.narrowing import OF_NO_SEVERITY, ONLY_CRITICAL, SERIES, SEVERITY, Narrowing
from sentinel_pipeline.publishing.reconciliation import contradictions
from sentinel_pipeline.publishing.request_words import request_entry, request_words
from sentinel_pipeline.publishing.scope import Scope, needed_by, statistic_schema, statistics_of, tell_severities
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.sources.kinds import SOURCES, tables_given
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.publishing.worlds import SCOPE, House
from sentinel_pipeline_tests.sections.worlds import SECTION
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
EVERYTHING = Scope(tables_given((kind.kind, kind.kind) for kind in SOURCES))
SEVERE = Narrowing(name="Severe", severities=("critical", "high"))
# Two critical alerts (one acknowledged), one high and four medium ones; of eight incidents one critical, two high.
ALERTS: list[dict[str, Any]] = [
    {"device_ip": "10.0.0.1", "severity": "critical", "is_acknowledged": True},
    {"device_ip": "10.0.0.2", "severity": "critical"},
    {"device_ip": "10.0.0.1", "severity": "high"},
    *({"device_ip": "10.0.0.1", "severity": "medium"} for _ in range(4)),
]
INCIDENTS: list[dict[str, Any]] = [
    {"severity": "critical", "user": "ada", "policy_id": "p1", "is_blocked": True, "is_prevented": True},
    {"severity": "high", "user": "bob", "policy_id": "p1", "is_blocked": True, "is_prevented": True},
    {"severity": "high", "user": "bob", "policy_id": "p1", "is_blocked": False, "is_prevented": False},
    *({"severity": "low", "user": "ada", "policy_id": "p2", "is_blocked": False} for _ in range(5)),
]


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    rows = [{**row, "raised_at": NOON} for row in ALERTS], [{**row, "occurred_at": NOON} for row in INCIDENTS]
    made.count(TODAY, alerts=rows[0], incidents=rows[1], connections=[{"started_at": NOON}])
    return made


def told(house: House, *levels: str) -> tuple[Report, dict[str, pl.DataFrame], dict[str, Any]]:
    """The report of these levels, its tables and its figures."""
    scope = SCOPE.narrowed(Narrowing(name="Severe", severities=levels))
    tables = {one.name: made_table(scope, one, TODAY, house.lake) for one in scope.sections_of("daily")}
    for name, table in tables.items():
        house.lake.write(section_asset("daily", name), TODAY.key, table)
    figures = house.figures(TODAY, scope)
    house.lake.write(section_asset("daily", "key_figures"), TODAY.key, as_table(tuple(figures.values())))
    report = compose(scope, "Test", TODAY, house.editions, house.lake)
    now = statistics_of(scope, TODAY, house.lake)
    assert contradictions(report.key_figures, scope, TODAY, house.lake, now) == []
    return report, tables, {name: figure.value for name, figure in figures.items()}


def finding(report: Report, name: str) -> str:
    return next(one.finding for one in report.sections if one.section.name == name)


def test_figures_and_tables_of_the_severe_are_those_worked_by_hand(house: House) -> None:
    report, tables, figures = told(house, "critical", "high")
    assert figures == {
        "total_alerts": 3,
        "alerts_critical": 2,
        "alerts_high": 1,
        "alerts_unacknowledged": 2,
        "total_incidents": 3,
        "critical_incidents": 1,
        "block_rate": 66.67,
        "blocked_incidents": 2,
        "prevented_incidents": 2,
        "policy_violations": 3,
        "policy_block_rate": 66.67,
        "unblocked_violations": 1,
        "risk_score": 5,
        "audit_events": 0,
    }
    assert tables["alert_severity"].rows() == [("critical", 2, 66.67), ("high", 1, 33.33)]
    assert tables["severity_distribution"].rows() == [("critical", 1, 33.33), ("high", 2, 66.67)]
    by_device = tables["alerts_by_device"].select("device_ip", "alerts", "critical_count", "high_count")
    assert by_device.rows() == [("10.0.0.1", 2, 1, 1), ("10.0.0.2", 1, 1, 0)]
    assert tables["policy_violations"].select("policy_id", "violation_count", "block_rate").rows() == [("p1", 3, 66.67)]
    trends = tables["alert_trends"].group_by("series", maintain_order=True).agg(pl.col("count").sum())
    assert trends.rows() == [("critical", 2), ("high", 1)]
    assert finding(report, "latest_alerts") == "3 critical or high alerts, 2 not acknowledged"


def test_it_says_in_words_what_it_was_narrowed_to_and_what_it_leaves_out(house: House) -> None:
    report, tables, _ = told(house, "critical", "high")
    said = "3 alerts (2 critical) and 3 incidents (1 critical). Only of severity critical and high."
    assert report.headline == said
    first = report.narrative[0]
    assert first.startswith("“Severe”, as it was requested. Only of severity critical and high. Left out, since what")
    assert "Incidents by user" in first
    assert "and everything on network. Shares are of what has these severities" in first
    asked = SCOPE.narrowed(Narrowing(name="Severe", severities=("high",), sections=("protocols", "alert_trends")))
    (words,) = request_words(asked, str)
    assert "does not tell severities apart: Protocols. Shares" in words
    assert "protocols" not in tables
    assert all(one.definition.endswith(" Only of severity critical and high.") for one in report.key_figures)
    assert request_entry(SEVERE, str)["request"] == {
        "name": "Severe",
        "requested_by": "",
        "sections": [],
        "sources": [],
        "devices": [],
        "severities": ["critical", "high"],
        "redaction": [],
    }


def test_what_is_not_looked_at_is_blank_and_not_zero(house: House) -> None:
    report, tables, figures = told(house, "high")
    assert report.headline == "1 alert and 2 incidents. Only of severity high."
    assert tables["alerts_by_device"].select("alerts", "critical_count", "high_count").rows() == [(1, None, 1)]
    assert finding(report, "latest_alerts") == "1 high alert, 1 not acknowledged"
    assert finding(report, "severity_distribution") == "2 high of 2 incidents (100.00 %)"
    assert not {"alerts_critical", "alerts_medium", "alerts_unacknowledged", "critical_incidents"} & figures.keys()
    assert not {"critical_rate", "compliance_posture", "total_connections"} & figures.keys()


def test_of_critical_incidents_those_who_caused_them_are_known_too(house: House) -> None:
    report, tables, figures = told(house, "critical")
    assert tables["top_violators_by_user"].rows() == [("ada", 1, 1)]
    assert finding(report, "top_violators_by_user") == "ada leads with 1 of 1 incident (100.00 %)"
    assert figures["total_incidents"] == figures["critical_incidents"] == 1


def test_a_list_of_critical_and_high_alerts_is_left_out_of_what_tells_of_neither(house: House) -> None:
    report, tables, figures = told(house, "medium")
    assert "latest_alerts" not in tables
    assert SECTION["latest_alerts"].title in report.narrative[0]
    assert (figures["total_alerts"], figures["total_incidents"]) == (4, 0)
    assert finding(report, "severity_distribution") == "No incidents in this period"


def test_every_section_is_told_of_what_tells_severities_apart_or_named_as_left_out() -> None:
    scope = EVERYTHING.narrowed(SEVERE)
    assert {*scope.sections, *scope.left_out} == {*EVERYTHING.sections}
    for section in scope.sections:
        names = {name.removesuffix("_before") for name in needed_by(section)}
        assert section.name == "data_completeness" or names <= {*SEVERITY, *OF_NO_SEVERITY}
        assert section.name == "data_completeness" or names & {*SEVERITY}
    for figure in scope.figures:
        assert {*figure.statistics} <= {*SEVERITY}


def test_of_devices_and_severities_each_section_is_named_once() -> None:
    scope = EVERYTHING.narrowed(Narrowing(devices=("10.0.0.1",), severities=("high",)))
    assert {section.name for section in scope.sections} == {"alerts_by_device", "latest_alerts", "data_completeness"}
    assert len(scope.left_out) == len({*scope.left_out}) == len(EVERYTHING.sections) - 3


def test_the_columns_that_tell_severities_apart_are_there() -> None:
    schemas = {one.name: statistic_schema(one) for one in STATISTICS}
    assert [name for name in SEVERITY if "severity" not in schemas[name]] == []
    assert [name for name in ONLY_CRITICAL if not {"incidents", "critical"} <= {*schemas[name]}] == []
    assert {*SERIES} <= {*SECTION}


def test_a_report_of_connections_has_nothing_to_tell_of_severities() -> None:
    assert tell_severities(["protocols", "alert_trends"], ("low",))
    assert not tell_severities(["protocols", "data_completeness"], ("low",))
    assert not tell_severities(["latest_alerts"], ("low",))
