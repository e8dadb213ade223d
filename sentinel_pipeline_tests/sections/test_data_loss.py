from typing import Any

import polars as pl

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, left_out, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")


def some(number: int, **what: Any) -> list[dict[str, Any]]:
    return [{"occurred_at": NOON, **what} for _ in range(number)]


def test_severities_list_every_level_and_share_of_all_incidents() -> None:
    statistics = world(TODAY, incidents=[*some(1, severity="critical"), *some(2, severity="low"), *some(1)])
    table = table_of("severity_distribution", statistics, TODAY)
    assert table.rows() == [
        ("critical", 1, 25.0),
        ("high", 0, 0.0),
        ("medium", 0, 0.0),
        ("low", 2, 50.0),
        ("info", 0, 0.0),
        ("unknown", 1, 25.0),
    ]
    assert finding_of("severity_distribution", statistics, TODAY) == "1 critical of 4 incidents (25.00 %)"


def test_users_are_ranked_by_incidents_then_name_and_those_without_are_counted() -> None:
    rows = [*some(2, user="bob"), *some(1, user="ada"), *some(1, user="ada", severity="critical"), *some(3)]
    statistics = world(TODAY, incidents=rows)
    table = table_of("top_violators_by_user", statistics, TODAY)
    assert table.columns == ["user", "incident_count", "critical_count"]
    assert table.rows() == [("ada", 2, 1), ("bob", 2, 0)]
    assert left_out("top_violators_by_user", statistics, TODAY) == 3


def test_agents_nobody_registered_are_unknown_not_missing() -> None:
    rows = [
        *some(1, agent_id="a2", agent_name=None, hostname=None),
        *some(1, agent_id="a1", agent_name="Desk", hostname="pc-1", severity="critical"),
        *some(1, agent_id="a1", agent_name=None, hostname=None),
        *some(1),
    ]
    statistics = world(TODAY, incidents=rows)
    table = table_of("top_violators_by_agent", statistics, TODAY)
    assert table.columns == ["agent_id", "agent_name", "hostname", "incident_count", "critical_count"]
    assert table.rows() == [("a1", "Desk", "pc-1", 2, 1), ("a2", "Unknown", None, 1, 0)]
    assert left_out("top_violators_by_agent", statistics, TODAY) == 1


def test_addresses_are_ranked_under_the_name_of_the_contract() -> None:
    statistics = world(TODAY, incidents=[*some(1, source_ip="10.0.0.2"), *some(1, source_ip="10.0.0.1"), *some(1)])
    table = table_of("top_violators_by_ip", statistics, TODAY)
    assert table.columns == ["ip_address", "incident_count", "critical_count"]
    assert table["ip_address"].to_list() == ["10.0.0.1", "10.0.0.2"]
    assert left_out("top_violators_by_ip", statistics, TODAY) == 1


def test_data_types_share_the_classified_incidents_and_may_exceed_them_together() -> None:
    rows = [
        *some(1, data_types=["PAN", "SSN"], confidence=0.9),
        *some(1, data_types=["PAN"], confidence=0.8),
        *some(1, data_types=["PHI"], confidence=None),
        *some(5, data_types=[]),
    ]
    table = table_of("data_types", world(TODAY, incidents=rows), TODAY)
    assert table.columns == ["data_type", "count", "percentage", "avg_confidence"]
    assert table.rows() == [("PAN", 2, 66.67, 0.85), ("PHI", 1, 33.33, None), ("SSN", 1, 33.33, 0.9)]


def test_a_mean_confidence_over_days_weighs_incidents_not_days() -> None:
    period = week("2024-12-30")
    later = utc("2025-01-03T11:00:00")
    rows = [
        *some(3, data_types=["PAN"], confidence=1.0),
        {"occurred_at": later, "data_types": ["PAN"], "confidence": 0.0},
    ]
    table = table_of("data_types", world(period, incidents=rows), period)
    assert table.row(0) == ("PAN", 4, 100.0, 0.75)


