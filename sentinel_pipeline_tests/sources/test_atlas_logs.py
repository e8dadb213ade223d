"""Logs of machines: wall times in their zones, names by alias, and one id for one content."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.sources.atlas_logs import BadTimeError, Clock, log_row, timed, widget_type
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.sources.fleets import log
from sentinel_pipeline_tests.sources.worlds import at

UTC_ZONE = ZoneInfo("UTC")


def read(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return Clock(zone).read(text, "mac-1")[0]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-11-25T14:30:00", "2024-11-25 13:30:00"),
        ("2024-11-25T14:30:00.123456", "2024-11-25 13:30:00.123456"),
        ("2024-07-25T14:30:00", "2024-07-25 12:30:00"),
        ("2024-11-25 14:30:00", "2024-11-25 13:30:00"),
        ("2024-11-25T14:30:00Z", "2024-11-25 14:30:00"),
        ("2024-11-25t14:30:00z", "2024-11-25 14:30:00"),
        ("2024-11-25T14:30:00+05:30", "2024-11-25 09:00:00"),
        ("2024-11-25 14:30:00 -0800", "2024-11-25 22:30:00"),
        ("2024-11-25T14:30:00.5-08", "2024-11-25 22:30:00.500000"),
    ],
)
def test_every_spelling_is_one_instant(text: str, instant: str) -> None:
    assert read(text) == at(instant)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "bad_time"),
        ("2024-11-25", "bad_time"),
        ("2024-02-30T10:00:00", "bad_time"),
        ("2024-11-25T25:00:00", "bad_time"),
        ("0001-01-01T00:00:00", "implausible_time"),
        ("1999-12-31T23:59:59Z", "implausible_time"),
        ("9999-12-31T23:59:59-23:00", "implausible_time"),
    ],
)
def test_what_is_no_usable_time_says_why(text: str, reason: str) -> None:
    with pytest.raises(BadTimeError, match=reason):
        read(text)


def test_each_machine_has_its_own_zone() -> None:
    clock = Clock(BERLIN, {"far": ZoneInfo("America/New_York")})
    assert clock.read("2026-05-01T10:00:00", "near")[:2] == (at("2026-05-01 08:00:00"), "Europe/Berlin")
    assert clock.read("2026-05-01T10:00:00", "far")[:2] == (at("2026-05-01 14:00:00"), "America/New_York")
    assert clock.read("2026-05-01T10:00:00Z", "far")[:2] == (at("2026-05-01 10:00:00"), None)


def test_a_time_the_clocks_skipped_is_moved_past_the_gap_and_flagged() -> None:
    assert Clock(BERLIN).read("2026-03-29T02:30:00", "m") == (
        at("2026-03-29 01:30:00"),
        "Europe/Berlin",
        {"skipped_hour"},
    )


def test_a_repeated_hour_is_its_first_run_until_the_machine_is_past_it() -> None:
    clock = Clock(BERLIN)
    stamps = ("2026-10-25T02:10:00", "2026-10-25T02:50:00", "2026-10-25T02:10:00", "2026-10-25T02:50:00")
    found = [clock.read(stamp, "m")[0] for stamp in stamps]
    assert found == [at(f"2026-10-25 0{hour}:{minute}:00") for hour in (0, 1) for minute in (10, 50)]
    assert clock.read(stamps[0], "another")[0] == at("2026-10-25 00:10:00")


def test_seconds_since_1970_are_a_time_too() -> None:
    clock = Clock(BERLIN)
    assert timed(1_750_000_000.5, "m", clock, None)[0] == at("2025-06-15 15:06:40.500000")
    assert timed(1_750_000_000_500, "m", clock, None)[0] == at("2025-06-15 15:06:40.500000")
    with pytest.raises(BadTimeError, match="bad_time"):
        timed(True, "m", clock, None)


def test_a_log_without_a_time_has_the_time_it_arrived_or_none_at_all() -> None:
    row = log_row(log(None), "m", Clock(UTC_ZONE), at("2026-05-01 10:00:00"))
    assert (row["logged_at"], row["log_timestamp"], row["flags"]) == (at("2026-05-01 10:00:00"), None, "missing_time")
    with pytest.raises(BadTimeError, match="missing_time"):
        log_row(log(None), "m", Clock(UTC_ZONE), None)


def test_a_row_is_the_log_in_our_words_and_in_its_own() -> None:
    made = log_row(log(widget_type="Ping Monitor", level="warning"), "mac-1", Clock(BERLIN), None)
    assert {name: made[name] for name in made if name != "log_id"} == {
        "machine_id": "mac-1",
        "serial_number": None,
        "logged_at": at("2026-05-01 08:00:00"),
        "level": "WARNING",
        "widget_type": "ping",
        "message": "Speed test completed",
        "data": '{"download":125.5}',
        "log_timestamp": "2026-05-01T10:00:00",
        "raw_widget_type": "Ping Monitor",
        "zone": "Europe/Berlin",
        "flags": None,
    }


def test_what_a_log_leaves_out_is_filled_and_what_does_not_fit_is_flagged() -> None:
    bare = log_row({"timestamp": "2026-05-01T10:00:00"}, "m", Clock(UTC_ZONE), None)
    assert [bare[name] for name in ("level", "widget_type", "message", "data", "flags")] == [
        "INFO",
        "unknown",
        "",
        "{}",
        None,
    ]
    odd = log_row(log(message=None, data=[1, None]), "m", Clock(UTC_ZONE), None)
    assert (odd["message"], odd["data"], odd["flags"]) == ("", '{"value":[1,null]}', "null_message,wrapped_data")


@pytest.mark.parametrize(
    ("raw", "name"),
    [("Ping Monitor", "ping"), ("WIFI QUALITY MONITOR", "wifi"), ("wifi", "wifi"), ("Sonar", "Sonar")],
)
def test_widget_types_go_by_one_name(raw: str, name: str) -> None:
    assert widget_type(raw) == name


def test_the_order_of_keys_makes_no_other_log_but_another_value_does() -> None:
    rows = [
        log_row(log(data=data), "m", Clock(UTC_ZONE), None) for data in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1})
    ]
    assert rows[0]["log_id"] == rows[1]["log_id"] != rows[2]["log_id"]
    assert rows[1]["data"] == '{"b":2,"a":1}'


@BRIEF
@given(st.text(), st.text(), st.text())
def test_any_text_of_a_log_can_be_written(message: str, kind: str, key: str) -> None:
    row = log_row(log(message=message, widget_type=kind, data={key: "\ud800"}), "m", Clock(UTC_ZONE), None)
    for value in row.values():
        if isinstance(value, str):
            value.encode()
