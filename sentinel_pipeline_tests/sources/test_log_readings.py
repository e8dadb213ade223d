"""Many small log files are understood together: nothing may show that they were."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, Table
from sentinel_pipeline.sources import log_readings
from sentinel_pipeline_tests.sources.eve_logs import alert, flow, lines, read
from sentinel_pipeline_tests.sources.zeek_logs import day, put

FILES = 50


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """An hour a file: flows and alerts of all shapes, some of them wrong, some of another day, some without a day."""
    for number in range(FILES):
        hour = f"2026-05-{27 + number // 24}T{number % 24:02}:10:00.000001+0000"
        one = flow({"flow_id": number, "flow.start": hour, "flow.end": hour})
        two = alert({"timestamp": hour, "flow_id": number, "alert.severity": number % 4, "alert.rev": number})
        odd = [
            flow({"flow_id": 1_000 + number, "flow.start": hour if number % 3 else "soon", "src_port": 99_999}),
            alert({"timestamp": hour, "alert.category": "", "dest_port": None, "alert.rev": 1_000 + number}),
            alert({"timestamp": hour, "src_ip": "fe80::1", "alert.signature_id": None}),
        ]
        put(logs := tmp_path / "logs", f"eve-{number:02}.json", lines(one, two, *odd[: number % 4]))
    return logs


@pytest.mark.parametrize("table", [CONNECTIONS, ALERTS], ids=lambda table: table.name)
@pytest.mark.parametrize("together", [7, 16_384])
def test_files_read_together_give_what_each_gives_alone(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int, table: Table
) -> None:
    monkeypatch.setattr(log_readings, "TOGETHER", together)
    found = read(logs, table, window=day("2026-05-28"), memory=tmp_path / "memory")
    alone = [read(file, table, window=day("2026-05-28")) for file in sorted(logs.iterdir())]
    assert found.rows.equals(pl.concat([one.rows for one in alone if one.rows.height]))
    assert found.rows.height > 24
    assert sorted(found.reasons) == sorted(reason for one in alone for reason in one.reasons)
    again = read(logs, table, window=day("2026-05-28"), memory=tmp_path / "memory")
    assert again.rows.equals(found.rows)
    assert sorted(again.reasons) == sorted(found.reasons)


def test_what_a_file_spans_is_noted_of_it_alone(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def notes(together: int) -> list[bytes]:
        monkeypatch.setattr(log_readings, "TOGETHER", together)
        read(logs, CONNECTIONS, memory=tmp_path / str(together))
        return [path.read_bytes() for path in sorted((tmp_path / str(together)).iterdir())]

    assert notes(1) == notes(50) != []