def test_policies_say_how_many_of_their_own_violations_were_blocked() -> None:
    rows = [
        *some(2, policy_id="p2", policy_name="Cards", is_blocked=True, is_prevented=True),
        *some(1, policy_id="p2", policy_name=None, is_blocked=False),
        *some(2, policy_id="p1", policy_name=None),
        *some(1, policy_id="p1", policy_name=None, is_prevented=True),
        *some(4, is_blocked=True),
    ]
    statistics = world(TODAY, incidents=rows)
    table = table_of("policy_violations", statistics, TODAY)
    assert table.columns[:5] == ["policy_id", "policy_name", "violation_count", "blocked_count", "block_rate"]
    assert table.columns[5:] == ["prevented_count", "prevention_rate"]
    assert table.rows() == [("p1", "Unknown", 3, 0, 0.0, 1, 33.33), ("p2", "Cards", 3, 2, 66.67, 2, 66.67)]
    assert left_out("policy_violations", statistics, TODAY) == 4
    assert finding_of("policy_violations", statistics, TODAY) == "“Unknown” was violated most: 3 times, 0.00 % blocked"


def test_trends_by_policy_have_a_series_for_none_so_that_they_add_up() -> None:
    statistics = world(TODAY, incidents=[*some(2, policy_id="p1"), *some(3)])
    table = table_of("incident_trends_by_policy", statistics, TODAY)
    sums = table.group_by("series", maintain_order=True).agg(pl.col("count").sum()).rows()
    assert sums == [("(none)", 3), ("p1", 2)]
    assert table.height == 48


def test_every_policy_has_a_name_of_its_own_in_its_trend() -> None:
    incidents = [
        *some(1, policy_id="p1"),
        *some(1, policy_id="p2", policy_name="Cards"),
        *some(1, policy_id="p3", policy_name="Cards"),
        *some(1, policy_id="p4", policy_name="Mail"),
        *some(1),
    ]
    table = table_of("incident_trends_by_policy", world(TODAY, incidents=incidents), TODAY)
    named = dict(table.select("series", "policy_name").unique().iter_rows())
    assert named == {"p1": "p1", "p2": "Cards (p2)", "p3": "Cards (p3)", "p4": "Mail", "(none)": "(none)"}


def test_trends_by_type_go_by_name() -> None:
    statistics = world(TODAY, incidents=[*some(1, incident_type="usb"), *some(1, incident_type="mail")])
    table = table_of("incident_trends_by_type", statistics, TODAY)
    assert table["series"].unique(maintain_order=True).to_list() == ["mail", "usb"]


def test_a_quiet_day_has_zeros_not_blanks() -> None:
    quiet = world(TODAY)
    table = table_of("incident_trends", quiet, TODAY)
    assert table.height == 24 * len(LEVELS)
    assert table["count"].sum() == 0
    assert table["count"].null_count() == 0
    assert table_of("severity_distribution", quiet, TODAY)["count"].to_list() == [0] * 6
    for name in ("policy_violations", "top_violators_by_user", "top_violators_by_agent", "data_types"):
        assert table_of(name, quiet, TODAY).is_empty()
        assert left_out(name, quiet, TODAY) == 0
    assert finding_of("severity_distribution", quiet, TODAY) == "No incidents in this period"
    assert finding_of("policy_violations", quiet, TODAY) == "No policy was violated in this period"
    assert finding_of("top_violators_by_user", quiet, TODAY) == "No incidents in this period"


def test_days_nobody_could_see_are_empty_in_every_trend() -> None:
    period = week("2024-12-30")
    statistics = world(period, incidents=some(1, policy_id="p1"), statuses={"2025-01-05": "not extracted"})
    for name, series in (("incident_trends", 6), ("incident_trends_by_policy", 1), ("incident_trends_by_type", 1)):
        assert table_of(name, statistics, period)["count"].null_count() == series
