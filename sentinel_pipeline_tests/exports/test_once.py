"""Exports and the check count what an edition counts."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, DEVICES, QUARANTINE, Table
from sentinel_pipeline.exports.inspection import inspect
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.rows import export
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.lake.extraction import extract
from sentinel_pipeline.lake.readings import asset_of
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF, week
from sentinel_pipeline_tests.lake.sources import System
from sentinel_pipeline_tests.statistics.frames import days_of, instants, utc

DAYS = days_of(week("2025-10-20"))[2:4]
WINDOW = Window(DAYS[0].window.start, DAYS[-1].window.end)
NOON = utc("2025-10-22T10:00:00")
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "alert_id": st.sampled_from(["1", "2", "3", None]),
            "raised_at": instants(WINDOW) | st.just(NOON),
            "explanation": st.sampled_from(["a", "b", None]),
        }
    ),
    max_size=30,
)


def exported(system: System, table: Table, folder: Path) -> list[dict[str, Any]]:
    wanted = Wanted(table, WINDOW, format="parquet")
    made = export(
        wanted, Sources([(system.kind, system.settings)], BERLIN), Spelling(BERLIN), folder / f"{table.name}.parquet"
    )
    return sorted(pl.read_parquet(made.path).to_dicts(), key=str)


def extracted(system: System, table: Table, folder: Path) -> list[dict[str, Any]]:
    lake = Lake(folder)
    for day in DAYS:  # each alone, so that none knows the others
        extract(system.kind, system.settings, [day], lake)
    assets = [lake.read(asset_of("home", table.name), day.key) for day in DAYS]
    rows = pl.concat(assets)
    return sorted((rows.unique() if table.time is None else rows).to_dicts(), key=str)


@BRIEF
@given(ROWS, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_an_export_holds_the_rows_and_the_copies_of_the_days_editions(
    rows: Sequence[Mapping[str, Any]], chance: random.Random
) -> None:
    shuffled = chance.sample(list(rows), len(rows))
    devices = [{"device_ip": "a", "device_name": "x"}, {"device_ip": "a", "device_name": "y"}]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        system = System(rows={"alerts": rows, "devices": devices}, batch=7)
        other = System(rows={"alerts": shuffled, "devices": devices}, batch=3)
        for table in (ALERTS, DEVICES, QUARANTINE):
            of_days = extracted(system, table, folder / "lake" / table.name)
            keys = [name for name in table.schema.names() if table is not DEVICES or name == "device_ip"]
            assert [[row[key] for key in keys] for row in exported(other, table, folder)] == [
                [row[key] for key in keys] for row in of_days
            ]


def test_of_copies_the_earliest_stands_and_the_others_are_told(tmp_path: Path) -> None:
    times = [NOON + timedelta(hours=2), NOON, NOON + timedelta(days=1)]
    system = System(rows={"alerts": [{"alert_id": "7", "raised_at": time} for time in times]})
    assert [row["raised_at"] for row in exported(system, ALERTS, tmp_path)] == [NOON, times[2]]
    (copy,) = exported(system, QUARANTINE, tmp_path)
    assert (copy["location"], copy["reason"]) == ("alerts#7 of 2025-10-22 copy 2", "duplicate_alert_id")
    assert copy["occurred_at"] == times[0]
    assert json.loads(copy["record"])["alert_id"] == "7"


def test_the_check_counts_a_key_once_a_day_and_its_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = [{"alert_id": "7", "raised_at": NOON + timedelta(hours=n)} for n in (0, 1, 24)]
    system = System(rows={"alerts": alerts}, lacks=("connections", "devices"))
    monkeypatch.setitem(KINDS, "memory", system.kind)
    lines = list(inspect(system.settings, BERLIN))
    assert [line for line in lines if "alerts" in line] == [
        "alerts: 2 rows, 2025-10-22T12:00:00+02:00 to 2025-10-23T12:00:00+02:00, 1 quarantined",
        "quarantined: 1 of alerts: duplicate_alert_id (its key stands on that day already; the earliest counts)",
    ]


def test_a_source_without_copies_is_read_once(tmp_path: Path) -> None:
    system = System(rows={"alerts": [{"alert_id": str(n), "raised_at": NOON} for n in range(5)]})
    exported(system, QUARANTINE, tmp_path)
    assert sorted(system.reads) == ["alerts", "connections", "devices"]
