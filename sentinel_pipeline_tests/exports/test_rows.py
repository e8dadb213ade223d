import csv
import json
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from sentinel_pipeline.domain.errors import SentinelError, SourceUnreachableError, UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, DEVICES, QUARANTINE
from sentinel_pipeline.exports.rows import Exported, Wanted, export
from sentinel_pipeline_tests.clocks import BERLIN, day
from sentinel_pipeline_tests.lake.sources import Bad, System
from sentinel_pipeline_tests.statistics.frames import utc

NOON = utc("2025-01-02T11:00:00")
HOUR = timedelta(hours=1)


def exported(path: Path, wanted: Wanted, *systems: System) -> Exported:
    heard: list[int] = []
    made = export(wanted, [(system.kind, system.settings) for system in systems], BERLIN, path, heard.append)
    assert heard == sorted(heard)
    return made


def alerts(*times: Any) -> dict[str, Any]:
    return {"alerts": [{"alert_id": str(number), "raised_at": time} for number, time in enumerate(times)]}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_of_all_sources_stand_newest_first(tmp_path: Path) -> None:
    home = System("home", alerts(NOON, NOON + 2 * HOUR, NOON))
    gateway = System("gateway", alerts(NOON + HOUR, NOON))
    made = exported(tmp_path / "a.csv", Wanted(ALERTS), home, gateway)
    found = [(row["source"], row["alert_id"]) for row in rows_of(made.path)]
    assert found == [("home", "1"), ("gateway", "0"), ("gateway", "1"), ("home", "2"), ("home", "0")]
    assert made.rows == 5
    assert rows_of(made.path)[0]["raised_at"] == "2025-01-02T14:00:00+01:00"


def test_the_window_is_half_open(tmp_path: Path) -> None:
    window = day("2025-01-02").window
    system = System(rows=alerts(window.start, window.end, window.end - timedelta(microseconds=1)))
    made = exported(tmp_path / "a.csv", Wanted(ALERTS, Window(window.start, window.end)), system)
    assert [row["alert_id"] for row in rows_of(made.path)] == ["2", "0"]


def test_columns_come_in_the_order_asked_for(tmp_path: Path) -> None:
    made = exported(tmp_path / "a.csv", Wanted(ALERTS, columns=("severity", "alert_id")), System(rows=alerts(NOON)))
    assert made.path.read_bytes() == b"severity,alert_id\r\nunknown,0\r\n"
    whole = exported(tmp_path / "b.csv", Wanted(ALERTS), System())
    assert whole.path.read_text(encoding="utf-8").strip().split(",") == ALERTS.schema.names()
    assert whole.rows == 0


@pytest.mark.parametrize("format_", ["csv", "json", "ndjson", "xlsx", "parquet"])
def test_every_format_holds_every_row(format_: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{format_}"
    made = exported(path, Wanted(ALERTS, format=format_), System(rows=alerts(NOON, NOON + HOUR)))
    assert (made.path, made.rows) == (path, 2)
    read: dict[str, Callable[[], list[Any]]] = {
        "csv": lambda: [row["alert_id"] for row in rows_of(path)],
        "json": lambda: [row["alert_id"] for row in json.loads(path.read_bytes())],
        "ndjson": lambda: [json.loads(line)["alert_id"] for line in path.read_bytes().splitlines()],
        "xlsx": lambda: [row[1] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:]],
        "parquet": lambda: list(pl.read_parquet(path)["alert_id"]),
    }
    assert [str(key) for key in read[format_]()] == ["1", "0"]


def test_a_layout_has_the_headers_its_system_promises(tmp_path: Path) -> None:
    made = exported(tmp_path / "a.csv", Wanted(ALERTS, layout="iotsentinel"), System(rows=alerts(NOON)))
    header, row, _ = made.path.read_bytes().decode().split("\r\n")
    assert header == "Alert ID,Timestamp,Device IP,Device Name,Severity,Anomaly Score,Explanation,Acknowledged"
    assert row.startswith("0,2025-01-02 12:00:00,")
    assert made.rows == 1


def test_an_inventory_goes_by_source_and_key(tmp_path: Path) -> None:
    systems = [System(name, {"devices": [{"device_ip": "b"}, {"device_ip": "a"}]}) for name in ("home", "gateway")]
    made = exported(tmp_path / "d.csv", Wanted(DEVICES), *systems)
    found = [(row["source"], row["device_ip"]) for row in rows_of(made.path)]
    assert found == [("gateway", "a"), ("gateway", "b"), ("home", "a"), ("home", "b")]


def test_what_cannot_be_read_is_counted_and_can_be_had_itself(tmp_path: Path) -> None:
    bad = [Bad("alerts", "one", occurred_at=NOON), Bad("alerts", "two"), Bad("alerts", "two"), Bad("devices", "three")]
    system = System(rows=alerts(NOON), bad=bad, lacks=("connections",))
    assert exported(tmp_path / "a.csv", Wanted(ALERTS), system).quarantined == 3
    made = exported(tmp_path / "q.csv", Wanted(QUARANTINE), system)
    assert made.rows == 3
    assert sorted(row["location"] for row in rows_of(made.path)) == ["one", "three", "two"]


def test_a_table_a_source_lacks_is_empty(tmp_path: Path) -> None:
    assert exported(tmp_path / "c.csv", Wanted(CONNECTIONS), System(lacks=("connections",))).rows == 0


@pytest.mark.parametrize("broken", [System("b", is_away=True), System("b", alerts(NOON), breaks_at="alerts")])
def test_a_source_that_cannot_be_read_leaves_the_old_file_and_nothing_else(broken: System, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with pytest.raises(SourceUnreachableError):
        exported(path, Wanted(ALERTS), System("a", alerts(NOON)), broken)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SentinelError, match="cannot be written: ") as refusal:
        exported(tmp_path / "file" / "a.csv", Wanted(ALERTS), System())
    assert len(str(refusal.value).splitlines()) == 1


def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(UsageError, match="is not a file; name one that can be replaced"):
            exported(place, Wanted(ALERTS), System())
    assert not Path("/dev/null").is_file()


def test_a_link_stays_and_the_file_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    made = exported(tmp_path / "link", Wanted(ALERTS, columns=("alert_id",)), System(rows=alerts(NOON)))
    assert (tmp_path / "link").is_symlink()
    assert made.path == tmp_path / "file"
    assert made.path.read_bytes() == b"alert_id\r\n0\r\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("format_", ["csv", "json", "ndjson", "xlsx", "parquet"])
def test_a_full_disk_leaves_no_part_of_a_file(format_: str, tmp_path: Path) -> None:
    small = tmp_path / "disk"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=False)
    if done.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    noise = [{"alert_id": str(n), "raised_at": NOON, "explanation": os.urandom(90).hex()} for n in range(900)]
    try:
        with pytest.raises(SentinelError, match="No space left on device"):
            exported(small / f"a.{format_}", Wanted(ALERTS, format=format_), System(rows={"alerts": noise}, batch=100))
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_new_export_stands_beside_one_of_the_same_name(tmp_path: Path) -> None:
    system = System("home", alerts(NOON))
    made = [
        export(
            Wanted(ALERTS), [(system.kind, system.settings)], BERLIN, tmp_path / "a.csv", lambda _: None, is_new=True
        )
        for _ in range(2)
    ]
    assert [one.path.name for one in made] == ["a.csv", "a_2.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a_2.csv"]
    assert rows_of(made[0].path) == rows_of(made[1].path)
