import csv
import gzip
import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from sentinel_pipeline.domain.errors import SentinelError, SourceUnreachableError, UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, DEVICES, QUARANTINE
from sentinel_pipeline.exports.filters import asked_conditions
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.rows import Exported, export
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS, Format
from sentinel_pipeline_tests.clocks import BERLIN, day
from sentinel_pipeline_tests.lake.sources import Bad, System
from sentinel_pipeline_tests.rendering.papers import run
from sentinel_pipeline_tests.statistics.frames import utc

NOON = utc("2025-01-02T11:00:00")
HOUR = timedelta(hours=1)


def exported(path: Path, wanted: Wanted, *systems: System, **how: Any) -> Exported:
    heard: dict[str, list[int]] = {"reading": [], "writing": []}
    origin = Sources([(system.kind, system.settings) for system in systems], BERLIN)
    made = export(
        wanted, origin, Spelling(BERLIN, "alerts"), path, lambda doing, rows, _: heard[doing].append(rows), **how
    )
    assert all(counts == sorted(counts) for counts in heard.values())
    assert sum(heard["writing"][-1:]) == made.rows
    return made


def alerts(*times: Any) -> dict[str, Any]:
    return {"alerts": [{"alert_id": str(number), "raised_at": time} for number, time in enumerate(times)]}


def test_a_device_is_known_by_its_name_where_rows_have_its_address_only(tmp_path: Path) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "devices": [{"device_ip": "10.0.0.1", "device_name": "Printer"}, {"device_ip": "10.0.0.2"}],
        "connections": [
            {"connection_id": str(n), "started_at": utc("2025-01-02T11:00:00"), "device_ip": f"10.0.0.{n}"}
            for n in (1, 2, 3)
        ],
    }
    for asked, found in ((("PRINTER",), ["1"]), (("printer", "10.0.0.3"), ["3", "1"]), (("Scanner",), [])):
        wanted = Wanted(CONNECTIONS, conditions=asked_conditions(CONNECTIONS, {"device": asked}))
        path = exported(tmp_path / "a.csv", wanted, System(rows=rows)).path
        assert [row["connection_id"] for row in rows_of(path)] == found


def selected(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


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


@pytest.mark.parametrize("format_", [form.name for form in FORMATS])
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
        "sqlite": lambda: [row[0] for row in selected(path, "SELECT alert_id FROM alerts")],
        "pdf": lambda: re.findall(r"^ *home +([0-9]+) ", run("pdftotext", "-layout", path, "-"), re.MULTILINE),
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
@pytest.mark.parametrize("format_", [form.name for form in FORMATS])
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


def test_rows_are_narrowed_while_they_stream(tmp_path: Path) -> None:
    rows = [{"alert_id": str(n), "raised_at": NOON, "severity": ("high", "low")[n % 2]} for n in range(6)]
    wanted = Wanted(ALERTS, conditions=asked_conditions(ALERTS, {"severity": ("high",)}))
    made = exported(tmp_path / "a.csv", wanted, System(rows={"alerts": rows}))
    assert [row["alert_id"] for row in rows_of(made.path)] == ["4", "2", "0"]


def test_transformations_follow_one_another_before_columns_are_chosen(tmp_path: Path) -> None:
    wanted = Wanted(
        ALERTS,
        columns=("double", "alert_id"),
        transformations=(
            lambda rows: rows.with_columns(double=pl.col("alert_id").cast(pl.Int64) * 2),
            lambda rows: rows.filter(pl.col("double") > 0),
        ),
    )
    made = exported(tmp_path / "a.csv", wanted, System(rows=alerts(NOON, NOON, NOON)))
    assert made.path.read_bytes() == b"double,alert_id\r\n4,2\r\n2,1\r\n"
    assert made.rows == 2


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("compression", [None, "gz", "zst"])
def test_the_same_rows_are_the_same_bytes_in_every_format(
    form: Format, compression: str | None, tmp_path: Path
) -> None:
    rows = [{"alert_id": str(n), "raised_at": NOON + n * HOUR, "explanation": f"=1+{n}"} for n in range(50)]
    wanted = Wanted(ALERTS, format=form.name, compression=compression)
    once = exported(tmp_path / "once", wanted, System(rows={"alerts": rows}, batch=7))
    time.sleep(1.1 if compression is None else 0)
    again = exported(tmp_path / "elsewhere" / "again", wanted, System(rows={"alerts": rows}, batch=50))
    assert once.path.read_bytes() == again.path.read_bytes()


def test_what_is_compressed_is_what_would_have_been_written(tmp_path: Path) -> None:
    system = System(rows=alerts(NOON, NOON + HOUR))
    plain = exported(tmp_path / "a.csv", Wanted(ALERTS), system).path.read_bytes()
    zipped = exported(tmp_path / "a.csv.gz", Wanted(ALERTS, compression="gz"), system).path.read_bytes()
    assert gzip.decompress(zipped) == plain
    assert zipped[4:8] == bytes(4), "the time of compression"
    packed = exported(tmp_path / "a.csv.zst", Wanted(ALERTS, compression="zst"), system).path
    with pa.OSFile(str(packed), "rb") as file, pa.CompressedInputStream(file, "zstd") as stream:
        assert stream.read() == plain


def test_a_new_export_stands_beside_one_of_the_same_name(tmp_path: Path) -> None:
    system = System("home", alerts(NOON))
    made = [exported(tmp_path / "a.csv.gz", Wanted(ALERTS, compression="gz"), system, is_new=True) for _ in range(2)]
    assert [one.path.name for one in made] == ["a.csv.gz", "a_2.csv.gz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv.gz", "a_2.csv.gz"]
    assert made[0].path.read_bytes() == made[1].path.read_bytes()


def test_of_copies_the_same_one_counts_whatever_is_asked(tmp_path: Path) -> None:
    copies = [{"alert_id": "1", "raised_at": NOON, "severity": severity} for severity in ("low", "high")]
    system = System(rows={"alerts": copies})
    (kept,) = rows_of(exported(tmp_path / "a.csv", Wanted(ALERTS), system).path)
    for severity in ("low", "high"):
        wanted = Wanted(ALERTS, conditions=asked_conditions(ALERTS, {"severity": (severity,)}))
        assert exported(tmp_path / "a.csv", wanted, system).rows == (severity == kept["severity"])
