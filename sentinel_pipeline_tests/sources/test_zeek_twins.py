"""The same rows written as TSV and as JSON are the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_pipeline_tests.sources.zeek_logs import NUMBERS, json_lines, put, read, tsv

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text not in {"-", "(empty)"} and "\\" not in text
)
counts = st.none() | st.integers(0, 2**64).map(str)
ports = st.integers(0, 70_000).map(str)
addresses = (st.ip_addresses().map(str)) | st.sampled_from(["192.168.1.1", "printer.example", "fe80::1"])
seconds = st.none() | st.tuples(st.integers(0, 10**7), st.integers(0, 999_999)).map(lambda t: f"{t[0]}.{t[1]:06d}")
times = st.tuples(st.integers(0, 4_200_000_000), st.integers(0, 999_999)).map(lambda t: f"{t[0]}.{t[1]:06d}")
flags = st.sampled_from([None, "T", "F"])
rows = st.fixed_dictionaries(
    {
        "ts": times,
        "uid": st.none() | texts,
        "id.orig_h": addresses,
        "id.orig_p": ports,
        "id.resp_h": addresses,
        "id.resp_p": ports,
        "proto": st.sampled_from(["tcp", "udp", "icmp", "unknown_transport", "47"]),
        "service": st.sampled_from([None, "dns", "ssl,http", "-ssl,http", "-ssl"]),
        "duration": seconds,
        "orig_bytes": counts,
        "resp_bytes": counts,
        "conn_state": st.none() | texts,
        "local_orig": flags,
        "local_resp": flags,
        "orig_pkts": counts,
        "resp_pkts": counts,
    }
).map(lambda row: {key: value for key, value in row.items() if value is not None})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, max_size=8), st.booleans())
def test_tsv_and_json_twins_give_equal_rows(logged: list[dict[str, str]], is_packed: bool) -> None:
    assert {"ts", "duration"} < NUMBERS
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        put(place, "tsv/conn.log", tsv(logged), is_packed)
        put(place, "json/conn.log", json_lines([*logged, {"_path": "dns"}]), not is_packed)
        lines, objects = read(place / "tsv"), read(place / "json")
    assert lines.rows.equals(objects.rows)
    assert sorted(lines.bad["reason"]) == sorted(objects.bad["reason"])
    assert lines.bad["occurred_at"].sort().equals(objects.bad["occurred_at"].sort())
