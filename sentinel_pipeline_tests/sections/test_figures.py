from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_pipeline.sections.figures import FIGURES, Value
from sentinel_pipeline_tests.clocks import BRIEF, day, week
from sentinel_pipeline_tests.sections.worlds import left_out, section, table_of, world
from sentinel_pipeline_tests.statistics.frames import instants, utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
END = TODAY.window.end
FIGURE = {figure.id: figure for figure in FIGURES}
CONTRACT = {
    "total_incidents",
    "critical_incidents",
    "blocked_incidents",
    "block_rate",
    "policy_block_rate",
    "active_agents",
    "policy_violations",
    "most_common_data_type",
    "total_devices",
    "active_devices",
    "blocked_devices",
    "total_alerts",
    "alerts_critical",
    "alerts_high",
    "alerts_medium",
    "alerts_low",
    "total_connections",
    "bytes_sent",
    "bytes_received",
    "data_transferred_mb",
    "unique_destinations",
    "energy_kwh",
    "energy_cost",
    "total_rule_events",
    "unacknowledged_rule_events",
    "quarantined_records",
}


def value(id_: str, statistics: dict[str, pl.DataFrame]) -> Value:
    return FIGURE[id_].value(statistics, TODAY)


def some(number: int, **what: Any) -> list[dict[str, Any]]:
    return [{"occurred_at": NOON, "raised_at": NOON, "started_at": NOON, **what} for _ in range(number)]


def rows(table: str, many: list[dict[str, Any]]) -> list[dict[str, Any]]:
    others = {"occurred_at", "raised_at", "started_at"} - {
        {"incidents": "occurred_at", "alerts": "raised_at", "connections": "started_at"}[table]
    }
    return [{name: found for name, found in row.items() if name not in others} for row in many]


def test_every_figure_of_the_contract_is_there() -> None:
    assert FIGURE.keys() >= CONTRACT


@pytest.mark.parametrize("id_", FIGURE)
def test_a_figure_is_computed_from_the_statistics_it_names_and_no_others(id_: str) -> None:
    statistics = world(TODAY)
    only = {name: statistics[name] for name in FIGURE[id_].statistics}
    assert FIGURE[id_].value(only, TODAY) == FIGURE[id_].value(statistics, TODAY)
    assert FIGURE[id_].label
    assert FIGURE[id_].definition


def test_incidents_of_the_documented_example() -> None:
    many = [*some(987, is_blocked=True, severity="critical"), *some(247, is_blocked=False)]
    statistics = world(TODAY, incidents=rows("incidents", many))
    assert value("total_incidents", statistics) == 1234
    assert value("critical_incidents", statistics) == 987
    assert value("blocked_incidents", statistics) == 987
    assert value("block_rate", statistics) == 79.98


def test_the_two_block_rates_have_two_denominators() -> None:
    many = [*some(1, is_blocked=True, policy_id="p"), *some(2, policy_id="p"), *some(5, is_blocked=True)]
    statistics = world(TODAY, incidents=rows("incidents", many))
    assert value("block_rate", statistics) == 75.0
    assert value("policy_block_rate", statistics) == 33.33
    assert value("policy_violations", statistics) == 3
    assert value("unblocked_violations", statistics) == 2


def test_a_quiet_day_gives_zeros_and_no_rates() -> None:
    quiet = world(TODAY, devices=[])
    rates = {"block_rate", "policy_block_rate", "critical_rate", "failed_connection_rate", "unreadable_share"}
    rates |= {"rule_events_acknowledged_share"}
    energy = {"energy_bill", "energy_kwh", "energy_cost", "peak_demand_kw", "standby_w", "unpriced_kwh"}
    without = {*rates, *energy, "most_common_data_type", "agent_coverage", "compliance_posture"}
    assert {id_: value(id_, quiet) for id_ in FIGURE if value(id_, quiet) != 0} == dict.fromkeys(without)


def test_agents_count_once_and_the_unregistered_too() -> None:
    many = [*some(2, agent_id="a"), *some(1, agent_id="b", is_agent_registered=False), *some(1)]
    assert value("active_agents", world(TODAY, incidents=rows("incidents", many))) == 2


def test_the_most_common_data_type_goes_by_name_when_tied() -> None:
    many = [*some(1, data_types=["SSN", "PAN"]), *some(1, data_types=["PHI"])]
    assert value("most_common_data_type", world(TODAY, incidents=rows("incidents", many))) == "PAN"


