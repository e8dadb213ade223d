from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.sections.data_loss import policy_violations
from sentinel_pipeline.sections.trends import grouped_trend
from sentinel_pipeline.statistics.incidents import incidents_of_day
from sentinel_pipeline_tests.clocks import BRIEF, day, week
from sentinel_pipeline_tests.statistics.frames import counted, counted_by_day, days_of, incidents, instants, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
WEEK = week("2025-10-20")
COUNTING = ("incident_hours", "incident_users", "incident_agents", "incident_addresses")
KEYS = ["source", "hour_at", "severity", "incident_type", "policy_id"]
ALL = (*COUNTING, "incident_data_types")


def rows() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(["office", "branch"]),
                "occurred_at": instants(WEEK.window),
                "severity": st.sampled_from(LEVELS),
                "incident_type": st.sampled_from([None, "usb", "mail"]),
                "agent_id": st.sampled_from([None, "a1", "a2"]),
                "agent_name": st.sampled_from([None, "Desk", "Laptop"]),
                "hostname": st.sampled_from([None, "h1", "h2"]),
                "user": st.sampled_from([None, "ada", "bob"]),
                "source_ip": st.sampled_from([None, "10.1.0.1"]),
                "is_blocked": st.sampled_from([None, True, False]),
                "is_prevented": st.sampled_from([None, True, False]),
                "data_types": st.none() | st.lists(st.sampled_from(["PAN", "SSN", "PHI"]), max_size=3),
                "confidence": st.none() | st.sampled_from([0.0, 0.25, 0.333333, 1.0]),
                "policy_id": st.sampled_from([None, "p1", "p2"]),
                "policy_name": st.sampled_from([None, "Cards", "Health"]),
                "is_agent_registered": st.sampled_from([None, True, False]),
            }
        ),
        max_size=30,
    )


def test_what_the_system_did_is_counted_and_unknown_is_no() -> None:
    frame = incidents(
        {"occurred_at": NOON, "is_blocked": True, "is_prevented": True, "data_types": ["PAN"]},
        {"occurred_at": NOON, "is_blocked": None, "is_prevented": True, "data_types": []},
        {"occurred_at": NOON, "is_blocked": False, "is_prevented": None, "data_types": None},
    )
    row = counted("incident_hours", frame, TODAY).row(0, named=True)
    assert [row[name] for name in ("incidents", "blocked", "prevented", "classified")] == [3, 1, 2, 1]


def test_an_incident_carries_each_of_its_labels_once() -> None:
    frame = incidents(
        {"occurred_at": NOON, "data_types": ["PAN", "SSN"], "confidence": 0.5},
        {"occurred_at": NOON, "data_types": ["PAN", "PAN"], "confidence": 0.25},
        {"occurred_at": NOON, "data_types": ["PAN"], "confidence": None},
        {"occurred_at": NOON, "data_types": [], "confidence": 0.9},
        {"occurred_at": NOON, "data_types": None, "confidence": 0.9},
        {"occurred_at": NOON, "data_types": [None], "confidence": 0.9},
    )
    found = counted("incident_data_types", frame, TODAY).rows(named=True)
    assert found == [
        {
            "source": "home",
            "data_type": "PAN",
            "incidents": 3,
            "confidence_millionths": 750_000,
            "with_confidence": 2,
        },
        {
            "source": "home",
            "data_type": "SSN",
            "incidents": 1,
            "confidence_millionths": 500_000,
            "with_confidence": 1,
        },
    ]
    assert counted("incident_hours", frame, TODAY)["classified"].sum() == 3


def test_users_addresses_and_agents_keep_the_incidents_of_nobody() -> None:
    frame = incidents(
        {"occurred_at": NOON, "severity": "critical"}, {"occurred_at": NOON, "user": "ada", "source_ip": "10.0.0.1"}
    )
    for name, key in (("incident_users", "user"), ("incident_addresses", "source_ip"), ("incident_agents", "agent_id")):
        found = counted(name, frame, TODAY)
        unknown = found.filter(pl.col(key).is_null())
        assert unknown["critical"].sum() == 1
        assert found["incidents"].sum() == 2


