from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, DEVICES
from sentinel_pipeline.sources import logchunks
from sentinel_pipeline.sources.logblocks import read_blocks
from sentinel_pipeline.sources.logchunks import LogForm
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.zeek import KIND, open_zeek
from sentinel_pipeline_tests.sources.zeek_logs import (
    NOTICE_COLUMNS,
    conn,
    day,
    instant,
    json_lines,
    put,
    read,
    settings,
    taken,
    tsv,
)

FIRST, SECOND = "1780012799.999999", "1780012800.000000"  # the last microsecond of 28 May 2026 UTC, and the next


def test_a_connection_is_read_as_the_log_sees_it(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn()]))
    found = read(tmp_path)
    assert found.reasons == []
    assert found.row == {
        "source": "office",
        "connection_id": "CExample1",
        "started_at": instant("2026-05-28T20:26:40.123456"),
        "device_ip": "192.168.1.10",
        "destination_ip": "203.0.113.5",
        "destination_port": 443,
        "protocol": "tcp",
        "service": "ssl",
        "duration_seconds": 1.5,
        "bytes_sent": 100,
        "bytes_received": 2000,
        "packets_sent": 7,
        "packets_received": 9,
        "connection_state": "SF",
        "source_port": 50_000,
        "is_inbound": False,
    }


def test_what_zeek_left_unset_is_null_and_zero_is_zero(tmp_path: Path) -> None:
    unset = conn(duration=None, orig_bytes=None, resp_bytes="0", service=None, conn_state=None, uid=None)
    put(tmp_path, "conn.log", tsv([unset]))
    row = read(tmp_path).row
    assert [row[name] for name in ("duration_seconds", "bytes_sent", "service", "connection_id")] == [None] * 4
    assert row["bytes_received"] == 0


def test_sums_by_day_are_those_awk_finds(tmp_path: Path) -> None:
    rows = [
        conn(ts=f"{1779990000 + 700 * n}.{n:06d}", uid=f"C{n}", orig_bytes=str(n) if n % 3 else None) for n in range(99)
    ]
    log = put(tmp_path, "2026-05-28/conn.log", tsv(rows))
    program = "!/^#/ {d=int($1/86400); n[d]++; s[d]+=$10} END {for (d in n) print d, n[d], s[d]}"
    told = subprocess.run(["awk", "-F\t", program, str(log)], capture_output=True, text=True, check=True).stdout
    found = (
        read(tmp_path)
        .rows.group_by(pl.col("started_at").dt.epoch("d").alias("day"))
        .agg(pl.len(), pl.col("bytes_sent").sum().alias("sent"))
    )
    assert sorted(told.split("\n")[:-1]) == sorted(" ".join(map(str, row)) for row in found.iter_rows())


def test_rows_belong_to_the_day_of_their_own_time(tmp_path: Path) -> None:
    put(tmp_path, "2026-05-29/conn.00:00:00-01:00:00.log.gz", tsv([conn(ts=SECOND), conn(ts=FIRST)]), packed=True)
    put(tmp_path, "2026-05-28/conn.23:00:00-00:00:00.log", tsv([conn(ts=FIRST, uid="C2")]))
    before, after = (read(tmp_path, window=day(one)).rows for one in ("2026-05-28", "2026-05-29"))
    assert before["connection_id"].to_list() == ["C2", "CExample1"]
    assert after["started_at"].to_list() == [instant("2026-05-29")]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        put(tmp_path, f"{name}/conn.log", tsv([conn(uid=name)]))
    assert read(tmp_path).rows["connection_id"].to_list() == ["a", "b", "c"]


def test_plain_and_packed_copies_are_both_given(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn()]))
    put(tmp_path, "conn.log.gz", tsv([conn()]), packed=True)
    assert read(tmp_path).rows.height == 2


def test_a_header_alone_is_no_rows_and_still_a_log(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([]))
    with open_zeek(settings(tmp_path), None) as source:
        assert source.has(CONNECTIONS)
        assert not source.has(ALERTS)
        assert not source.has(DEVICES)
        assert taken(source).rows.is_empty()
        assert source.first_at() is None


@pytest.mark.parametrize("content", [tsv([conn()], path="dns"), '{"_path":"dns","ts":1,"uid":"C","query":"x"}\n'])
def test_a_folder_without_conn_is_reachable_but_has_no_connections(tmp_path: Path, content: str) -> None:
    put(tmp_path, "dns.log", content)
    with open_zeek(settings(tmp_path), None) as source:
        assert not source.has(CONNECTIONS)
        assert taken(source).reasons == []


