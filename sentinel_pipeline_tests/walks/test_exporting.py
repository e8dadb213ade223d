"""Rows of a table straight from the sources, by the command."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.tables import DEVICES
from sentinel_pipeline_tests.walks.household import CONFIGURATION, add_alert, make_house, sentinel

FIRST_COLUMNS = [
    "source",
    "connection_id",
    "started_at",
    "device_ip",
    "destination_ip",
    "destination_port",
    "protocol",
    "service",
    "duration_seconds",
    "bytes_sent",
    "bytes_received",
    "packets_sent",
    "packets_received",
    "connection_state",
]


def read(path: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("house"))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "America/New_York"])
@pytest.mark.parametrize("hour", ["00:00", "07:30", "23:59:59"])
def test_a_day_of_a_row_an_hour_is_24_rows_at_any_time_in_any_host_zone(house: Path, zone: str, hour: str) -> None:
    said = sentinel(
        house, "export", "alerts", "--since", f"2025-03-11T{hour}", "--until", f"2025-03-12T{hour}", TZ=zone
    )
    assert said.code == 0, said.err
    path, rows, _ = said.last.rsplit(" ", 2)
    assert int(rows) == 24
    assert len(read(path)) == 24


def test_a_date_in_until_includes_its_day(house: Path) -> None:
    said = sentinel(house, "export", "incidents", "--since", "2025-03-12", "--until", "2025-03-12")
    assert said.last.endswith(" 24 rows")


def test_rows_come_newest_first_in_the_contracts_columns(house: Path, tmp_path: Path) -> None:
    said = sentinel(house, "export", "connections", "--source", "gateway", "--output", str(tmp_path / "x.csv"))
    assert said.code == 0, said.err
    rows = read(tmp_path / "x.csv")
    assert list(rows[0])[:14] == FIRST_COLUMNS
    times = [row["started_at"] for row in rows]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("name", ["csv", "json", "ndjson", "xlsx", "parquet", "sqlite", "pdf"])
def test_every_format_holds_the_same_rows(house: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"alerts.{name}"
    said = sentinel(
        house, "export", "alerts", "--format", name, "--columns", "alert_id,severity", "--output", str(target)
    )
    assert said.last == f"{target} 96 rows"
    if name == "parquet":
        assert pl.read_parquet(target).columns == ["alert_id", "severity"]
    if name == "json":
        assert len(json.loads(target.read_text())) == 96


def test_the_iotsentinel_layout_has_its_documented_header(house: Path) -> None:
    said = sentinel(house, "export", "devices", "--layout", "iotsentinel")
    path = said.last.rsplit(" ", 2)[0]
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "IP Address,Device Name,Type,MAC Address,Manufacturer,First Seen,Last Seen,Trusted,Blocked"
    assert "'=HYPERLINK" in "\n".join(lines)


def test_what_could_not_be_read_can_be_exported(house: Path) -> None:
    said = sentinel(house, "export", "quarantine")
    path = said.last.rsplit(" ", 2)[0]
    (row,) = read(path)
    assert (row["source"], row["table"], row["reason"]) == ("home", "connections", "bad_time")


def test_a_quiet_window_is_a_header_and_no_rows(house: Path) -> None:
    said = sentinel(house, "export", "alerts", "--until", "2020-01-01")
    path, rows, _ = said.last.rsplit(" ", 2)
    assert (said.code, rows) == (0, "0")
    assert Path(path).read_text(encoding="utf-8").startswith("source,alert_id,raised_at,")


def test_rows_are_narrowed_and_spelled_as_asked(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "alerts.csv.gz"
    said = sentinel(
        house, "export", "alerts", "--device", "device 2", "--severity", "high,critical", "--since", "2025-03-10",
        "--until", "2025-03-13", "--timezone", "Asia/Tokyo", "--decimals", "2", "--delimiter", "semicolon", "--bom",
        "--columns", "raised_at,device_name,severity,anomaly_score", "--output", str(target),
    )  # fmt: skip
    assert said.code == 0, said.err
    lines = gzip.decompress(target.read_bytes()).decode().split("\r\n")
    assert lines[0] == "\ufeffraised_at;device_name;severity;anomaly_score"
    assert said.last == f"{target} {len(lines) - 2} rows"
    assert len(lines) > 2
    assert all(
        re.fullmatch(r"2025-03-1\dT\d\d:30:00\+09:00;Device 2;(high|critical);0\.50", row) for row in lines[1:-1]
    )


def test_the_last_days_are_those_before_now(house: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with closing(sqlite3.connect(house / "home.db")) as database, database:
        add_alert(database, 9001, now - timedelta(days=2))
        add_alert(database, 9002, now - timedelta(days=9))
    try:
        found = [
            sentinel(house, "export", "alerts", "--last", span, "--output", str(tmp_path / "a.csv")).last
            for span in ("7d", "24h", "2w")
        ]
    finally:
        with closing(sqlite3.connect(house / "home.db")) as database, database:
            database.execute("DELETE FROM alerts WHERE id > 9000")
    assert [line.rsplit(" ", 2)[1] for line in found] == ["1", "0", "2"]


def test_computed_columns_are_written_and_mistakes_in_them_are_one_line(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "c.csv"
    asked = ("export", "connections", "--columns", "bytes_sent", "--output", str(target), "--compute")
    said = sentinel(house, *asked, "sent [kB] = bytes_sent / 1000", "--compute", "share = ROUND(sent / SUM(sent), 6)")
    assert said.code == 0, said.err
    rows = read(target)
    known = [row for row in rows if row["bytes_sent"]]
    total = sum(int(row["bytes_sent"]) for row in known)
    assert list(rows[0]) == ["bytes_sent", "sent [kB]", "share"]
    assert len(known) < len(rows)
    assert float(known[0]["share"]) == pytest.approx(int(known[0]["bytes_sent"]) / total, abs=1e-6)
    assert [row for row in rows if row["share"]] == known
    said = sentinel(house, *asked, "x = 1 + * 2")
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert "--compute 'x = 1 + * 2', column 9: a number, a column or a function is expected, not '*'" in said.err
    said = sentinel(house, *asked, "share = ROUND(bytes_sent / SUM(bytes_sent), 6)", "--state", "computed")
    assert (said.code, "--state" in said.err, len(said.err.splitlines())) == (2, True, 1)


def test_a_preview_makes_no_file(house: Path) -> None:
    before = sorted((house / "exports").rglob("*"))
    said = sentinel(house, "export", "devices", "--preview", "2")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].split() == [*DEVICES.schema.names()]
    assert len(lines) == 5
    assert re.fullmatch(r"2 of 5 rows; as csv [0-9.]+ (B|KiB)", lines[-1])
    assert sorted((house / "exports").rglob("*")) == before


def test_a_state_gives_each_row_once(house: Path, tmp_path: Path) -> None:
    def nightly(name: str) -> int:
        said = sentinel(
            house, "export", "alerts", "--state", "walk", "--since", "2025-03-12", "--output", str(tmp_path / name)
        )
        assert said.code == 0, said.err
        return int(said.last.rsplit(" ", 2)[1])

    assert nightly("a.csv") == 46
    with closing(sqlite3.connect(house / "home.db")) as database, database:
        add_alert(database, 9003, datetime(2025, 3, 12, 1, tzinfo=UTC))
    try:
        assert [nightly("b.csv"), nightly("c.csv")] == [1, 0]
        assert [row["alert_id"] for row in read(tmp_path / "b.csv")] == ["9003"]
    finally:
        with closing(sqlite3.connect(house / "home.db")) as database, database:
            database.execute("DELETE FROM alerts WHERE id > 9000")


def test_limits_of_the_configuration_refuse_and_leave_no_file(house: Path, tmp_path: Path) -> None:
    config = house / "config" / "sentinel.yaml"
    config.write_text(CONFIGURATION + "limits: {rows: 90, days: 2}\n")
    target = str(tmp_path / "a.csv")
    try:
        many = sentinel(house, "export", "devices", "--output", target)
        long = sentinel(house, "export", "alerts", "--since", "2025-03-10", "--until", "2025-03-12", "--output", target)
        config.write_text(CONFIGURATION + "limits: {rows: 90}\n")
        large = sentinel(house, "export", "alerts", "--output", target)
    finally:
        config.write_text(CONFIGURATION)
    assert (many.code, long.code, large.code) == (0, 2, 1)
    assert long.complaints[0].startswith("sentinel: INVALID_DATE_RANGE: 2 days at once are allowed")
    assert large.complaints[0].startswith(
        "sentinel: EXPORT_TOO_LARGE: more than 90 rows (limits.rows in sentinel.yaml)"
    )
    assert len(read(target)) == 5


def test_privacy_keeps_devices_out_of_the_file_and_of_all_that_is_said(house: Path, tmp_path: Path) -> None:
    names = ("192.168.1.1", "device 1", "device 2")
    for more in (["--output", str(tmp_path / "a.csv")], ["--preview", "5"]):
        said = sentinel(
            house, "export", "alerts", "--privacy", "pseudonyms", "--privacy-key", "env:PRIVACY_KEY", *more,
            PRIVACY_KEY="0123456789abcdef",
        )  # fmt: skip
        assert said.code == 0, said.err
        told = f"{said.out}{said.err}".lower()
        assert [name for name in (*names, "0123456789abcdef") if name in told] == []
    written = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert len(read(tmp_path / "a.csv")) == 96
    assert [name for name in names if name in written.lower()] == []
    refused = sentinel(house, "export", "alerts", "--privacy", "pseudonyms", "--privacy-key", "0123456789abcdef")
    assert (refused.code, "0123456789abcdef" in refused.err) == (2, False)
