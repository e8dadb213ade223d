"""The assets as Dagster runs them: many days in one run, checks that block, failures that stop only what needs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from sentinel_pipeline.domain.tables import ALERTS
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.tallies import REPORT_BYTES, REPORT_SECONDS, REPORTS, counted
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET, RANGE_END, RANGE_START
from sentinel_pipeline.settings import PROJECT, ledger_url, load_settings
from sentinel_pipeline_tests.walks.household import DAY, make_house

GROUPS = {
    "sources",
    "facts",
    "statistics",
    "daily",
    "weekly",
    "monthly",
    "custom",
    "corrections",
    "requested_exports",
    "deliveries",
    "housekeeping",
}
DAYS = ("2025-03-10", "2025-03-11", "2025-03-12", "2025-03-13")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(house: Path, instance: dg.DagsterInstance, job: str, **tags: str) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(load_settings(house))
    return definitions.resolve_job_def(job).execute_in_process(
        run_config=QUIET, instance=instance, raise_on_error=False, tags=tags, partition_key=tags.get(PARTITION)
    )


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    return {str(event.step_key) for event in result.all_events if event.is_step_failure}


@pytest.mark.slow
def test_many_days_are_read_in_one_run_and_each_is_a_partition(house: Path, instance: dg.DagsterInstance) -> None:
    result = run(house, instance, "read_days", **{RANGE_START: DAYS[0], RANGE_END: DAYS[-1]})
    assert result.success
    assert len(instance.get_runs()) == 1
    for key in (dg.AssetKey(["extracts", "home"]), dg.AssetKey(["statistics", "alert_hours"])):
        assert instance.get_materialized_partitions(key) == set(DAYS)
    newest = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey(["statistics", "alert_hours"]), asset_partitions=[DAY]), limit=1
    ).records[0]
    made = newest.event_log_entry.asset_materialization
    assert made is not None
    file = house / "lake" / "statistics" / "alert_hours" / f"{DAY}.parquet"
    assert made.metadata["bytes"].value == file.stat().st_size
    assert {"sha256", "period", "preview", "dagster/partition_row_count"} <= made.metadata.keys()
    hours = instance.fetch_materializations(dg.AssetKey(["statistics", "alert_hours"]), limit=len(DAYS)).records
    telling = [
        record.partition_key
        for record in hours
        if (one := record.event_log_entry.asset_materialization) and "dagster/column_schema" in one.metadata
    ]
    assert telling == [DAYS[-1]]


def test_the_columns_of_facts_are_told_by_their_asset(house: Path) -> None:
    graph = build_definitions(load_settings(house)).resolve_asset_graph()
    schema = graph.get(dg.AssetKey(["facts", "alerts"])).metadata["dagster/column_schema"]
    assert [column.name for column in schema.schema.columns] == ALERTS.schema.names()


def test_one_click_reads_a_day_and_publishes_it(house: Path, instance: dg.DagsterInstance) -> None:
    result = run(house, instance, "publish_daily", **{PARTITION: DAY})
    assert result.success
    key = dg.AssetKey(["daily", "edition"])
    made = instance.get_latest_materialization_event(key)
    assert made is not None
    assert made.asset_materialization is not None
    metadata = made.asset_materialization.metadata
    folder = house / "editions" / "daily" / DAY / "r1"
    assert metadata["page"].value == f"/editions/daily/{DAY}/r1"
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix().replace("/", "_").replace(".", "_")
            assert metadata[name].value == f"/files/{path.relative_to(house).as_posix()}"
    assert run(house, instance, "render_daily", **{PARTITION: DAY}).success
    with open_ledger(ledger_url(house)).reading() as connection:
        reports = {one.labels: one.number for one in counted(connection, REPORTS) if one.number}
        took = {one.labels: one.number for one in counted(connection, REPORT_SECONDS) if one.number}
        sizes = {one.labels[0]: one for one in counted(connection, REPORT_BYTES)}
    assert reports == {("daily", "daily", "published"): 1, ("daily", "daily", "unchanged"): 1}
    assert took == {("daily",): 2}
    assert (sizes["pdf"].number, sizes["pdf"].total) == (1, (folder / "report.pdf").stat().st_size)
    assert sizes["csv"].total == sum(path.stat().st_size for path in folder.glob("tables/*.csv"))


@pytest.mark.slow
def test_a_report_is_published_where_it_cannot_be_counted(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    house = make_house(tmp_path)
    (house / "state.db").write_bytes(b"no database" * 100)
    assert run(house, instance, "publish_daily", **{PARTITION: DAY}).success
    assert (house / "editions" / "daily" / DAY / "r1" / "manifest.json").is_file()


def test_a_source_that_is_away_fails_its_own_asset_in_one_line_and_nothing_else(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = make_house(tmp_path / "house")
    (house / "office.db").unlink()
    result = run(house, instance, "publish_daily", **{PARTITION: DAY})
    assert failed(result) == {"sources__office"}
    (event,) = [event for event in result.all_events if event.is_step_failure]
    described = event.step_failure_data.user_failure_data
    assert described is not None
    assert described.description is not None
    assert "\n" not in described.description
    assert "office" in described.description
    assert (house / "editions" / "daily" / DAY / "r1" / "report.pdf").exists()


@pytest.mark.slow
def test_facts_with_a_wrong_type_stop_what_is_made_of_them(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    house = make_house(tmp_path / "house")
    assert run(house, instance, "read_days", **{RANGE_START: DAY, RANGE_END: DAY}).success
    extract = house / "lake" / "extracts" / "home" / "alerts" / f"{DAY}.parquet"
    pl.read_parquet(extract).with_columns(pl.col("anomaly_score").cast(pl.String)).write_parquet(extract)
    result = run(house, instance, "read_days", **{RANGE_START: DAY, RANGE_END: DAY})
    assert "facts_alerts" in {name.partition(".")[0] for name in failed(result)}
    skipped = {str(event.step_key) for event in result.all_events if event.event_type_value == "STEP_SKIPPED"}
    assert "statistics_of_alerts" not in {
        str(event.step_key) for event in result.all_events if event.event_type_value == "STEP_SUCCESS"
    }
    assert "statistics_of_connections" not in skipped


def test_statistics_that_do_not_add_up_stop_the_edition(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    house = make_house(tmp_path / "house")
    assert run(house, instance, "read_days", **{RANGE_START: DAY, RANGE_END: DAY}).success
    lake = Lake(house / "lake")
    hours = lake.read("statistics/alert_hours", DAY)
    lake.write("statistics/alert_hours", DAY, hours.head(hours.height - 1))
    result = run(house, instance, "render_daily", **{PARTITION: DAY})
    assert not result.success
    assert not (house / "editions" / "daily").exists()
    (check,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert "alerts_by_device adds up to 24" in str(check.description)


@pytest.mark.slow
def test_a_section_that_cannot_be_made_stops_no_other(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    house = make_house(tmp_path / "house")
    assert run(house, instance, "read_days", **{RANGE_START: DAY, RANGE_END: DAY}).success
    (house / "lake" / "statistics" / "alert_hours" / f"{DAY}.parquet").write_bytes(b"no Parquet")
    result = run(house, instance, "render_daily", **{PARTITION: DAY})
    assert failed(result) == {"daily_sections"}
    (event,) = [event for event in result.all_events if event.is_step_failure]
    described = event.step_failure_data.user_failure_data
    assert described is not None
    lines = str(described.description).splitlines()
    stopped = {line.partition(": ")[0] for line in lines}
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert "daily/alert_trends" in stopped - made
    assert {"daily/protocols", "daily/incident_trends"} <= made - stopped
    assert not (house / "editions" / "daily").exists()


def test_a_week_needs_its_seven_days_and_a_month_its_own(house: Path) -> None:
    graph = build_definitions(load_settings(house)).resolve_asset_graph()
    alerts = dg.AssetKey(["statistics", "alert_hours"])
    for cadence, key, days in (("weekly", "2025-03-17", 7), ("monthly", "2025-04-01", 30)):
        child = graph.get(dg.AssetKey([cadence, "alert_trends"]))
        mapping = child.partition_mappings[alerts]
        assert child.partitions_def is not None
        upstream = mapping.get_upstream_mapped_partitions_result_for_partitions(
            child.partitions_def.subset_with_partition_keys([key]),
            child.partitions_def,
            graph.get(alerts).partitions_def or child.partitions_def,
        )
        assert len(list(upstream.partitions_subset.get_partition_keys())) == days


@pytest.mark.slow
def test_deleting_a_run_leaves_its_partitions_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house(tmp_path / "house")
    home = prepare_home(house)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        first = run(house, instance, "read_days", **{RANGE_START: DAYS[0], RANGE_END: DAYS[1]})
        second = run(house, instance, "read_days", **{RANGE_START: DAYS[1], RANGE_END: DAYS[1]})
        key = dg.AssetKey(["statistics", "alert_hours"])
        instance.delete_run(first.run_id)
        assert instance.get_materialized_partitions(key) == set(DAYS[:2])
        newest = instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[DAYS[1]]), limit=1)
        assert newest.records[0].event_log_entry.run_id == second.run_id
        instance.delete_run(second.run_id)
        assert instance.get_materialized_partitions(key) == set(DAYS[:2])


def test_every_asset_says_what_it_is(house: Path) -> None:
    for spec in build_definitions(load_settings(house)).resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.group_name in GROUPS
        assert spec.owners == ["team:sentinel"]
        assert spec.kinds, spec.key
        assert "layer" in spec.tags


def test_the_definitions_are_valid_and_warn_of_nothing(house: Path) -> None:
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, "SENTINEL_DATA": str(house)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    own = [line for line in done.stderr.splitlines() if "Warning" in line and "dg check defs" not in line]
    assert [line for line in own if "superseded" not in line] == []


@pytest.mark.slow
def test_facts_json_names_partitions_that_dagster_knows(house: Path, instance: dg.DagsterInstance) -> None:
    assert run(house, instance, "publish_daily", **{PARTITION: DAY}).success
    facts = json.loads((house / "editions" / "daily" / DAY / "r1" / "facts.json").read_text())["facts"]
    for asset, partition, version in (entry for fact in facts for entry in fact["inputs"]):
        assert partition in instance.get_materialized_partitions(dg.AssetKey(asset.split("/")))
        assert Lake(house / "lake").version(asset, partition) == version


@pytest.mark.slow
def test_a_scheduled_week_reads_the_days_that_nobody_has_read_and_delivers(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = make_house(tmp_path / "house")
    with (house / "config" / "sentinel.yaml").open("a") as configuration:
        configuration.write("subscriptions: [{name: Week, cadence: weekly, recipients: [ann@example.com]}]\n")
    monday = "2025-03-10"
    assert run(house, instance, "read_days", **{RANGE_START: DAYS[0], RANGE_END: DAYS[1]}).success
    result = run(house, instance, "scheduled_weekly", **{PARTITION: monday})
    assert result.success
    days = instance.get_latest_materialization_event(dg.AssetKey(["weekly", "days"]))
    assert days is not None
    assert days.asset_materialization is not None
    read = [f"2025-03-{day}" for day in range(12, 17)]
    assert days.asset_materialization.metadata["read_now"].value == ", ".join(read)
    counted = instance.get_materialized_partitions(dg.AssetKey(["statistics", "alert_hours"]))
    assert counted == {*DAYS[:2], *read}, "days that were read stand in the history like any others"
    assert (house / "editions" / "weekly" / monday / "r1" / "report.pdf").exists()
    (mail,) = (house / "outbox").rglob("*.eml")
    assert "Week 11: " in mail.read_text()