def test_logs_that_tell_of_connections_again_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn()]))
    put(tmp_path, "conn_long.log", tsv([conn()], path="conn_long"))
    put(tmp_path, "weird.log", tsv([conn()], path="weird"))
    put(tmp_path, "long.log", json_lines([{"_path": "conn_long", **conn()}]))
    found = read(tmp_path)
    assert (found.rows.height, found.reasons) == (1, [])


@pytest.mark.parametrize(
    ("changes", "is_inbound"),
    [
        ({}, False),
        ({"id_orig_h": "203.0.113.9", "id_resp_h": "192.168.1.10"}, True),
        ({"id_orig_h": "10.0.0.1", "id_resp_h": "192.168.1.10"}, False),
        ({"id_orig_h": "203.0.113.9"}, False),
        ({"id_orig_h": "2001:db8::1", "id_resp_h": "fe80::1"}, True),
        ({"id_orig_h": "2001:db8::1", "id_resp_h": "fd00::1"}, True),
        ({"id_orig_h": "172.32.0.1", "id_resp_h": "172.31.255.255"}, True),
        ({"local_orig": "F", "local_resp": "T"}, True),
        ({"local_orig": "T", "local_resp": "F", "id_orig_h": "203.0.113.9", "id_resp_h": "10.0.0.1"}, False),
        ({"local_orig": "F", "id_resp_h": "10.0.0.1"}, True),
    ],
)
def test_inbound_is_when_only_the_responder_is_local(tmp_path: Path, changes: dict[str, str], is_inbound: bool) -> None:
    put(tmp_path, "conn.log", tsv([conn(**changes)]))
    assert read(tmp_path).row["is_inbound"] is is_inbound


def test_local_networks_can_be_told(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn(id_orig_h="192.168.1.1", id_resp_h="203.0.113.5")]))
    put(tmp_path, "conn6.log", tsv([conn(id_orig_h="fe80::1", id_resp_h="2001:db8::5")]))
    told = read(tmp_path, local_networks=["203.0.113.0/25", "2001:db8::/48"])
    assert told.rows["is_inbound"].to_list() == [True, True]
    assert read(tmp_path, local_networks=[]).rows["is_inbound"].to_list() == [False, False]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"proto": "TCP"}, "tcp"),
        ({"proto": "icmp"}, "icmp"),
        ({"proto": "icmp", "id_orig_h": "fe80::1", "id_resp_h": "ff02::1"}, "icmp6"),
        ({"proto": "IPv6-ICMP"}, "icmp6"),
        ({"proto": "unknown_transport", "ip_proto": "89"}, "ip-89"),
        ({"proto": "unknown_transport"}, "unknown_transport"),
        ({"proto": "47"}, "ip-47"),
    ],
)
def test_protocols_have_one_name(tmp_path: Path, given: dict[str, str], expected: str) -> None:
    put(tmp_path, "conn.log", tsv([conn(**given)], columns=(*conn(), "ip_proto")))
    assert read(tmp_path).row["protocol"] == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("ssl,http", "http,ssl"), ("-gssapi,smb", "smb"), ("-ssl", None), ("(empty)", None)]
)
def test_services_are_sorted_and_dropped_ones_left_out(tmp_path: Path, given: str, expected: str | None) -> None:
    put(tmp_path, "conn.log", tsv([conn(service=given)]))
    assert read(tmp_path).row["service"] == expected


def test_addresses_have_one_spelling(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn(id_orig_h="2001:DB8:0:0:0:0:0:1", id_resp_h="::ffff:c000:0201")]))
    row = read(tmp_path).row
    assert (row["device_ip"], row["destination_ip"]) == ("2001:db8::1", "::ffff:192.0.2.1")


@pytest.mark.parametrize(
    ("field", "value", "column", "reason"),
    [
        ("id.orig_h", "00:0d:3a:13:e3:69", "device_ip", "bad_address"),
        ("id.resp_h", "printer.example", "destination_ip", "bad_address"),
        ("id.resp_h", "256.1.1.1", "destination_ip", "bad_address"),
        ("id.resp_h", "010.1.1.1", "destination_ip", "bad_address"),
        ("id.orig_p", "65536", "source_port", "bad_port"),
        ("id.resp_p", "http", "destination_port", "bad_port"),
        ("orig_bytes", "-1", "bytes_sent", "bad_count"),
        ("resp_bytes", "9223372036854775808", "bytes_received", "bad_count"),
        ("orig_pkts", "1e3", "packets_sent", "bad_count"),
        ("resp_pkts", "(empty)", "packets_received", "bad_count"),
        ("duration", "-0.5", "duration_seconds", "bad_interval"),
        ("duration", "nan", "duration_seconds", "bad_interval"),
    ],
)
def test_a_wrong_field_costs_the_field_and_not_the_row(
    tmp_path: Path, field: str, value: str, column: str, reason: str
) -> None:
    put(tmp_path, "conn.log", tsv([{**conn(), field: value}]))
    found = read(tmp_path)
    assert found.row[column] is None
    assert found.reasons == [("conn.log:9", f"{reason}: {field}")]
    assert found.bad["occurred_at"].to_list() == found.rows["started_at"].to_list()


