from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.origin import SourceSettings
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.zeek import KIND
from sentinel_pipeline_tests.sources.zeek_logs import conn, instant, json_line, json_lines, put, read

EXPECTED = instant("2026-05-28T20:26:40.123456")


def line_with_time(text: str) -> str:
    return json_line(conn()).replace(conn()["ts"], text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1780000000.123456", EXPECTED),
        ('"1780000000.123456"', EXPECTED),
        ("1780000000123.456", EXPECTED),
        ("1780000000123", EXPECTED.replace(microsecond=123_000)),
        ('"1780000000123"', EXPECTED.replace(microsecond=123_000)),
        ('"2026-05-28T20:26:40.123456Z"', EXPECTED),
        ('"2026-05-28T22:26:40.123456+02:00"', EXPECTED),
        ('"2026-05-28 15:56:40,123456-0430"', EXPECTED),
        ('"2026-05-28T22:26:40.123456"', EXPECTED),
        ('"2026-05-28T20:26:40Z"', EXPECTED.replace(microsecond=0)),
        ('"2026-05-28T20:26:40.123456499Z"', EXPECTED),
        ("1258531221.486539", instant("2009-11-18T08:00:21.486539")),
    ],
)
def test_a_time_is_a_number_or_a_text(tmp_path: Path, text: str, expected: datetime) -> None:
    put(tmp_path, "conn.log", line_with_time(text))
    assert read(tmp_path, zone=ZoneInfo("Europe/Berlin")).row["started_at"] == expected


