"""Exports that people ask for, made by Dagster: each once, whoever dies; what nobody wants any more is not made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType
from dagster._core.storage.tags import PARTITION_NAME_TAG
from sqlalchemy import update

from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.ledger.exports import Export, begin, cancel, export_of, file_export, remove
from sentinel_pipeline.ledger.schema import EXPORTS
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.errands import ATTEMPT, MOST_ATTEMPTS
from sentinel_pipeline.orchestration.export_sensor import EXPORT_RUN
from sentinel_pipeline.orchestration.requested_exports import EXPORT_REQUESTS, JOB, KEY, percent
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET
from sentinel_pipeline.settings import PROJECT, load_settings
from sentinel_pipeline_tests.orchestration.test_request_sensor import House, opened
from sentinel_pipeline_tests.walks.household import make_house

pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

WISH = ExportOrder("alerts", "csv", "alerts", {"since": "2025-03-12", "until": "2025-03-12", "format_name": "csv"})
DEFINITIONS = """
import dagster as dg
from sentinel_pipeline.orchestration.export_sensor import export_sensor
from sentinel_pipeline.orchestration.assembly import requested_exports_job
from sentinel_pipeline.orchestration.requested_exports import requested_exports
from sentinel_pipeline.settings import load_settings
settings = load_settings()
assets = [requested_exports(settings)]
defs = dg.Definitions(assets=assets, jobs=[requested_exports_job()], sensors=[export_sensor(settings)])
"""


class Desk(House):
    """The house with somebody who asks for files."""

    user = ""

    def ask(self, order: ExportOrder = WISH) -> str:
        if not self.user:
            self.user = add(self.ledger, "ann", "analyst", "correct horse battery", "tests", self.now).user_id
        return file_export(self.ledger, order, self.user, self.now)

    def export(self, name: str) -> Export:
        with self.ledger.reading() as connection:
            found = export_of(connection, name)
        assert found is not None
        return found

    def of(self, name: str) -> list[dg.DagsterRun]:
        """Its runs, the newest first."""
        return list(self.instance.get_runs(dg.RunsFilter(job_name=JOB, tags={EXPORT_RUN: name})))

    def make(self, name: str) -> dg.ExecuteInProcessResult:
        self.instance.add_dynamic_partitions(str(EXPORT_REQUESTS.name), [name])
        job = build_definitions(load_settings(self.data)).resolve_job_def(JOB)
        return job.execute_in_process(
            run_config=QUIET,
            instance=self.instance,
            raise_on_error=False,
            tags={PARTITION: name},
            partition_key=name,
        )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with opened(make_house(tmp_path / "house"), monkeypatch, DEFINITIONS) as house:
        yield Desk(house.data, house.instance, house.workspace)


def files(desk: Desk) -> list[str]:
    folder = desk.data / "exports"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_asked_for_is_one_run_and_one_file(desk: Desk) -> None:
    name = desk.ask()
    desk.tick(3)
    (run,) = desk.of(name)
    assert (run.tags[PARTITION_NAME_TAG], run.tags[ATTEMPT]) == (name, "1")
    assert desk.make(name).success
    made = desk.export(name)
    assert (made.state, made.rows, made.progress) == ("completed", 24, 100)
    assert files(desk) == [str(made.file).removeprefix("exports/")]
    event = desk.instance.get_latest_materialization_event(KEY)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["download"].value == f"/files/{made.file}"
    desk.tick(2)
    assert len(desk.of(name)) == 1


def test_a_failure_is_told_in_its_own_words(desk: Desk) -> None:
    name = desk.ask()
    desk.tick()
    (run,) = desk.of(name)
    begin(desk.ledger, name, run.run_id, desk.now)
    desk.fail(run, "there is no room")
    desk.tick(2)
    assert desk.export(name).state == "failed"
    assert "there is no room" in str(desk.export(name).error)
    assert len(desk.of(name)) == 1


@pytest.mark.slow
def test_one_whose_makers_die_is_made_again_and_given_up_at_last(desk: Desk) -> None:
    name = desk.ask()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        desk.tick()
        assert len(desk.of(name)) == attempt
        begin(desk.ledger, name, desk.of(name)[0].run_id, desk.now)
        desk.end(desk.of(name)[0], DagsterEventType.RUN_FAILURE)
    desk.tick(3)
    assert len(desk.of(name)) == MOST_ATTEMPTS
    assert desk.export(name).state == "failed"


@pytest.mark.parametrize("how", [cancel, remove])
def test_what_nobody_wants_any_more_leaves_the_queue_and_no_file(desk: Desk, how: object) -> None:
    name = desk.ask()
    desk.tick()
    if how is cancel:
        cancel(desk.ledger, name, desk.now)
    else:
        remove(desk.ledger, name, {}, desk.now)
    desk.tick(2)
    assert desk.of(name)[0].status is dg.DagsterRunStatus.CANCELED
    assert not desk.make(name).success
    assert (files(desk), len(desk.of(name))) == ([], 1)


def test_a_run_that_is_stopped_in_the_ui_cancels_its_export(desk: Desk) -> None:
    name = desk.ask()
    desk.tick()
    desk.end(desk.of(name)[0], DagsterEventType.RUN_CANCELED)
    desk.tick(2)
    assert desk.export(name).state == "cancelled"


def test_files_are_deleted_when_they_have_been_kept_long_enough(desk: Desk) -> None:
    name = desk.ask()
    assert desk.make(name).success
    desk.tick()
    assert len(files(desk)) == 1
    with desk.ledger.writing() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(EXPORTS).where(EXPORTS.c.export_id == name).values(expires_at=past))
    desk.tick(2)
    assert (files(desk), desk.export(name).state) == ([], "expired")


def test_files_that_people_ask_for_come_one_after_another() -> None:
    import yaml

    limits = yaml.safe_load((PROJECT / "dagster.yaml").read_text())["run_coordinator"]["config"]
    assert {"key": EXPORT_RUN, "limit": 1} in limits["tag_concurrency_limits"]


def test_progress_goes_from_none_to_nearly_all() -> None:
    assert [percent("reading", 0, None), percent("reading", 10**9, None)] == [0, 49]
    assert [percent("writing", 0, 10), percent("writing", 5, 10), percent("writing", 10, 10)] == [50, 74, 99]
    assert percent("writing", 20, 10) == 99
