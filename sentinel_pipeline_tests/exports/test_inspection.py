from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.exports.inspection import inspect
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.lake.sources import Bad, System
from sentinel_pipeline_tests.statistics.frames import utc


def lines(system: System, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setitem(KINDS, "memory", system.kind)
    return list(inspect(system.settings, BERLIN))


def test_every_table_is_told_with_its_rows_and_times_and_what_could_not_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = [utc("2025-07-01T10:00:00"), utc("2025-01-01T11:00:00"), utc("2025-03-01T11:00:00")]
    rows: dict[str, list[dict[str, Any]]] = {
        "alerts": [{"raised_at": time} for time in times],
        "devices": [{"device_ip": "a"}],
    }
    system = System(rows=rows, lacks=("connections",), bad=[Bad("alerts", "1"), Bad("alerts", "2")])
    assert lines(system, monkeypatch) == [
        "connections: not in this source",
        "alerts: 3 rows, 2025-01-01T12:00:00+01:00 to 2025-07-01T12:00:00+02:00, 2 quarantined",
        "devices: 1 row, 0 quarantined",
        "quarantined: 2 of alerts: bad_time (its time is missing or unreadable, so it belongs to no day)",
    ]


def test_a_source_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceUnreachableError, match="nobody answers"):
        lines(System(is_away=True), monkeypatch)
