"""The gateway's Zeek logs: rotated by the time a connection ended at, in both of Zeek's styles, with damage."""

from __future__ import annotations

import gzip
import ipaddress
import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo.gateway import write_gateway
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.demo.zeek_conn import CONN

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gateway")
    write_gateway(folder, Plan(FRIDAY, 7, 1.0, BERLIN, 7), silent)
    return folder


def lines(file: Path) -> list[str]:
    return gzip.decompress(file.read_bytes()).decode("utf-8").splitlines()


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a file that can be read, as text."""
    found = []
    for line in lines(file):
        if line.startswith("{") and line.endswith("}"):
            found.append({key: str(value) for key, value in json.loads(line).items()})
        elif not line.startswith(("#", "{", "XXX")) and line.count("\t") == len(CONN) - 1:
            found.append(dict(zip(CONN, line.split("\t"), strict=True)))
    return found


def local_day(row: dict[str, str]) -> str:
    return datetime.fromtimestamp(float(row["ts"]), BERLIN).date().isoformat()


def test_a_day_has_six_files_and_edges_have_one(logs: Path) -> None:
    counts = {folder.name: len(list(folder.glob("conn.*.log.gz"))) for folder in sorted(logs.iterdir())}
    assert counts == {"2026-11-13": 1} | {f"2026-11-{day}": 6 for day in range(14, 21)} | {"2026-11-21": 1}


def test_a_day_has_about_two_and_a_half_thousand_rows(logs: Path) -> None:
    for day in range(14, 21):
        count = sum(len(rows(file)) for file in (logs / f"2026-11-{day}").glob("conn.*"))
        assert 1_700 < count < 3_800


def test_tsv_files_have_headers_and_close_and_some_days_are_json(logs: Path) -> None:
    styles = {lines(file)[0][:1]: file for file in sorted(logs.rglob("conn.16_*"))}
    assert set(styles) == {"#", "{"}
    written = lines(styles["#"])
    assert written[0] == "#separator \\x09"
    assert written[6].split("\t") == ["#fields", *CONN]
    assert written[7].split("\t") == ["#types", *CONN.values()]
    assert written[-1].startswith("#close\t")


def test_rows_are_not_in_order_of_their_start(logs: Path) -> None:
    starts = [float(row["ts"]) for row in rows(next((logs / "2026-11-20").glob("conn.20_*")))]
    assert starts != sorted(starts)


def test_a_long_connection_lies_in_the_folder_of_the_day_it_ended(logs: Path) -> None:
    late = [
        row for file in (logs / "2026-11-20").glob("conn.*") for row in rows(file) if local_day(row) == "2026-11-19"
    ]
    assert late
    assert all(local_day(row) == "2026-11-19" for row in late)


def test_uids_are_unique(logs: Path) -> None:
    uids = [row["uid"] for file in logs.rglob("conn.*") for row in rows(file)]
    assert len(uids) == len(set(uids))


def test_some_connections_use_ipv6_and_all_addresses_are_made_up(logs: Path) -> None:
    allowed = [
        ipaddress.ip_network(text)
        for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.168.0.0/16", "2001:db8::/32", "fd00::/8")
    ]
    found = {
        ipaddress.ip_address(row[side])
        for file in (logs / "2026-11-20").glob("conn.*")
        for row in rows(file)
        for side in ("id.orig_h", "id.resp_h")
    }
    assert {ip.version for ip in found} == {4, 6}
    assert all(any(ip in network for network in allowed) for ip in found)


def test_some_connections_come_from_outside(logs: Path) -> None:
    inbound = [
        row for row in rows(next((logs / "2026-11-20").glob("conn.20_*"))) if row["local_orig"] in ("F", "False")
    ]
    assert all(row["id.resp_h"] == "192.168.40.2" for row in inbound)
    assert any(
        row["local_orig"] in ("F", "False") for file in (logs / "2026-11-20").glob("conn.*") for row in rows(file)
    )


def test_a_few_lines_are_damaged(logs: Path) -> None:
    damaged = 0
    for file in logs.rglob("conn.12_*"):
        data = [line for line in lines(file) if not line.startswith("#")]
        damaged += len(data) - len(rows(file))
    assert 3 <= damaged <= 14


def test_notices_name_the_guesser_on_tuesday(logs: Path) -> None:
    words = "\n".join(line for file in (logs / "2026-11-17").glob("notice.*") for line in lines(file))
    assert words.count("SSH::Password_Guessing") == 2
    for file in logs.rglob("notice.*"):
        for line in lines(file):
            assert line.startswith("#") or line.count("\t") == 16 or isinstance(json.loads(line)["actions"], list)


def test_archives_carry_no_time_of_writing(logs: Path) -> None:
    assert all(file.read_bytes()[4:8] == b"\0\0\0\0" for file in logs.rglob("*.gz"))
