from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ALERTS, AUDIT_EVENTS, CONNECTIONS, DEVICES, INCIDENTS, QUARANTINE, Table
from sentinel_pipeline.exports.filters import FILTERS, asked_conditions
from sentinel_pipeline_tests.statistics.frames import Row, facts

CAMERA: Row = {"device_ip": "192.168.1.5", "device_name": "Camera"}
LAMP: Row = {"device_ip": "2001:db8::1", "device_name": "Lamp, left"}
NOBODY: Row = {"device_ip": None, "device_name": None}


def kept(table: Table, rows: list[Row], **asked: Any) -> list[int]:
    """Places of the rows that are kept."""
    keeps = [condition.keeps for condition in asked_conditions(table, asked)]
    return facts(table, rows).with_row_index("place").filter(keeps or True)["place"].to_list()


def test_a_device_is_known_by_its_address_or_its_name_in_either_case() -> None:
    rows = [CAMERA, LAMP, NOBODY]
    assert kept(DEVICES, rows, device=("192.168.1.5",)) == [0]
    assert kept(DEVICES, rows, device=("camera",)) == [0]
    assert kept(DEVICES, rows, device=("Lamp, left",)) == [1]
    assert kept(DEVICES, rows, device=("2001:0DB8:0::1",)) == [1]
    assert kept(DEVICES, rows, device=("camera", "lamp, left")) == [0, 1]
    assert kept(DEVICES, rows, device=("192.168.1",)) == []


def test_what_is_not_known_matches_nothing() -> None:
    assert kept(DEVICES, [NOBODY], device=("–",)) == []
    assert kept(INCIDENTS, [{"incident_type": None}], type=("usb",)) == []


def test_several_severities_are_alternatives_and_options_all_hold() -> None:
    rows: list[Row] = [{"severity": "high"}, {"severity": "critical"}, {"severity": "low"}]
    assert kept(ALERTS, rows, severity=("Critical, high",)) == [0, 1]
    assert kept(ALERTS, rows, severity=("low", "high")) == [0, 2]
    both: list[Row] = [{**CAMERA, "severity": "high"}, {**CAMERA, "severity": "low"}, {**LAMP, "severity": "high"}]
    assert kept(ALERTS, both, severity=("high",), device=("camera",)) == [0]
    assert kept(ALERTS, both) == [0, 1, 2]


def test_a_type_is_that_of_whatever_the_table_holds() -> None:
    assert kept(INCIDENTS, [{"incident_type": "usb"}, {"incident_type": "file"}], type=("USB",)) == [0]
    assert kept(AUDIT_EVENTS, [{"event_type": "login"}, {"event_type": "export"}], type=("login",)) == [0]


def test_a_user_is_one_of_those_named() -> None:
    rows: list[Row] = [{"user": "ann"}, {"user": "bob"}, {"user": None}]
    assert kept(INCIDENTS, rows, user=("Ann",)) == [0]
    assert kept(AUDIT_EVENTS, rows, user=("ann", "bob")) == [0, 1]


def test_hostile_values_are_values() -> None:
    rows: list[Row] = [{"device_name": ".*"}, {"device_name": "' OR 1=1 --"}, {"device_name": "x"}]
    assert kept(DEVICES, rows, device=(".*",)) == [0]
    assert kept(DEVICES, rows, device=("' or 1=1 --",)) == [1]


def test_an_option_a_table_has_no_column_for_is_refused_with_the_tables_that_have() -> None:
    with pytest.raises(UsageError, match=r"^--device does not narrow incidents; it does narrow connections, devices, "):
        asked_conditions(INCIDENTS, {"device": ("x",)})
    with pytest.raises(UsageError, match=r"^--severity does not narrow connections; it does narrow alerts, "):
        asked_conditions(CONNECTIONS, {"severity": ("high",)})
    for one in FILTERS:
        with pytest.raises(UsageError, match=f"^--{one.option} does not narrow quarantine; "):
            asked_conditions(QUARANTINE, {one.option: ("high",)})


def test_a_severity_there_is_not_and_an_empty_value_are_refused() -> None:
    with pytest.raises(UsageError, match="'severe' is no severity; choose from critical, high, medium, low, info, unk"):
        asked_conditions(ALERTS, {"severity": ("high,severe",)})
    with pytest.raises(UsageError, match="--device '' names nothing; write the address or name of the device"):
        asked_conditions(ALERTS, {"device": ("",)})


def test_equal_conditions_are_equal_whatever_expression_they_hold() -> None:
    once, again = (asked_conditions(ALERTS, {"severity": ("high",)}) for _ in range(2))
    assert once == again
    assert isinstance(once[0].keeps, pl.Expr)
