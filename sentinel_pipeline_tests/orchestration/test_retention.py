"""Retention as Dagster runs it: an asset that tells what went, a schedule at night, closed days left as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.old_runs import deleting_runs, ended_runs
from sentinel_pipeline.orchestration.retention import JOB, KEY, SCHEDULE
from sentinel_pipeline.orchestration.runs import RANGE_END, RANGE_START
from sentinel_pipeline.orchestration.schedules import SCHEDULED
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.orchestration.test_assets import DAYS, run
from sentinel_pipeline_tests.retention.worlds import ledger
from sentinel_pipeline_tests.walks.household import make_house

READ = {RANGE_START: DAYS[0], RANGE_END: DAYS[1]}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def retaining(house: Path, rules: str, schedules: str = "{}") -> Path:
    with (house / "config" / "sentinel.yaml").open("a") as configuration:
        configuration.write(f"retention: {rules}\nschedules: {schedules}\n")
    return house


@pytest.mark.slow
def test_it_shows_what_went_and_a_closed_day_is_neither_read_nor_counted_again(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = retaining(make_house(tmp_path / "house"), "{facts: 90, quarantine: 90, notice_days: 0}")
    assert run(house, instance, "read_days", **READ).success
    lake = Lake(house / "lake")
    counted = {day: lake.version("statistics/alert_hours", day) for day in DAYS[:2]}
    result = run(house, instance, JOB)
    assert result.success
    (made,) = result.asset_materializations_for_node("retention")
    assert made.metadata["deleted_items"].value == 4
    assert made.metadata["freed_bytes"].value > 0  # type: ignore[operator]
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("disk_has_room", True)
    with ledger(house).reading() as connection:
        assert [line.act for line in history(connection)] == ["deleting", "deleted"] * 4
    (house / "home.db").unlink()
    again = run(house, instance, "read_days", **READ)
    assert again.success, "a source that is away now does not matter to a day that is closed"
    assert not list((house / "lake" / "facts").rglob("*.parquet"))
    assert {day: lake.version("statistics/alert_hours", day) for day in DAYS[:2]} == counted
    assert instance.get_materialized_partitions(dg.AssetKey(["facts", "alerts"])) == set(DAYS[:2])


def test_a_disk_that_is_nearly_full_is_a_warning_and_stops_nothing(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    result = run(retaining(make_house(tmp_path / "house"), "{low_disk_mb: 1000000000000}"), instance, JOB)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)


@pytest.mark.parametrize(("written", "times"), [("{}", "0 2 * * *"), ("{retention: 30 3 * * 0}", "30 3 * * 0")])
def test_it_runs_at_two_in_the_zone_or_as_written_and_never_beside_a_scheduled_edition(
    written: str, times: str, tmp_path: Path
) -> None:
    definitions = build_definitions(load_settings(retaining(make_house(tmp_path), "{}", written)))
    schedule = definitions.resolve_schedule_def(SCHEDULE)
    assert (schedule.cron_schedule, schedule.execution_timezone) == (times, "Europe/Berlin")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == JOB
    assert definitions.resolve_job_def(JOB).tags[SCHEDULED] == SCHEDULE


def test_it_can_be_off(tmp_path: Path) -> None:
    definitions = build_definitions(load_settings(retaining(make_house(tmp_path), "{}", "{retention: off}")))
    assert definitions.schedules is not None
    assert SCHEDULE not in [getattr(one, "name", "") for one in definitions.schedules]


@pytest.mark.slow
def test_old_runs_go_and_what_they_made_stays_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = retaining(make_house(tmp_path / "house"), "{runs: 30}")
    settings = load_settings(house)
    monkeypatch.setenv("DAGSTER_HOME", str(prepare_home(house)))
    with dg.DagsterInstance.get() as instance:
        assert run(house, instance, "read_days", **READ).success
        today = day_of(datetime.now(UTC), BERLIN)
        assert ended_runs(instance, settings, today) == []
        (item,) = ended_runs(instance, settings, today + timedelta(days=24))
        assert (item.kind, item.number) == ("runs", 1)
        logs = house / "dagster" / "storage" / instance.get_runs()[0].run_id
        assert logs.is_dir()
        assert deleting_runs(instance, settings)(item) == 1
        assert not logs.exists()
        assert instance.get_runs() == []
        assert instance.get_materialized_partitions(dg.AssetKey(["statistics", "alert_hours"])) == set(DAYS[:2])
        assert instance.get_latest_materialization_event(KEY) is None