def test_an_agent_is_registered_when_any_of_its_incidents_says_so() -> None:
    frame = incidents(
        {"occurred_at": NOON, "agent_id": "a1", "agent_name": "Desk", "is_agent_registered": True},
        {"occurred_at": NOON, "agent_id": "a1", "is_agent_registered": None},
        {"occurred_at": NOON, "agent_id": "a2", "is_agent_registered": None},
    )
    found = counted("incident_agents", frame, TODAY).select("agent_id", "agent_name", "is_agent_registered").rows()
    assert found == [("a1", "Desk", True), ("a2", None, False)]


@BRIEF
@given(rows(), st.integers(0, 99))
def test_a_week_of_days_is_what_plain_counting_of_all_rows_gives(many: list[dict[str, Any]], seed: int) -> None:
    frame = incidents(*many).sample(fraction=1, shuffle=True, seed=seed)
    for name in COUNTING:
        assert counted_by_day(name, frame, WEEK)["incidents"].sum() == len(many)
    agents = counted_by_day("incident_agents", frame, WEEK).drop_nulls("agent_id")
    assert agents["agent_id"].n_unique() == len({row["agent_id"] for row in many} - {None})
    labels = counted_by_day("incident_data_types", frame, WEEK)
    expected = Counter(label for row in many for label in set(row["data_types"] or ()))
    assert dict(labels.group_by("data_type").agg(pl.col("incidents").sum()).rows()) == dict(expected)
    severities = counted_by_day("incident_hours", frame, WEEK).group_by("severity").agg(pl.col("incidents").sum())
    assert dict(severities.rows()) == dict(Counter(row["severity"] for row in many))


@BRIEF
@given(rows(), st.integers(0, 99))
def test_the_order_of_facts_does_not_matter(many: list[dict[str, Any]], seed: int) -> None:
    frame = incidents(*many)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    for name in ALL:
        assert_frame_equal(counted_by_day(name, shuffled, WEEK), counted_by_day(name, frame, WEEK))


@given(rows())
def test_whole_days_give_a_report_what_their_hours_give(rows: list[dict[str, Any]]) -> None:
    hours = counted_by_day("incident_hours", incidents(*rows), WEEK)
    days = pl.concat(
        [incidents_of_day(hours.filter(pl.col("hour_at").is_in(list(day.hour_starts))), day) for day in days_of(WEEK)]
    )
    assert days.schema == hours.schema
    assert days.select(KEYS).is_unique().all()
    assert_frame_equal(policy_violations(days), policy_violations(hours))
    for group in ("severity", "incident_type", "policy_id"):
        series = hours[group].drop_nulls().unique().sort().to_list()
        assert_frame_equal(
            grouped_trend(days, group, "incidents", series, WEEK),
            grouped_trend(hours, group, "incidents", series, WEEK),
        )
    sums = pl.col("incidents", "blocked", "prevented", "classified").sum()
    assert_frame_equal(days.select(sums), hours.select(sums))


def test_a_policy_renamed_during_the_day_goes_by_its_newest_name() -> None:
    frame = incidents(
        {"occurred_at": NOON, "severity": "unknown", "policy_id": "p1", "policy_name": "Zeal"},
        {"occurred_at": NOON.replace(hour=15), "severity": "critical", "policy_id": "p1", "policy_name": "Cards"},
        {"occurred_at": NOON.replace(hour=18), "severity": "low", "policy_id": "p1", "policy_name": None},
    )
    made = incidents_of_day(counted("incident_hours", frame, TODAY), TODAY)
    assert made["policy_name"].to_list() == ["Cards", "Cards", "Cards"]
    assert made["hour_at"].unique().to_list() == [TODAY.window.start]
