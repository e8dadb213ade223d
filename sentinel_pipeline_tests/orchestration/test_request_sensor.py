"""Real ticks of Dagster's own sensor daemon: files and rows become runs, each once, and ends are recorded."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time, instance_for_test
from dagster._daemon.sensor import execute_sensor_iteration
from dagster_shared.error import SerializableErrorInfo

from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.requests import Filed, begin, cancel, file_request, finish, state_of
from sentinel_pipeline.orchestration.errands import ATTEMPT, MOST_ATTEMPTS
from sentinel_pipeline.orchestration.request_sensor import CUSTOM_RUN
from sentinel_pipeline.settings import ledger_url
from sentinel_pipeline_tests.orchestration.test_schedules import CONFIGURATION, InProcess

# Dagster's own server reads a property of schedules that Dagster deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

DEFINITIONS = """
import dagster as dg
from sentinel_pipeline.orchestration.assembly import custom_job
from sentinel_pipeline.orchestration.custom import custom_assets
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.request_sensor import request_sensor
from sentinel_pipeline.settings import load_settings
settings = load_settings()
assets = custom_assets(Deployment(settings))
defs = dg.Definitions(assets=assets, jobs=[custom_job()], sensors=[request_sensor(settings)])
"""
START = datetime(2025, 3, 20, 12, 0, tzinfo=UTC)
WISH = Request("Week", date(2025, 3, 10), 7, "ann")
QUEUE = {"run_coordinator": {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"}}


class House:
    """A house whose sensor ticks every half minute of its own clock; its runs wait in the queue."""

    def __init__(self, data: Path, instance: dg.DagsterInstance, workspace: Any) -> None:
        self.data, self.instance, self.workspace = data, instance, workspace
        self.now = START

    @property
    def ledger(self) -> Ledger:
        return open_ledger(ledger_url(self.data))

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += timedelta(seconds=30)
            with freeze_time(self.now):
                errors = list(execute_sensor_iteration(self.workspace, logging.getLogger("sensors"), None, None))
            assert [error for error in errors if error] == []

    def drop(self, name: str, content: str) -> Path:
        path = self.data / "requests" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        before = (self.now - timedelta(minutes=1)).timestamp()
        os.utime(path, (before, before))
        return path

    def file(self, request: Request = WISH) -> str:
        return file_request(self.ledger, request, self.now)

    def row(self, key: str) -> Filed:
        with self.ledger.reading() as connection:
            found = state_of(connection, key)
        assert found is not None
        return found

    def runs(self, key: str | None = None) -> list[dg.DagsterRun]:
        """Newest first."""
        tags = {} if key is None else {CUSTOM_RUN: key}
        return list(self.instance.get_runs(dg.RunsFilter(job_name="custom_report", tags=tags)))

    def end(self, run: dg.DagsterRun, how: DagsterEventType) -> None:
        event = DagsterEvent(event_type_value=how.value, job_name=run.job_name, message="")
        self.instance.report_dagster_event(event, run_id=run.run_id)

    def fail(self, run: dg.DagsterRun, why: str, source: ErrorSource | None = None) -> None:
        """Ends a run by the failure of a step."""
        error = SerializableErrorInfo(why, [], None)
        failure = StepFailureData(error, None, source)  # type: ignore[no-untyped-call]  # Dagster's own
        event = DagsterEvent(
            DagsterEventType.STEP_FAILURE.value, run.job_name, step_key="custom__days", event_specific_data=failure
        )
        self.instance.report_dagster_event(event, run_id=run.run_id)
        self.end(run, DagsterEventType.RUN_FAILURE)

    def answers(self) -> list[str]:
        return sorted(path.name for path in (self.data / "requests").glob("*.*.json"))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with opened(tmp_path, monkeypatch) as made:
        yield made


@contextmanager
def opened(data: Path, monkeypatch: pytest.MonkeyPatch, definitions: str = DEFINITIONS) -> Iterator[House]:
    if not (data / "config").exists():
        (data / "config").mkdir(parents=True)
        (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    monkeypatch.setenv("SENTINEL_DATA", str(data))
    target = InProcess(data)
    target.file.write_text(definitions)
    with (
        instance_for_test(overrides=QUEUE) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        yield House(data, instance, workspace)


def test_a_file_becomes_one_run_with_a_partition_and_an_answer(house: House) -> None:
    house.drop("week.yaml", "window: {since: 2025-03-10, until: 2025-03-16}\nname: Week\n")
    house.tick(4)
    (run,) = house.runs()
    key = run.tags[PARTITION_NAME_TAG]
    assert house.instance.get_dynamic_partitions("requests") == [key]
    assert (house.row(key).state, run.tags[CUSTOM_RUN], run.tags[ATTEMPT]) == ("requested", key, "1")
    assert house.answers() == ["week.accepted.json"]
    begin(house.ledger, key, run.run_id, house.now)
    finish(house.ledger, key, f"custom/{key}/r1", house.now)
    house.end(run, DagsterEventType.RUN_SUCCESS)
    house.tick(2)
    answer = json.loads((house.data / "requests" / "week.done.json").read_text())
    assert answer["folder"] == str(house.data / "editions" / "custom" / key / "r1")
    assert len(house.runs()) == 1


def test_a_row_of_the_ledger_becomes_a_run_and_a_bad_file_stops_nothing(house: House) -> None:
    key = house.file()
    house.drop("bad.yaml", "last: 0d")
    house.tick(2)
    assert [run.tags[CUSTOM_RUN] for run in house.runs()] == [key]
    assert house.answers() == ["bad.rejected.json"]


@pytest.mark.slow
def test_ten_at_once_are_ten_runs_of_which_the_queue_lets_one_through(house: House) -> None:
    import yaml

    from sentinel_pipeline.settings import PROJECT

    keys = {house.file(Request(f"Wish {n}", date(2025, 3, 10), 7, "ann")) for n in range(10)}
    house.tick()
    runs = house.runs()
    assert {run.tags[CUSTOM_RUN] for run in runs} == keys
    assert len(runs) == 10
    limits = yaml.safe_load((PROJECT / "dagster.yaml").read_text())["run_coordinator"]["config"]
    assert {"key": CUSTOM_RUN, "limit": 1} in limits["tag_concurrency_limits"]
    assert limits["max_concurrent_runs"] > 1


def test_a_failed_run_fails_its_request_with_the_words_of_its_error(house: House) -> None:
    key = house.file()
    house.tick()
    (run,) = house.runs()
    begin(house.ledger, key, run.run_id, house.now)
    house.fail(run, "there is no room")
    house.tick(2)
    assert (house.row(key).state, house.row(key).error) == ("failed", "custom/days: there is no room")
    assert len(house.runs()) == 1
    file_request(house.ledger, WISH, house.now, anew=True)
    house.tick(2)
    assert [run.tags[ATTEMPT] for run in house.runs()] == ["2", "1"]


def test_a_run_whose_process_died_is_made_again(house: House) -> None:
    key = house.file()
    house.tick()
    (run,) = house.runs()
    begin(house.ledger, key, run.run_id, house.now)
    house.end(run, DagsterEventType.RUN_FAILURE)
    house.tick()
    assert (house.row(key).state, house.row(key).attempts) == ("requested", 2)
    assert len(house.runs(key)) == 2


def test_a_run_that_was_stopped_in_the_midst_of_a_step_is_made_again(house: House) -> None:
    key = house.file()
    house.tick()
    (run,) = house.runs()
    begin(house.ledger, key, run.run_id, house.now)
    house.fail(run, "dagster._core.errors.DagsterExecutionInterruptedError", ErrorSource.INTERRUPT)
    house.tick()
    assert (house.row(key).state, house.row(key).attempts, house.row(key).error) == ("requested", 2, None)
    assert len(house.runs(key)) == 2


@pytest.mark.slow
def test_one_whose_makers_die_again_and_again_is_given_up(house: House) -> None:
    key = house.file()
    for _ in range(MOST_ATTEMPTS):
        house.tick()
        house.end(house.runs(key)[0], DagsterEventType.RUN_FAILURE)
    house.tick(3)
    assert len(house.runs(key)) == MOST_ATTEMPTS
    assert house.row(key).state == "failed"
    assert "whoever made it died, 3 times" in str(house.row(key).error)


def test_a_run_that_is_stopped_in_the_ui_cancels_its_request(house: House) -> None:
    key = house.file()
    house.tick()
    begin(house.ledger, key, house.runs()[0].run_id, house.now)
    house.end(house.runs()[0], DagsterEventType.RUN_CANCELED)
    house.tick(2)
    assert house.row(key).state == "cancelled"
    assert len(house.runs()) == 1


def test_a_cancelled_request_takes_its_run_out_of_the_queue(house: House) -> None:
    house.drop("week.yaml", "window: {since: 2025-03-10, until: 2025-03-16}")
    house.tick()
    (run,) = house.runs()
    cancel(house.ledger, run.tags[CUSTOM_RUN], house.now)
    house.tick(2)
    assert house.runs()[0].status is dg.DagsterRunStatus.CANCELED
    assert house.answers() == ["week.accepted.json", "week.cancelled.json"]
    assert len(house.runs()) == 1


def test_what_the_history_lost_is_made_again_and_what_is_done_is_not(house: House) -> None:
    lost, done = house.file(), house.file(Request("Done", date(2025, 3, 10), 7, "ann"))
    house.tick()
    for run in house.runs():
        begin(house.ledger, run.tags[CUSTOM_RUN], run.run_id, house.now)
        house.instance.delete_run(run.run_id)
    finish(house.ledger, done, f"custom/{done}/r1", house.now)
    house.tick(2)
    assert [run.tags[CUSTOM_RUN] for run in house.runs()] == [lost]


def test_a_row_whose_source_is_gone_is_rejected_with_the_reason(house: House) -> None:
    key = house.file(Request("Gone", date(2025, 3, 10), 7, "ann", sources=("away",)))
    house.tick()
    assert (house.row(key).state, house.row(key).error) == ("rejected", "sources: found 'away'; allowed: one of home")
    assert house.runs() == []


def test_every_tick_is_a_success_or_a_skip(house: House) -> None:
    house.tick(2)
    (state,) = house.instance.all_instigator_state()
    ticks = house.instance.get_ticks(state.instigator_origin_id, state.selector_id)
    assert {tick.status for tick in ticks} == {TickStatus.SKIPPED}