def test_two_wrong_fields_of_a_line_are_one_record(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn(id_orig_h="x", id_orig_p="99999")]))
    assert read(tmp_path).reasons == [("conn.log:9", "bad_address: id.orig_h, bad_port: id.orig_p")]


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("XXXXXXXXXX.XXXXXX", "bad_time"),
        ("-", "bad_time"),
        ("(empty)", "bad_time"),
        ("nan", "bad_time"),
        ("inf", "bad_time"),
        ("-1780000000.0", "bad_time"),
        ("2026-13-01T00:00:00Z", "bad_time"),
        ("yesterday", "bad_time"),
        ("0.000000", "implausible_time"),
        ("946684799.999999", "implausible_time"),
        ("4102444800.000000", "implausible_time"),
    ],
)
def test_a_row_without_a_usable_time_is_kept_aside_on_every_day(tmp_path: Path, time: str, reason: str) -> None:
    put(tmp_path, "conn.log", tsv([conn(), conn(ts=time)]))
    for window in (None, day("2026-05-28"), day("2001-01-01")):
        found = read(tmp_path, window=window)
        assert found.reasons == [("conn.log:10", reason)]
        assert found.bad["occurred_at"].to_list() == [None]
        assert found.bad["record"][0].startswith(time + "\t")


def test_a_bad_record_with_a_time_belongs_to_its_day(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn(ts=FIRST, id_orig_p="x"), conn(ts=SECOND, proto=None)]))
    assert read(tmp_path, window=day("2026-05-28")).reasons == [("conn.log:9", "bad_port: id.orig_p")]
    assert read(tmp_path, window=day("2026-05-29")).reasons == [("conn.log:10", "missing_value: proto")]
    assert read(tmp_path, window=day("2026-05-30")).reasons == []


def test_a_notice_is_an_alert(tmp_path: Path) -> None:
    notice = {
        **{key: conn()[key] for key in ("ts", "uid", "id.orig_h", "id.resp_h")},
        "note": "SSL::Invalid_Server_Cert",
        "msg": "certificate is self signed",
        "sub": "CN=printer.example",
        "src": "192.168.1.77",
    }
    put(tmp_path, "notice.log", tsv([notice, {**notice, "src": "-", "sub": "-"}], NOTICE_COLUMNS, "notice"))
    found = read(tmp_path, ALERTS)
    assert found.reasons == []
    assert len(set(found.rows["alert_id"])) == 2
    assert found.rows["device_ip"].to_list() == ["192.168.1.77", "192.168.1.10"]
    assert found.rows["explanation"][1] == "certificate is self signed"
    assert {name: found.row[name] for name in ALERTS.schema if name != "alert_id"} == {
        "source": "office",
        "raised_at": instant("2026-05-28T20:26:40.123456"),
        "device_ip": "192.168.1.77",
        "device_name": None,
        "severity": "unknown",
        "anomaly_score": None,
        "explanation": "certificate is self signed (CN=printer.example)",
        "is_acknowledged": False,
        "acknowledged_at": None,
        "rule": "SSL::Invalid_Server_Cert",
    }
    told = read(tmp_path, ALERTS, notice_severity={"SSL::Invalid_Server_Cert": "Low"})
    assert told.rows["severity"].to_list() == ["low", "low"]


def test_an_alert_keeps_its_id_in_every_copy_of_the_log(tmp_path: Path) -> None:
    notice = {"ts": "1780000000.5", "note": "Scan::Port_Scan", "msg": "scan", "src": "192.0.2.9"}
    put(tmp_path, "a/notice.log", tsv([notice], NOTICE_COLUMNS, "notice"))
    put(tmp_path, "b/notice.log", json_lines([notice]))
    rows = read(tmp_path, ALERTS).rows
    assert rows.height == 2
    assert rows.unique().height == 1


