"""Rows of a table straight from the sources, by the command."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline_tests.walks.household import make_house, sentinel

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


@pytest.mark.parametrize("name", ["csv", "json", "ndjson", "xlsx", "parquet"])
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
