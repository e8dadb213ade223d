"""The workshop's EVE logs: a network of its own, rotated by the time of writing, with damage and a story."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo.household import GUESSER, GUESTS, HOME
from sentinel_pipeline.demo.ids import write_ids
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.demo.workshop import BEACON, WORKSHOP

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 11, 20)


def made(folder: Path, last_day: date = FRIDAY, days: int = 7) -> Path:
    write_ids(folder, Plan(last_day, days, 1.0, BERLIN, 7), silent)
    return folder


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("ids"))


def lines(file: Path) -> list[str]:
    data = file.read_bytes()
    return (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8").splitlines()


def events(folder: Path) -> list[dict[str, Any]]:
    """The events of all files that can be read."""
    whole = [line for file in sorted(folder.iterdir()) for line in lines(file) if line.endswith("}")]
    return [json.loads(line) for line in whole]


def test_every_day_is_rotated_and_the_last_is_still_written(logs: Path) -> None:
    names = sorted(file.name for file in logs.iterdir())
    assert names == ["eve.json", *(f"eve.json-202611{day}.gz" for day in range(14, 22))]
    for file in logs.glob("*.gz"):
        days = {json.loads(line)["timestamp"][:10] for line in lines(file) if line.endswith("}")}
        assert len(days) == 1


def test_a_day_has_hundreds_of_flows_and_a_few_alerts(logs: Path) -> None:
    days = Counter((one["flow"]["start"][:10]) for one in events(logs) if one["event_type"] == "flow")
    assert all(600 < days[f"2026-11-{day}"] < 1_600 for day in range(14, 21))
    found = Counter(one["timestamp"][:10] for one in events(logs) if one["event_type"] == "alert")
    assert all(1 < found[f"2026-11-{day}"] < 25 for day in range(14, 21))


def test_flows_are_written_after_they_end_and_have_ids_of_their_own(logs: Path) -> None:
    flows = [one for one in events(logs) if one["event_type"] == "flow"]
    assert len({one["flow_id"] for one in flows}) == len(flows)
    for one in flows:
        times = [datetime.fromisoformat(text) for text in (one["flow"]["start"], one["flow"]["end"], one["timestamp"])]
        assert times == sorted(times)
        assert ("src_port" in one) == (one["proto"] != "ICMP")


def test_the_workshop_shares_no_device_with_the_other_networks(logs: Path) -> None:
    others = {address for device in (*HOME, *GUESTS) for address in (device.ip, device.ipv6) if address}
    used = {str(ip_address(one[side])) for one in events(logs) for side in ("src_ip", "dest_ip") if side in one}
    assert not used & others
    assert {device.ip for device in WORKSHOP} <= used


def test_the_printer_calls_the_guesser_on_thursday_and_is_stopped(logs: Path) -> None:
    found = [one for one in events(logs) if one.get("alert", {}).get("signature_id") == BEACON.number]
    assert Counter(one["event_type"] for one in found) == {"alert": 3, "drop": 3}
    assert {(one["timestamp"][:10], one["dest_ip"], one["alert"]["action"]) for one in found} == {
        ("2026-11-19", GUESSER, "blocked")
    }


def test_some_last_lines_are_cut(logs: Path) -> None:
    assert 1 <= sum(not lines(file)[-1].endswith("}") for file in logs.iterdir()) <= 3


def test_archives_carry_no_time_of_writing(logs: Path) -> None:
    assert all(file.read_bytes()[4:8] == b"\0\0\0\0" for file in logs.glob("*.gz"))


def test_offsets_change_with_the_clocks(tmp_path: Path) -> None:
    offsets = Counter(one["timestamp"][-5:] for one in events(made(tmp_path, date(2026, 10, 25), 1)))
    assert offsets.keys() == {"+0100", "+0200"}