def test_a_wall_time_that_the_clocks_skipped_is_no_time(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", line_with_time('"2026-03-29T02:30:00"') + "\n" + line_with_time('"2026-10-25T02:30:00"'))
    found = read(tmp_path, zone=ZoneInfo("Europe/Berlin"))
    assert found.reasons == [("conn.log:1", "bad_time")]
    assert found.row["started_at"] == instant("2026-10-25T00:30:00")


def test_intervals_are_seconds_without_noise_whatever_the_time_is(tmp_path: Path) -> None:
    text = line_with_time("1780000000123").replace("1.500000", "0.0012309551239013672")
    put(tmp_path, "conn.log", text + "\n" + json_line(conn(duration="5e-06")))
    assert read(tmp_path).rows["duration_seconds"].to_list() == [0.001231, 0.000005]


@pytest.mark.parametrize(
    "text",
    [
        json_line(conn()).replace("id.", "id_"),
        json_line({"@stream": "conn", "@proc": "zeek", **conn()}).replace("id.", "id_"),
        json_line({"_path": "_0_0_2", "_write_ts": "2026-05-28T20:26:41Z", **conn()}),
        json_line({"__name": "sensor", **conn()}),
        json_line(conn()).replace('"id.orig_h"', '"src_ip"').replace('"id.resp_h"', '"dst"'),
        json_line(conn()).replace(":50000", ':"50000"').replace("2000", '"2000"').replace(":100", ":100.0"),
        json_line(conn(local_orig=None)).replace('"uid"', '"local_orig":null,"extra":{"a":[1]},"uid"'),
        json_line(conn()).replace('"ssl"', '["ssl"]'),
        '{"id":{"orig_h":"192.168.1.10","orig_p":50000,"resp_h":"203.0.113.5","resp_p":443},'
        + json_line({key: value for key, value in conn().items() if not key.startswith("id.")})[1:],
        "  " + json_line(conn()) + " \r",
    ],
)
@pytest.mark.parametrize("beside", ["", "\n[1]"])
def test_every_style_of_keys_gives_the_same_row_fast_or_slow(tmp_path: Path, text: str, beside: str) -> None:
    put(tmp_path, "styled/some.json", text + beside)
    put(tmp_path, "plain/conn.log", json_line(conn()))
    styled = read(tmp_path / "styled")
    assert styled.rows.equals(read(tmp_path / "plain").rows)
    assert len(styled.reasons) == bool(beside)


def test_a_line_that_is_no_record_is_told_and_reading_goes_on(tmp_path: Path) -> None:
    bad = [
        '{"ts":1780000000.5,"uid":"C',
        "[1,2]",
        "5",
        "null",
        "{}",
        "",
        "  ",
        "prose",
        '{"ts":NaN}',
        '{"a":"\\ud800"}',
    ]
    put(tmp_path, "conn.log", "\n".join([json_line(conn()), *bad, json_line(conn(uid="C2"))]))
    found = read(tmp_path)
    assert found.rows["connection_id"].to_list() == ["CExample1", "C2"]
    assert sorted(found.reasons, key=lambda one: int(one[0].split(":")[1])) == [
        ("conn.log:2", "not_json"),
        ("conn.log:3", "not_an_object"),
        ("conn.log:4", "not_an_object"),
        ("conn.log:5", "not_an_object"),
        ("conn.log:6", "bad_time, missing_value: id.orig_h, missing_value: id.resp_h, missing_value: proto"),
        ("conn.log:9", "not_json"),
        ("conn.log:10", "not_json"),
        ("conn.log:11", "not_json"),
    ]


@pytest.mark.parametrize("first", ["{}", "[]", 'half":1}', '{"a":1}'])
def test_a_log_is_known_though_its_first_line_is_bad(tmp_path: Path, first: str) -> None:
    put(tmp_path, "some.json", first + "\n" + json_line(conn()))
    found = read(tmp_path)
    assert found.rows.height == 1
    assert [location for location, _ in found.reasons] == ["some.json:1"]


def test_one_file_may_mix_logs(tmp_path: Path) -> None:
    lines = [
        {"_path": "conn", **conn()},
        {"_path": "dns", **conn(query="x.example")},
        {"_path": "conn_long", **conn()},
        {"_path": "site_metrics", "cpu": "1"},
        {"_path": "nonsense", **conn(uid="C2")},
        {"_path": "nonsense", "ts": "1780000000", "note": "A::B", "msg": "m", "uid": "C3"},
        {"_path": "notice", "ts": "1780000001", "note": "A::C", "msg": "m", "uid": "C4"},
    ]
    put(tmp_path, "all.json", json_lines(lines))
    connections, alerts = read(tmp_path), read(tmp_path, ALERTS)
    assert connections.rows["connection_id"].to_list() == ["CExample1", "C2"]
    assert alerts.rows["rule"].to_list() == ["A::B", "A::C"]
    assert connections.reasons == alerts.reasons == []


def test_suricata_beside_zeek_is_left_to_its_own_source(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", json_line(conn()))
    put(tmp_path, "eve.json", '{"timestamp":"2026-05-28T20:26:40.0+0000","event_type":"flow","flow_id":1}\n')
    assert read(tmp_path).reasons == []


@pytest.mark.parametrize(
    ("logged", "read_as"),
    [
        (b"caf\\u00e9", "café"),
        (b"\\\\xc3\\\\xa9", "é"),
        (b"\\u0000", "\x00"),
        (b"\xff", "\\xff"),
        (b"\\ud83d\\ude00", "😀"),
        (b"x" * 3_000_000, "x" * 3_000_000),
    ],
)
def test_hostile_texts_stay_data(tmp_path: Path, logged: bytes, read_as: str) -> None:
    put(tmp_path, "conn.log", json_lines([conn(uid="@@"), conn()]).encode().replace(b"@@", logged))
    found = read(tmp_path)
    assert found.rows["connection_id"].to_list() == [read_as, "CExample1"]


def test_numbers_that_no_connection_has_are_told(tmp_path: Path) -> None:
    numbers = ["9007199254740993", "18446744073709551616", "1" * 45, "9007199254740992"]
    put(tmp_path, "conn.log", json_lines([conn(orig_bytes=number) for number in numbers]))
    found = read(tmp_path)
    assert found.rows["bytes_sent"].to_list() == [None, None, None, 2**53]
    assert [reason for _, reason in found.reasons] == ["bad_count: orig_bytes"] * 3


def test_a_conn_log_is_known_by_its_keys_when_neither_it_nor_its_name_says_so(tmp_path: Path) -> None:
    line = '{"ts":1761523200.0,"uid":"a","id.orig_h":"192.0.2.9","id.orig_p":1,"id.resp_h":"203.0.113.9",'
    (tmp_path / "traffic.log").write_text(
        line + '"id.resp_p":0,"proto":"tcp"}\n' + line + '"id.resp_p":53,"proto":"udp","query":"x.example"}\n'
    )
    quarantine = Quarantine("gateway")
    with KIND.open(SourceSettings("gateway", "zeek", str(tmp_path), "logs"), None) as source:
        found = pl.concat(source.read(CONNECTIONS, None, quarantine))
    assert found["destination_port"].to_list() == [0]
    assert quarantine.total() == 0