def test_a_place_that_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    for missing in (tmp_path / "gone", tmp_path / "*.log", tmp_path):
        with pytest.raises(SourceUnreachableError, match=r"^source 'office' \(.*\): .*(location|sensor)") as told:
            KIND.open(settings(missing), None)
        assert "\n" not in str(told.value)


def test_a_folder_without_any_zeek_log_is_not_nothing_happened(tmp_path: Path) -> None:
    put(tmp_path, "readme.txt", "These are the logs of the office.\n")
    put(tmp_path, "eve.json", '{"timestamp":"2026-05-28T20:26:40.0+0000","event_type":"flow"}\n')
    (tmp_path / "eve.json").unlink()
    with pytest.raises(SourceUnreachableError, match="holds no Zeek log among 1 file"):
        KIND.open(settings(tmp_path), None)


def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "conn.log").symlink_to(tmp_path / "gone")
    with pytest.raises(SourceUnreachableError, match=r"cannot be read \(No such file"):
        KIND.open(settings(tmp_path), None)


@pytest.mark.parametrize(
    "options", [{"local_networks": "10/8"}, {"local_networks": ["office"]}, {"notice_severity": {"a": "bad"}}]
)
def test_wrong_options_are_told_when_the_source_is_opened(tmp_path: Path, options: dict[str, object]) -> None:
    put(tmp_path, "conn.log", tsv([]))
    with pytest.raises(UsageError, match="source 'office'"):
        open_zeek(settings(tmp_path, options=options), None)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"<html><body>login</body></html>", "<html><body>login</body></html> (31 bytes)"),
        (b"Dear\treader,\n", "Dear\\treader, (13 bytes)"),
        (b"\x89PNG\x00\x01\xff", "\\x89PNG\\x00\\x01\\xff (7 bytes)"),
        (b"x" * 500, "x" * 80 + " (500 bytes)"),
        (b'[{"ts":1,"uid":"C"}]', '[{"ts":1,"uid":"C"}] (20 bytes)'),
        (b"ts,uid,proto\n1,C,tcp\n", "ts,uid,proto\\n1,C,tcp (21 bytes)"),
    ],
)
def test_a_file_that_is_no_zeek_log_is_kept_aside(tmp_path: Path, content: bytes, shown: str) -> None:
    put(tmp_path, "conn.log", tsv([conn()]))
    put(tmp_path, "other.log", content)
    found = read(tmp_path)
    assert found.rows.height == 1
    assert found.reasons == [("other.log", "not_a_zeek_log")]
    assert found.bad["record"].to_list() == [shown]
    assert read(tmp_path, ALERTS).reasons == []


def test_a_file_that_vanishes_or_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, bad = (put(tmp_path, f"{name}.log", tsv([conn(uid=name)])) for name in ("gone", "locked"))
    put(tmp_path, "well.log", tsv([conn(uid="well")]))
    with open_zeek(settings(tmp_path), tmp_path / "memory") as source:
        gone.unlink()

        def refused(path: str, *rest: int) -> object:
            if path == str(bad):
                raise PermissionError(13, "Permission denied")
            return actual(path, *rest)

        actual = read_blocks
        monkeypatch.setattr(logchunks, "read_blocks", refused)
        found = taken(source)
        assert found.rows["connection_id"].to_list() == ["well"]
        assert found.reasons == [
            ("gone.log", "unreadable_file: No such file or directory"),
            ("locked.log", "unreadable_file: Permission denied"),
        ]
        monkeypatch.undo()
        assert taken(source).rows["connection_id"].to_list() == ["locked", "well"]


def test_a_cut_gzip_keeps_its_rows_and_is_told_once(tmp_path: Path) -> None:
    rows = [conn(uid=f"C{os.urandom(9).hex()}", ts=f"{1780000000 + n}.5") for n in range(500)]
    whole = put(tmp_path, "conn.log.gz", tsv(rows), packed=True)
    whole.write_bytes(whole.read_bytes()[:-2_000])
    found = read(tmp_path)
    assert 100 < found.rows.height < 500
    assert found.rows["connection_id"].to_list() == [row["uid"] for row in rows[: found.rows.height]]
    assert found.reasons == [(f"conn.log.gz:{found.rows.height + 9}", "truncated_gzip")]


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.log", tsv([]))
    put(tmp_path, "conn.log", b"")
    assert read(tmp_path).reasons == [("conn.log", "empty_file")]


