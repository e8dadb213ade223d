"""Planned exports as Dagster makes them: a file a day, with a link that downloads it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.runs import PARTITION, RANGE_END, RANGE_START
from sentinel_pipeline.portal.downloads import published_file
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.orchestration.test_assets import DAYS, failed, run
from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, make_house

PLANNED = """
exports:
  - {name: serious, table: alerts, severity: [critical, high], columns: [alert_id, severity], compress: gz}
  - {name: everything, table: connections, format: parquet, source: [gateway]}
  - {name: nobody, table: alerts, privacy: [pseudonyms]}
privacy: {key: "file:config/privacy.key"}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_house(tmp_path_factory.mktemp("house"))
    (made / "config" / "sentinel.yaml").write_text(CONFIGURATION + PLANNED)
    (made / "config" / "privacy.key").write_text("a key of the test\n")
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_every_day_gets_its_file_with_a_link(house: Path, instance: dg.DagsterInstance) -> None:
    days = {RANGE_START: DAYS[1], RANGE_END: DAYS[2]}
    assert run(house, instance, "read_days", **days).success
    assert run(house, instance, "export_days", **days).success
    lines = gzip.decompress((house / "exports" / "serious" / f"{DAY}.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "alert_id,severity"
    assert {line.split(",")[1] for line in lines[1:]} == {"critical", "high"}
    rows = pl.read_parquet(house / "exports" / "everything" / f"{DAY}.parquet")
    assert (rows.height, set(rows["source"])) == (24, {"gateway"})
    unnamed = (house / "exports" / "nobody" / f"{DAY}.csv").read_text(encoding="utf-8").lower()
    assert unnamed.count("\n") == 25
    assert "device 1" not in unnamed
    assert "192.168." not in unnamed
    key = dg.AssetKey(["exports", "serious"])
    assert instance.get_materialized_partitions(key) == set(DAYS[1:3])
    made = instance.get_latest_materialization_event(key)
    assert made is not None
    assert made.asset_materialization is not None
    link = made.asset_materialization.metadata["download"].value
    assert link == f"/files/exports/serious/{made.asset_materialization.partition}.csv.gz"
    assert published_file(house, str(link).removeprefix("/files/")) is not None
    assert made.asset_materialization.metadata["dagster/partition_row_count"].value == len(lines) - 1


def test_a_day_that_was_not_read_fails_in_one_line(house: Path, instance: dg.DagsterInstance) -> None:
    result = run(house, instance, "export_days", **{PARTITION: DAYS[0]})
    assert failed(result) == {"exports__serious", "exports__everything", "exports__nobody"}
    said = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert all(error and "materialize it first" in str(error) for error in said)
    assert not (house / "exports" / "serious" / f"{DAYS[0]}.csv.gz").exists()


def test_a_plan_that_cannot_be_had_is_told_when_the_code_location_loads(tmp_path: Path) -> None:
    made = make_house(tmp_path)
    wrong = "exports: [{name: wrong, table: connections, severity: [high]}]"
    (made / "config" / "sentinel.yaml").write_text(f"{CONFIGURATION}{wrong}\n")
    with pytest.raises(SettingsError, match="exports, wrong: severity does not narrow connections"):
        build_definitions(load_settings(made))


def test_without_planned_exports_there_is_no_such_job(tmp_path: Path) -> None:
    definitions = build_definitions(load_settings(make_house(tmp_path)))
    assert definitions.resolve_asset_graph().asset_keys_for_group("exports") == set()
    assert "export_days" not in {job.name for job in definitions.jobs or ()}
