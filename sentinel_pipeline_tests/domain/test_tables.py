import polars as pl
import pytest

from sentinel_pipeline.domain.tables import INSTANT, TABLE, TABLES, Table

CONTRACT = {
    "connections": "source, connection_id, started_at, device_ip, destination_ip, destination_port, protocol, service, "
    "duration_seconds, bytes_sent, bytes_received, packets_sent, packets_received, connection_state",
    "devices": "source, device_ip, device_name, device_type, mac_address, manufacturer, first_seen_at, last_seen_at, "
    "is_trusted, is_blocked",
    "alerts": "source, alert_id, raised_at, device_ip, device_name, severity, anomaly_score, explanation, "
    "is_acknowledged",
    "alert_rules": "source, rule_id, name, description, rule_type, condition, threshold, time_window_hours, severity, "
    "is_enabled, trigger_count, last_triggered_at, created_at",
    "incidents": "source, incident_id, occurred_at, severity, incident_type, agent_id, agent_name, hostname, user, "
    "source_ip, action, is_blocked, data_types, confidence, policy_id, policy_name",
    "energy_readings": "source, device_ip, device_name, read_at, is_on, power_w, voltage_v, current_a, "
    "energy_today_kwh, energy_total_kwh, rssi_dbm",
    "widget_logs": "source, log_id, machine_id, serial_number, logged_at, level, widget_type, message, data",
    "audit_events": "source, event_id, occurred_at, user, event_type, severity, resource, details",
    "quarantine": "source, table, location, reason, record",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_columns_of_the_contract_stand_first_and_in_order(name: str) -> None:
    promised = CONTRACT[name].split(", ")
    assert TABLE[name].schema.names()[: len(promised)] == promised


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_say_what_a_column_holds(table: Table) -> None:
    for name, dtype in table.schema.items():
        assert name.endswith("_at") == (dtype == INSTANT), name
        assert name.startswith("is_") == (dtype == pl.Boolean), name
    assert table.schema.names()[0] == "source"
    assert table.key in table.schema
    assert table.time is None or table.schema[table.time] == INSTANT


def test_what_identifies_a_person_is_marked() -> None:
    assert {"device_ip", "destination_ip"} <= set(TABLE["connections"].personal)
    assert {"user", "hostname", "source_ip"} <= set(TABLE["incidents"].personal)
    assert {"mac_address", "device_name"} <= set(TABLE["devices"].personal)
    assert {"machine_id", "serial_number", "message", "data"} <= set(TABLE["widget_logs"].personal)
    assert {"machine_name", "serial_number", "local_ip"} <= set(TABLE["machines"].personal)


def test_data_types_are_a_list() -> None:
    assert TABLE["incidents"].schema["data_types"] == pl.List(pl.String)


def test_a_table_without_time_is_a_snapshot() -> None:
    assert {table.name for table in TABLES if table.is_snapshot} == {
        "devices",
        "alert_rules",
        "policies",
        "agents",
        "energy_rates",
        "machines",
        "quarantine",
    }


def test_every_table_stands_once_and_its_columns_once() -> None:
    assert len(TABLE) == len(TABLES) + 1
    for table in TABLE.values():
        assert len(table.columns) == len(table.schema)
        assert table.empty().schema == table.schema
