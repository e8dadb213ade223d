"""What Suricata's events become: flows are connections, alerts are alerts, the rest is counted and left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS
from sentinel_pipeline.exports.inspection import inspect
from sentinel_pipeline.sources import logchunks
from sentinel_pipeline.sources.logblocks import read_blocks
from sentinel_pipeline.sources.logchunks import LogForm
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.source import UTC_ZONE
from sentinel_pipeline.sources.suricata import KIND, open_suricata
from sentinel_pipeline_tests.sources.eve_logs import alert, flow, lines, netflow, other, read, settings
from sentinel_pipeline_tests.sources.test_zeek_shared_data import by_day, sample
from sentinel_pipeline_tests.sources.zeek_logs import conn, day, instant, put, taken, tsv

BACK = {"src_ip": "203.0.113.9", "src_port": 443, "dest_ip": "192.168.60.5", "dest_port": 41_000}


def test_a_flow_is_a_connection_at_its_start(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(flow()))
    found = read(tmp_path)
    assert found.reasons == []
    assert found.row == {
        "source": "office",
        "connection_id": "1303033428771908",
        "started_at": instant("2026-05-28T20:26:40.123456"),
        "device_ip": "192.168.60.5",
        "destination_ip": "203.0.113.9",
        "destination_port": 443,
        "protocol": "tcp",
        "service": "tls",
        "duration_seconds": 1.5,
        "bytes_sent": 900,
        "bytes_received": 12_000,
        "packets_sent": 7,
        "packets_received": 9,
        "connection_state": "closed",
        "source_port": 41_000,
        "is_inbound": False,
    }


def test_an_alert_keeps_signature_category_priority_and_action(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(alert()))
    row = read(tmp_path, ALERTS).row
    assert len(str(row.pop("alert_id"))) == 32
    assert row == {
        "source": "office",
        "raised_at": instant("2026-05-28T20:30:00.000001"),
        "device_ip": "192.168.60.5",
        "device_name": None,
        "severity": "high",
        "anomaly_score": None,
        "explanation": "POLICY curl outbound (Potential Corporate Privacy Violation), allowed, 192.168.60.5:41000 to"
        " 203.0.113.9:443, priority 2, rule 1:2013028:4",
        "is_acknowledged": False,
        "acknowledged_at": None,
        "rule": "POLICY curl outbound",
    }


def test_a_flow_belongs_to_the_day_it_began_not_to_that_of_its_line(tmp_path: Path) -> None:
    late = flow({"timestamp": "2026-05-30T01:00:00.0+0000", "flow.start": "2026-05-29T01:59:59.999999+0200"})
    put(
        tmp_path, "eve-2026-05-30.json.gz", lines(late, flow({"flow.start": "2026-05-29T00:00:00.0+0000"})), packed=True
    )
    assert read(tmp_path, window=day("2026-05-28")).rows["started_at"].to_list() == [
        instant("2026-05-28T23:59:59.999999")
    ]
    assert read(tmp_path, window=day("2026-05-29")).rows["started_at"].to_list() == [instant("2026-05-29")]


def test_offsets_are_read_line_by_line_and_none_means_the_zone_of_the_source(tmp_path: Path) -> None:
    starts = [
        "2018-10-28T02:30:00.5+0200",
        "2018-10-28T02:30:00.5+0100",
        "2018-10-28T02:30:00.5Z",
        "2018-10-28T02:30:00.5",
    ]
    put(tmp_path, "eve.json", lines(*(flow({"flow_id": n, "flow.start": start}) for n, start in enumerate(starts))))
    found = read(tmp_path).rows["started_at"].to_list()
    assert found == [instant(f"2018-10-28T{hour}:30:00.5") for hour in ("00", "01", "02", "02")]


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"app_proto": "failed"}, "service", None),
        ({"app_proto": None}, "service", None),
        ({"src_ip": "fe80:0000:0000:0000:0000:0000:0000:0001"}, "device_ip", "fe80::1"),
        ({"dest_ip": "::ffff:c000:0201"}, "destination_ip", "::ffff:192.0.2.1"),
        ({"proto": "IPv6-ICMP", "src_port": None, "dest_port": None}, "protocol", "icmp6"),
        ({"proto": "ICMP", "src_port": None, "dest_port": None}, "destination_port", None),
        ({"proto": "047"}, "protocol", "ip-47"),
        ({"proto": "SCTP"}, "protocol", "sctp"),
        ({"flow.end": None}, "duration_seconds", None),
        ({"flow.bytes_toclient": None}, "bytes_received", None),
        ({"flow.bytes_toclient": 0}, "bytes_received", 0),
        ({"flow_id": 18_446_744_073_709_551_615}, "connection_id", "18446744073709551615"),
        ({"src_ip": "203.0.113.9", "dest_ip": "192.168.60.5"}, "is_inbound", True),
        ({"flow.state": "established"}, "connection_state", "established"),
    ],
)
def test_values_of_a_flow(tmp_path: Path, changes: dict[str, Any], column: str, expected: object) -> None:
    put(tmp_path, "eve.json", lines(flow(changes)))
    found = read(tmp_path)
    assert (found.row[column], found.reasons) == (expected, [])


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"src_ip": "00:0d:3a:13:e3:69"}, "device_ip", "bad_address: src_ip"),
        ({"dest_port": 65_536}, "destination_port", "bad_port: dest_port"),
        ({"flow.bytes_toserver": -1}, "bytes_sent", "bad_count: bytes_toserver"),
        ({"flow.pkts_toclient": "many"}, "packets_received", "bad_count: pkts_toclient"),
        ({"flow.end": "2026-05-28T20:26:39.0+0000"}, "duration_seconds", "bad_interval: flow.end"),
    ],
)
def test_a_wrong_value_costs_the_value_and_not_the_flow(
    tmp_path: Path, changes: dict[str, Any], column: str, reason: str
) -> None:
    put(tmp_path, "eve.json", lines(other("stats"), flow(changes)))
    found = read(tmp_path)
    assert found.row[column] is None
    assert found.reasons == [("eve.json:2", reason)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (json.dumps(flow())[:90], "not_json"),
        ("[1, 2]", "not_an_object"),
        ('{"timestamp":"2026-05-28T20:26:40.0+0000"}', "missing_value: event_type"),
        (json.dumps(flow({"flow.start": None})), "bad_time"),
        (json.dumps(flow({"flow.start": "soon"})), "bad_time"),
        (json.dumps(flow({"flow.start": "1970-01-01T00:00:09.0+0000"})), "implausible_time"),
        (json.dumps(flow({"dest_ip": None})), "missing_value: dest_ip"),
        (json.dumps(flow() | {"flow": "broken"}), "bad_time"),
    ],
)
def test_a_damaged_line_is_kept_aside_and_the_others_are_read(tmp_path: Path, line: str, reason: str) -> None:
    put(tmp_path, "eve.json", lines(flow({"flow_id": 1})) + line + "\n" + lines(alert(), flow({"flow_id": 2})))
    found = read(tmp_path)
    assert found.rows["connection_id"].to_list() == ["1", "2"]
    assert found.reasons == [("eve.json:2", reason)]
    assert found.bad["record"].to_list() == [line]
    assert read(tmp_path, ALERTS).rows.height == 1
    assert read(tmp_path, ALERTS).reasons == []


def test_half_a_last_line_is_kept_aside(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(flow()) + json.dumps(flow())[:120])
    found = read(tmp_path)
    assert (found.rows.height, found.reasons) == (1, [("eve.json:2", "not_json")])


def test_other_events_are_counted_and_left_alone(tmp_path: Path) -> None:
    dropped = alert({"event_type": "drop"})
    put(tmp_path, "eve.json", lines(*[other("fileinfo")] * 3, flow(), alert(), netflow(), dropped, other("stats")))
    assert list(inspect(settings(tmp_path), UTC_ZONE)) == [
        "connections: 1 row, 2026-05-28T20:26:40+00:00 to 2026-05-28T20:26:40+00:00, 0 quarantined",
        "alerts: 1 row, 2026-05-28T20:30:00+00:00 to 2026-05-28T20:30:00+00:00, 0 quarantined",
        "other events, left alone: 3 fileinfo, 1 drop, 1 netflow, 1 stats",
    ]


def test_one_packet_may_raise_two_alerts_and_one_line_only_one(tmp_path: Path) -> None:
    second = alert({"alert.signature_id": 9, "alert.signature": "other"})
    reordered = dict(reversed(alert().items()))
    put(tmp_path, "eve.json", lines(alert({"pcap_cnt": 1}), second, alert(), reordered, alert()))
    ids = read(tmp_path, ALERTS).rows["alert_id"].to_list()
    assert len(set(ids)) == 3
    assert len(set(ids[2:])) == 1


@pytest.mark.parametrize(
    ("priority", "level"),
    [
        *((1, "critical"), (2, "high"), (3, "medium"), (4, "low"), (5, "info"), (255, "info")),
        *((256, "unknown"), (0, "unknown"), (None, "unknown"), ("urgent", "unknown"), ("1", "critical")),
    ],
)
def test_priorities_have_levels(tmp_path: Path, priority: object, level: str) -> None:
    put(tmp_path, "eve.json", lines(alert({"alert.severity": priority})))
    assert read(tmp_path, ALERTS).row["severity"] == level


def test_levels_of_priorities_can_be_told(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(alert(), alert({"alert.severity": 1}), alert({"alert.severity": 9})))
    found = read(tmp_path, ALERTS, alert_severity={1: "high", 9: "low"})
    assert found.rows["severity"].to_list() == ["high", "high", "low"]


@pytest.mark.parametrize(
    ("changes", "device"),
    [
        ({}, "192.168.60.5"),
        (BACK, "192.168.60.5"),
        ({"src_ip": "192.168.60.5", "dest_ip": "192.168.60.9"}, "192.168.60.5"),
        ({"src_ip": "192.168.60.5", "dest_ip": "192.168.60.9", "direction": "to_client"}, "192.168.60.9"),
        ({"src_ip": "192.168.60.5", "dest_ip": "192.168.60.9", "flow.src_ip": "192.168.60.9"}, "192.168.60.9"),
        (
            {
                "src_ip": "192.168.60.5",
                "dest_ip": "192.168.60.9",
                "flow.src_ip": "192.168.60.5",
                "alert.source": {"ip": "192.168.60.9", "port": 1},
            },
            "192.168.60.9",
        ),
        ({"src_ip": "198.51.100.1"}, "198.51.100.1"),
        ({"src_ip": None, "dest_ip": None}, None),
    ],
)
def test_the_device_of_an_alert_is_the_local_side_else_who_began(
    tmp_path: Path, changes: dict[str, Any], device: str | None
) -> None:
    put(tmp_path, "eve.json", lines(alert(changes)))
    assert read(tmp_path, ALERTS).row["device_ip"] == device


def test_local_networks_can_be_told(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(flow(), alert()))
    assert read(tmp_path, local_networks=["203.0.113.0/24"]).row["is_inbound"] is True
    assert read(tmp_path, ALERTS, local_networks=["203.0.113.0/24"]).row["device_ip"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alert.action": "blocked"}, ", blocked, "),
        ({"verdict.action": "drop"}, ", blocked, "),
        ({"verdict.action": "alert"}, ", allowed, "),
        ({"alert.category": ""}, "POLICY curl outbound, allowed"),
        ({"src_ip": "2001:DB8::5"}, "[2001:db8::5]:41000 to 203.0.113.9:443"),
        ({"src_port": None, "dest_port": None, "proto": "ICMP"}, "192.168.60.5 to 203.0.113.9"),
    ],
)
def test_what_an_alert_says(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    put(tmp_path, "eve.json", lines(alert(changes)))
    assert words in str(read(tmp_path, ALERTS).row["explanation"])


def test_a_rule_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(alert({"alert.signature": ""}), alert({"alert.signature_id": None})))
    found = read(tmp_path, ALERTS)
    assert found.rows["rule"].to_list() == ["1:2013028:4"]
    assert found.reasons == [("eve.json:2", "missing_value: signature_id")]


def test_a_file_of_several_years_gives_each_day_its_own(tmp_path: Path) -> None:
    years = (2011, 2017, 2018, 2026)
    put(tmp_path, "eve.json", lines(*(flow({"flow_id": y, "flow.start": f"{y}-03-01T12:00:00.0+0000"}) for y in years)))
    assert by_day(read(tmp_path)) == {f"{year}-03-01": 1 for year in years}
    assert read(tmp_path, window=day("2017-03-01")).rows["connection_id"].to_list() == ["2017"]


def test_netflow_pairs_stand_in_where_no_flow_is_logged(tmp_path: Path) -> None:
    answer = netflow({**BACK, "netflow.bytes": 12_000, "netflow.pkts": 9})
    alone = netflow({"flow_id": 2, "src_port": 41_001})
    put(tmp_path, "eve.json", lines(netflow(), other("stats"), answer, alone, alert()))
    found = read(tmp_path)
    columns = ("connection_id", "device_ip", "destination_port", "bytes_sent", "bytes_received", "packets_received")
    assert found.rows.select(columns).rows() == [
        ("1303033428771908", "192.168.60.5", 443, 900, 12_000, 9),
        ("2", "192.168.60.5", 443, 900, None, None),
    ]
    assert found.row["duration_seconds"] == 1.5
    assert read(tmp_path, ALERTS).rows.height == 1


def test_a_netflow_pair_may_be_split_by_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logchunks, "read_blocks", lambda path, size, *_: read_blocks(path, size, 400))
    pairs = [one for n in range(50) for one in (netflow({"flow_id": n}), netflow({"flow_id": n, **BACK}))]
    put(tmp_path, "eve.json", lines(*pairs[1::2][:25], *pairs[0::2], *pairs[1::2][25:]))
    found = read(tmp_path).rows
    assert sorted(found["connection_id"].cast(int)) == list(range(50))
    assert found["bytes_received"].null_count() == 0


def test_netflow_is_left_alone_where_any_file_holds_a_flow(tmp_path: Path) -> None:
    put(tmp_path, "a.json", lines(*[netflow()] * 3))
    put(tmp_path, "b.json", lines(*[other("stats")] * 2_000, flow()))
    found = read(tmp_path, memory=tmp_path / "memory")
    assert found.rows.height == 1
    assert read(tmp_path, memory=tmp_path / "memory").rows.equals(found.rows)


def test_files_without_a_flow_are_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.json", lines(netflow()))
    first = read(logs, memory=memory).rows
    opened: list[str] = []

    def noted(file: LogFile, form: LogForm) -> object:
        opened.append(file.name)
        return actual(file, form)

    actual = logchunks.file_chunks
    monkeypatch.setattr("sentinel_pipeline.sources.log_source.file_chunks", noted)
    assert read(logs, memory=memory).rows.equals(first)
    assert opened == ["a.json"]


def test_without_any_flow_connections_were_not_seen_and_alerts_were(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(other("stats")))
    with open_suricata(settings(tmp_path), None) as source:
        assert not source.has(CONNECTIONS)
        assert source.has(ALERTS)
        assert source.first_at() is None
        assert taken(source, ALERTS).rows.is_empty()


def test_a_flow_far_down_the_file_is_seen_when_the_source_is_opened(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(*[other("fileinfo")] * 2_000, flow()))
    with open_suricata(settings(tmp_path), None) as source:
        assert source.has(CONNECTIONS)


def test_what_suricata_and_zeek_write_beside_is_no_fault(tmp_path: Path) -> None:
    put(tmp_path, "eve.json", lines(flow()))
    put(tmp_path, "fast.log", "05/28/2026-20:30:00.000001  [**] [1:2013028:4] POLICY [**]\n")
    put(tmp_path, "suricata.log", "[1] <Notice> - all 2 packet processing threads initialized\n")
    put(tmp_path, "conn.log", tsv([conn()]))
    put(tmp_path, "readme.txt", "These are logs.\n")
    assert read(tmp_path).reasons == [("readme.txt", "not_a_suricata_log")]


def test_notes_make_no_difference_to_what_is_read(tmp_path: Path) -> None:
    logs, memory = tmp_path / "logs", tmp_path / "memory"
    put(logs, "a.json", lines(flow(), alert(), flow({"flow.start": "-"})) + "{")
    put(logs, "b.json.gz", lines(flow({"flow.start": "2026-05-29T10:00:00.0+0000"}), alert()), packed=True)
    for table in (ALERTS, CONNECTIONS):
        for date in ("2026-05-28", "2026-05-29", "2026-05-30", "2026-05-28"):
            without, noted = (read(logs, table, day(date), place) for place in (None, memory))
            assert noted.rows.equals(without.rows)
            assert noted.bad.equals(without.bad)


def test_a_cut_gzip_keeps_its_rows_and_is_told_once(tmp_path: Path) -> None:
    rows = [flow({"flow_id": n * 7_919_993_331 % 2**50}) for n in range(2_000)]
    file = put(tmp_path, "eve.json.gz", lines(*rows), packed=True)
    file.write_bytes(file.read_bytes()[:-2_000])
    found = read(tmp_path)
    assert 500 < found.rows.height < 2_000
    assert found.reasons == [(f"eve.json.gz:{found.rows.height + 1}", "truncated_gzip")]


@pytest.mark.parametrize("options", [{"local_networks": "10/8"}, {"alert_severity": {1: "urgent"}}])
def test_wrong_options_are_told_when_the_source_is_opened(tmp_path: Path, options: dict[str, object]) -> None:
    put(tmp_path, "eve.json", lines(flow()))
    with pytest.raises(UsageError, match="source 'office'"):
        KIND.open(settings(tmp_path, options), None)


def test_a_place_without_eve_logs_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachableError, match=r"the folder is empty, it holds no Suricata log"):
        KIND.open(settings(tmp_path), None)
    put(tmp_path, "conn.log", tsv([conn()]))
    with pytest.raises(SourceUnreachableError, match="holds no Suricata log among 1 file;"):
        KIND.open(settings(tmp_path), None)


def test_a_public_sample_of_mostly_other_events() -> None:
    place = sample("suricata-eve/eve.json.gz")
    found = read(place)
    assert by_day(found) == {"2017-04-06": 1}
    assert (found.row["device_ip"], found.row["destination_ip"], found.row["protocol"]) == ("::", "ff02::16", "icmp6")
    alerts = read(place, ALERTS)
    assert (alerts.rows.height, alerts.rows["alert_id"].n_unique(), alerts.reasons) == (68, 68, [])
    assert set(alerts.rows["severity"]) == {"medium"}
    with open_suricata(settings(place), None) as source:
        assert source.first_at() == instant("2011-03-12T22:33:29.217918")


def test_public_samples_with_offsets_and_flows_written_days_later() -> None:
    place = sample("zeek-m57/suricata")
    assert by_day(read(place)) == {"2011-08-12": 1, "2018-10-30": 21}
    alerts = read(place, ALERTS)
    assert (alerts.rows.height, alerts.rows["alert_id"].n_unique(), alerts.reasons) == (1_163, 1_163, [])
    assert read(place, window=day("2011-08-12")).row["started_at"] == instant("2011-08-12T12:53:47.928539")
