from datetime import timedelta
from typing import Any

import polars as pl

from sentinel_pipeline.sections.governance import agent_coverage, compliance_posture, critical_rate, risk_score
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import receipt_rows, world
from sentinel_pipeline_tests.statistics.frames import days_of, utc

TODAY = day("2025-01-02")
WEEK = week("2024-12-30")
NOON = utc("2025-01-02T11:00:00")


def office(**tables: Any) -> dict[str, pl.DataFrame]:
    """A week of an office whose inventories were read every day."""
    statistics = world(WEEK, **tables)
    receipts = [receipt_rows(one, [{"table": name} for name in ("agents", "policies")]) for one in days_of(WEEK)]
    return statistics | {"completeness": pl.concat([statistics["completeness"], *receipts])}


def incident(**what: Any) -> dict[str, Any]:
    return {"occurred_at": NOON, **what}


def test_the_critical_rate_is_of_all_incidents() -> None:
    rows = [incident(severity="critical"), incident(severity="low"), incident()]
    assert critical_rate(world(TODAY, incidents=rows)) == 33.33
    assert critical_rate(world(TODAY)) is None


def test_the_risk_score_weighs_what_was_let_through() -> None:
    rows = [
        incident(severity="critical"),
        incident(severity="critical", is_blocked=True),
        incident(severity="medium"),
        incident(severity="info"),
        incident(),
    ]
    assert risk_score(world(TODAY, incidents=rows)) == 10 + 2 + 0 + 1
    assert risk_score(world(TODAY)) == 0


def test_coverage_counts_registered_agents_heard_of_since_the_period_began() -> None:
    start = WEEK.window.start
    agents = [
        {"agent_id": "a", "last_seen_at": start},
        {"agent_id": "b", "last_seen_at": start - timedelta(seconds=1)},
        {"agent_id": "c", "last_seen_at": None},
    ]
    assert agent_coverage(office(agents=agents), WEEK) == 33.33


def test_the_posture_counts_enabled_policies_nobody_got_past() -> None:
    policies = [{"policy_id": name, "is_enabled": name != "off"} for name in ("kept", "broken", "blocking", "off")]
    rows = [
        incident(policy_id="broken", is_blocked=False),
        incident(policy_id="broken", is_blocked=True),
        incident(policy_id="blocking", is_blocked=True),
        incident(policy_id="off"),
        incident(),
    ]
    assert compliance_posture(office(policies=policies, incidents=rows), WEEK) == 66.67


def test_without_an_inventory_nothing_is_claimed() -> None:
    assert agent_coverage(world(WEEK), WEEK) is None
    assert compliance_posture(world(WEEK), WEEK) is None