def test_volumes_count_the_side_that_is_known() -> None:
    mb = 1 << 20
    many = [*some(1, bytes_sent=mb), *some(1, bytes_received=mb // 2), *some(3), *some(1, destination_ip="192.0.2.1")]
    statistics = world(TODAY, connections=rows("connections", many))
    assert value("data_transferred_mb", statistics) == 1.5
    assert value("bytes_sent", statistics) == mb
    assert value("bytes_received", statistics) == mb // 2
    assert value("connections_volume_unknown", statistics) == 4
    assert value("unique_destinations", statistics) == 1


def test_alerts_nobody_acknowledged_are_the_critical_and_high_ones() -> None:
    many = [
        *some(1, severity="critical", is_acknowledged=True),
        *some(2, severity="high", is_acknowledged=None),
        *some(3, severity="low"),
    ]
    statistics = world(TODAY, alerts=rows("alerts", many))
    assert value("alerts_unacknowledged", statistics) == 2
    assert [value(f"alerts_{level}", statistics) for level in ("critical", "high", "medium", "low")] == [1, 2, 0, 3]


def test_devices_are_those_of_the_last_inventory_of_each_source() -> None:
    period = week("2024-12-30")
    statistics = world(period)
    inventory = [
        {"source": source, "device_ip": ip, "is_blocked": blocked, "day": key}
        for source, ip, blocked, key in (
            ("home", "a", True, "2024-12-30"),
            ("home", "a", False, "2025-01-05"),
            ("home", "b", True, "2025-01-05"),
            ("gateway", "a", None, "2025-01-01"),
        )
    ]
    schema = statistics["device_inventory"].schema
    statistics["device_inventory"] = pl.DataFrame(
        [dict.fromkeys(schema.names()) | row for row in inventory], schema=schema, orient="row"
    )
    assert FIGURE["total_devices"].value(statistics, period) == 3
    assert FIGURE["blocked_devices"].value(statistics, period) == 1


def test_devices_are_unknown_when_no_inventory_was_read() -> None:
    blind = world(TODAY, statuses={"2025-01-02/devices": "unreachable"})
    assert [value(id_, blind) for id_ in ("total_devices", "blocked_devices", "active_devices")] == [None] * 3


def test_devices_are_active_by_last_seen_when_the_inventory_was_taken_before_the_end() -> None:
    seen: list[dict[str, Any]] = [
        {"device_ip": "edge", "last_seen_at": END - timedelta(hours=24)},
        {"device_ip": "late", "last_seen_at": END},
        {"device_ip": "old", "last_seen_at": END - timedelta(hours=24, microseconds=1)},
        {"device_ip": "never", "last_seen_at": None},
    ]
    busy = rows("connections", some(1, device_ip="old"))
    assert value("active_devices", world(TODAY, devices=seen, connections=busy)) == 2


def test_devices_are_active_by_what_they_did_when_the_inventory_is_younger() -> None:
    seen: list[dict[str, Any]] = [
        {"device_ip": "a", "last_seen_at": END + timedelta(microseconds=1)},
        {"device_ip": "b", "last_seen_at": NOON},
    ]
    busy = rows(
        "connections", [*some(2, device_ip="c"), *some(1, device_ip=None), *some(1, device_ip="x", source="other")]
    )
    raised = rows("alerts", [*some(1, device_ip="c"), *some(1, device_ip="d"), *some(1, device_ip="SYSTEM")])
    assert value("active_devices", world(TODAY, devices=seen, connections=busy, alerts=raised)) == 2


def test_only_the_last_24_hours_of_a_week_make_a_device_active() -> None:
    period = week("2024-12-30")
    late, early = period.window.end - timedelta(hours=1), period.window.end - timedelta(hours=25)
    seen = [{"device_ip": "a", "last_seen_at": period.window.end + timedelta(days=9)}]
    busy = [{"started_at": late, "device_ip": "late"}, {"started_at": early, "device_ip": "early"}]
    statistics = world(period, devices=seen, connections=busy)
    assert FIGURE["active_devices"].value(statistics, period) == 1


def test_a_sparkline_is_the_figure_by_bucket_with_gaps_where_nobody_could_see() -> None:
    period = week("2024-12-30")
    statistics = world(period, alerts=rows("alerts", some(3, severity="high")), statuses={"2024-12-31": "unreachable"})
    assert FIGURE["total_alerts"].sparkline(statistics, period) == (0, None, 0, 3, 0, 0, 0)
    assert FIGURE["alerts_critical"].sparkline(statistics, period) == (0, None, 0, 0, 0, 0, 0)
    assert FIGURE["block_rate"].sparkline(statistics, period) == ()


COUNTED = {
    "alert_trends": ("count", "total_alerts"),
    "alert_severity": ("count", "total_alerts"),
    "alerts_by_device": ("alerts", "total_alerts"),
    "alert_hours_of_week": ("alerts", "total_alerts"),
    "incident_trends": ("count", "total_incidents"),
    "incident_trends_by_type": ("count", "total_incidents"),
    "incident_trends_by_policy": ("count", "total_incidents"),
    "severity_distribution": ("count", "total_incidents"),
    "policy_violations": ("violation_count", "total_incidents"),
    "top_violators_by_user": ("incident_count", "total_incidents"),
    "top_violators_by_agent": ("incident_count", "total_incidents"),
    "top_violators_by_ip": ("incident_count", "total_incidents"),
    "connection_trends": ("connections", "total_connections"),
    "protocols": ("connections", "total_connections"),
    "services": ("connections", "total_connections"),
    "top_destinations": ("connections", "total_connections"),
    "top_talkers": ("connections", "total_connections"),
}


@settings(BRIEF, max_examples=10)
@given(st.data())
def test_every_table_with_what_it_leaves_out_adds_up_to_its_figure(data: st.DataObject) -> None:
    period = week("2025-03-24")
    name = st.sampled_from([None, "a", "b", "c"])
    time = instants(period.window)

    def drawn(**columns: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
        return data.draw(st.lists(st.fixed_dictionaries(columns), max_size=15))

    statistics = world(
        period,
        alerts=drawn(raised_at=time, device_ip=name, severity=st.sampled_from(["high", "low", "unknown"])),
        incidents=drawn(occurred_at=time, user=name, agent_id=name, source_ip=name, policy_id=name, incident_type=name),
        connections=drawn(started_at=time, device_ip=name, destination_ip=name, protocol=name, service=name),
    )
    for table, (column, figure) in COUNTED.items():
        counted = table_of(table, statistics, period)[column].sum() + left_out(table, statistics, period)
        assert counted == FIGURE[figure].value(statistics, period), table
        assert section(table).about == FIGURE[figure].about
