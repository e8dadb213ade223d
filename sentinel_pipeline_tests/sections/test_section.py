import pytest

from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.section import BEFORE, Section
from sentinel_pipeline.statistics import STATISTICS

CONTRACT = {
    "incident_trends": "timestamp, series, count",
    "severity_distribution": "severity, count, percentage",
    "top_violators_by_user": "user, incident_count, critical_count",
    "top_violators_by_agent": "agent_id, agent_name, hostname, incident_count, critical_count",
    "top_violators_by_ip": "ip_address, incident_count, critical_count",
    "data_types": "data_type, count, percentage, avg_confidence",
    "policy_violations": "policy_id, policy_name, violation_count, blocked_count, block_rate",
    "alert_trends": "timestamp, series, count",
    "alert_severity": "severity, count, percentage",
    "connection_trends": "timestamp, connections, bytes_sent, bytes_received",
    "protocols": "protocol, connections, bytes",
    "services": "service, connections, bytes",
    "top_talkers": "device_ip, device_name, connections, bytes_sent, bytes_received, data_mb",
    "top_destinations": "destination_ip, connections, bytes",
    "rule_events_by_rule": "rule, count, unacknowledged",
    "data_completeness": "source, table, rows, first_at, last_at, quarantined, status",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_columns_of_the_contract_stand_first_and_in_order(name: str) -> None:
    from sentinel_pipeline_tests.clocks import day
    from sentinel_pipeline_tests.sections.worlds import table_of, world

    promised = CONTRACT[name].split(", ")
    today = day("2025-01-01")
    assert table_of(name, world(today), today).columns[: len(promised)] == promised


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_section_says_what_it_is_and_is_made_from_what_there_is(section: Section) -> None:
    assert section.title
    assert section.description
    assert {name.removesuffix(BEFORE) for name in section.statistics} <= {statistic.name for statistic in STATISTICS}
    assert section.about in TABLE
    assert set(section.cadences) <= {"daily", "weekly", "monthly"}


def test_names_and_titles_are_unique() -> None:
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    assert len({section.title for section in SECTIONS}) == len(SECTIONS)
