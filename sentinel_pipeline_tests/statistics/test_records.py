from sentinel_pipeline.domain.tables import AGENTS, AUDIT_EVENTS, POLICIES
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.statistics.frames import counted, devices, facts, quarantine, receipts, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:10:00")


def test_an_inventory_is_kept_whole_with_the_day_it_was_taken() -> None:
    frame = devices({"device_ip": "10.0.0.2"}, {"device_ip": "10.0.0.1", "is_blocked": True})
    found = counted("device_inventory", frame, TODAY)
    assert found.select("device_ip", "is_blocked", "day").rows() == [
        ("10.0.0.1", True, "2025-01-02"),
        ("10.0.0.2", None, "2025-01-02"),
    ]


def test_an_agent_inventory_keeps_what_the_report_names() -> None:
    frame = facts(AGENTS, [{"agent_id": "b", "name": "Desk"}, {"agent_id": "a", "status": "offline"}])
    found = counted("agent_inventory", frame, TODAY)
    assert found.columns == ["source", "agent_id", "name", "hostname", "status", "last_seen_at", "day"]
    assert found["agent_id"].to_list() == ["a", "b"]


def test_a_policy_inventory_keeps_what_the_report_names() -> None:
    frame = facts(POLICIES, [{"policy_id": "b", "is_enabled": True}, {"policy_id": "a", "name": "Cards"}])
    found = counted("policy_inventory", frame, TODAY)
    assert found.columns == ["source", "policy_id", "name", "severity", "is_enabled", "day"]
    assert found["policy_id"].to_list() == ["a", "b"]


def test_audit_events_count_per_user_and_those_of_nobody_too() -> None:
    frame = facts(AUDIT_EVENTS, [{"occurred_at": NOON, "user": user} for user in ("ada", "bob", "ada", None)])
    assert counted("audit_users", frame, TODAY).rows() == [("home", None, 1), ("home", "ada", 2), ("home", "bob", 1)]


def test_audit_events_count_per_hour_type_and_severity() -> None:
    frame = facts(AUDIT_EVENTS, [{"occurred_at": NOON, "event_type": kind} for kind in ("login", "login", None)])
    found = counted("audit_hours", frame, TODAY)
    assert found.select("event_type", "events").rows() == [(None, 1), ("login", 2)]
    assert set(found["hour_at"].to_list()) == {utc("2025-01-02T11:00:00")}


def test_completeness_says_which_tables_are_snapshots_and_when_they_were_read() -> None:
    frame = receipts({"table": "devices", "rows": 3}, {"table": "alerts", "rows": 0, "status": "no events"})
    found = counted("completeness", frame, TODAY)
    assert found.select("table", "rows", "status", "is_snapshot", "day").rows() == [
        ("alerts", 0, "no events", False, "2025-01-02"),
        ("devices", 3, "received", True, "2025-01-02"),
    ]


def test_a_record_named_twice_for_one_reason_is_counted_once() -> None:
    frame = quarantine(
        {"table": "alerts", "location": "alerts id=1", "reason": "bad_severity"},
        {"table": "alerts", "location": "alerts id=1", "reason": "bad_severity"},
        {"table": "alerts", "location": "alerts id=1", "reason": "bad_time"},
    )
    found = counted("quarantined", frame, TODAY)
    assert found.columns == ["source", "table", "reason", "location"]
    assert found["reason"].to_list() == ["bad_severity", "bad_time"]