def days_read(location: Path, memory: Path, monkeypatch: pytest.MonkeyPatch, date: str) -> tuple[list[str], int]:
    """The files that a day's reading opens to read rows, and the rows."""
    opened: list[str] = []

    def noted(file: LogFile, form: LogForm) -> object:
        opened.append(file.name)
        return actual(file, form)

    actual = logchunks.file_chunks
    with monkeypatch.context() as patch:
        patch.setattr("sentinel_pipeline.sources.log_source.file_chunks", noted)
        rows = read(location, window=day(date), memory=memory).rows.height
    return opened, rows


def test_files_outside_the_window_are_read_once_and_then_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.log", tsv([conn(ts=FIRST)]))
    put(logs, "b.log", tsv([conn(ts=SECOND)]))
    put(logs, "bad.log", tsv([conn(ts="XXX")]))
    put(logs, "dns.log", tsv([], path="dns"))
    assert days_read(logs, memory, monkeypatch, "2026-05-28") == (["a.log", "b.log", "bad.log", "dns.log"], 1)
    assert days_read(logs, memory, monkeypatch, "2026-05-28") == (["a.log", "bad.log"], 1)
    assert days_read(logs, memory, monkeypatch, "2026-05-29") == (["b.log", "bad.log"], 1)
    put(logs, "a.log", tsv([conn(ts=FIRST), conn(ts=SECOND)]))
    assert days_read(logs, memory, monkeypatch, "2026-05-29") == (["a.log", "b.log", "bad.log"], 2)


def test_notes_make_no_difference_to_what_is_read(tmp_path: Path) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.log", tsv([conn(ts=FIRST), conn(ts=SECOND, id_orig_p="x"), conn(ts="-")]))
    put(logs, "b.json", json_lines([conn(ts=SECOND), {"_path": "notice", "ts": FIRST, "note": "A::B", "uid": "C"}]))
    put(logs, "c.txt", "prose\n")
    for table in (ALERTS, CONNECTIONS):
        for date in ("2026-05-28", "2026-05-29", "2026-05-30", "2026-05-28"):
            without, noted = (read(logs, table, day(date), place) for place in (None, memory))
            assert noted.rows.equals(without.rows)
            assert noted.bad.equals(without.bad)


def test_damaged_or_foreign_notes_are_made_again(tmp_path: Path) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.log", tsv([conn(ts=FIRST)]))
    read(logs, memory=memory)
    (notes,) = memory.iterdir()
    kept = orjson.loads(notes.read_bytes())
    for content in (b"", b"{", b"[]", b'{"version":1}', orjson.dumps({**kept, "reader": "x"}), b'{"files":{"a":1}}'):
        notes.write_bytes(content)
        assert read(logs, window=day("2026-05-28"), memory=memory).rows.height == 1
    assert orjson.loads(notes.read_bytes()) == kept
    assert [one.name for one in memory.iterdir()] == [notes.name]


def test_notes_that_cannot_be_written_do_not_stop_reading(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "a.log", tsv([conn()]))
    assert read(logs, memory=put(tmp_path, "memory", "a file")).rows.height == 1


@pytest.mark.parametrize("has_memory", [True, False])
def test_the_first_time_is_the_earliest_of_any_row(tmp_path: Path, has_memory: bool) -> None:
    logs = tmp_path / "logs"
    put(logs, "a.log", tsv([conn(ts=SECOND), conn(ts="0.0")]))
    put(logs, "b.log", tsv([{"ts": FIRST, "note": "A::B"}], NOTICE_COLUMNS, "notice"))
    with open_zeek(settings(logs), tmp_path / "memory" if has_memory else None) as source:
        assert source.first_at() == source.first_at() == instant("2026-05-29") - timedelta(microseconds=1)


def test_the_fingerprint_is_that_of_the_files_at_opening(tmp_path: Path) -> None:
    put(tmp_path, "a.log", tsv([conn()]))
    with open_zeek(settings(tmp_path), None) as one, open_zeek(settings(tmp_path), None) as same:
        assert one.fingerprint() == same.fingerprint()
        put(tmp_path, "b.log", tsv([]))
        with open_zeek(settings(tmp_path), None) as other:
            assert other.fingerprint() != one.fingerprint()


def test_a_reading_that_is_not_finished_leaves_no_note(tmp_path: Path) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.log", tsv([conn(ts=FIRST)]) + tsv([conn(ts=SECOND)]))
    with open_zeek(settings(logs), memory) as source:
        next(source.read(CONNECTIONS, None, Quarantine("office")))
    assert not memory.exists()
    assert read(logs, window=day("2026-05-29"), memory=memory).rows.height == 1
