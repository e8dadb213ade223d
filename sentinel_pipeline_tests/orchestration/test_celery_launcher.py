"""Runs on workers as their daemon judges them: by leases in PostgreSQL, without asking any broker."""

import signal
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.test_utils import create_run_for_test

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.ledger.leases import RENEWED_EVERY, Leases
from sentinel_pipeline.orchestration import run_leases
from sentinel_pipeline.orchestration.celery_application import is_reachable, options
from sentinel_pipeline.orchestration.celery_launcher import LeasedRunLauncher
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.launcher import end_lost_runs
from sentinel_pipeline.orchestration.run_coordinator import WorkersRunCoordinator
from sentinel_pipeline.orchestration.run_supervision import Worker, die_without_lease, execute, watch
from sentinel_pipeline.orchestration.worker_leases import described, lease_of, leases, places
from sentinel_pipeline.settings import celery_broker_url

NOBODY = "redis://127.0.0.1:1/0"
STATUS = dg.DagsterRunStatus


@pytest.fixture
def instance(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("SENTINEL_POSTGRESQL_URL", postgresql_url)
    monkeypatch.setenv("SENTINEL_CELERY_BROKER_URL", NOBODY)
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance:
        yield instance


@pytest.fixture
def known(instance: dg.DagsterInstance) -> Leases:
    return leases()


def made(instance: dg.DagsterInstance, status: STATUS) -> dg.DagsterRun:
    run: dg.DagsterRun = create_run_for_test(instance, status=status)
    return run


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> STATUS:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_broker_brings_our_launcher_and_queue(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, LeasedRunLauncher)
    assert isinstance(instance.run_coordinator, WorkersRunCoordinator)
    assert instance.run_launcher.supports_check_run_worker_health
    assert not instance.run_launcher.supports_resume_run


def test_a_broker_needs_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "DAGSTER_", "LEDGER_"):
        monkeypatch.delenv(f"SENTINEL_{name}POSTGRESQL_URL", raising=False)
    monkeypatch.setenv("SENTINEL_CELERY_BROKER_URL", NOBODY)
    with pytest.raises(SettingsError, match="set SENTINEL_POSTGRESQL_URL too"):
        celery_broker_url()
    monkeypatch.setenv("SENTINEL_CELERY_BROKER_URL", "kafka://host")
    with pytest.raises(SettingsError, match="names no broker"):
        celery_broker_url()


def test_a_run_lives_as_long_as_its_lease(instance: dg.DagsterInstance, known: Leases) -> None:
    run = made(instance, STATUS.STARTED)
    assert known.claim(lease_of(run.run_id), "worker", seconds=0.3)
    assert health(instance, run) is WorkerStatus.RUNNING
    time.sleep(0.4)
    assert health(instance, run) is WorkerStatus.NOT_FOUND
    assert not known.renew(lease_of(run.run_id), "worker")


def test_a_run_that_nobody_has_is_cancelled_at_once_and_nobody_takes_it(
    instance: dg.DagsterInstance, known: Leases
) -> None:
    run = made(instance, STATUS.STARTING)
    assert instance.run_launcher.terminate(run.run_id)
    assert status(instance, run) is STATUS.CANCELED
    assert execute(Worker("w", instance, known, 1), run.run_id) == "not wanted any more"
    assert not instance.run_launcher.terminate(run.run_id)


def test_a_run_that_a_worker_has_is_that_workers_to_cancel(instance: dg.DagsterInstance, known: Leases) -> None:
    run = made(instance, STATUS.STARTED)
    known.claim(lease_of(run.run_id), "worker")
    assert instance.run_launcher.terminate(run.run_id)
    assert status(instance, run) is STATUS.CANCELING


def test_a_run_that_another_worker_has_is_left_to_it(instance: dg.DagsterInstance, known: Leases) -> None:
    run = made(instance, STATUS.STARTING)
    known.claim(lease_of(run.run_id), "another")
    worker = Worker("w", instance, known, 1)
    assert execute(worker, run.run_id) == "left to others"
    assert execute(worker, "no such run") == "not wanted any more"
    worker.stop()
    assert execute(worker, made(instance, STATUS.STARTING).run_id) == "left to others"


@pytest.mark.parametrize("unwanted", [STATUS.CANCELING, STATUS.CANCELED, STATUS.FAILURE])
def test_a_run_that_others_ended_is_interrupted_where_it_is_executed(
    instance: dg.DagsterInstance, known: Leases, unwanted: STATUS
) -> None:
    """Who forces an end says `canceled` in the same instant as `canceling`, and a worker looks once a second."""
    run = made(instance, unwanted)
    worker = Worker("w", instance, known, 1, stops_at=time.monotonic() + 20)
    process = get_context("spawn").Process(target=time.sleep, args=(60,))
    process.start()
    try:
        assert not watch(worker, run.run_id, process)
        assert not process.is_alive()
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.usefixtures("instance")
def test_a_run_ends_with_its_lease_though_its_worker_only_stands_still(known: Leases) -> None:
    """A worker that was stopped (SIGSTOP) kills nothing, and others execute the run again."""
    assert known.claim(lease_of("run"), "worker", seconds=60)
    process = get_context("spawn").Process(target=die_without_lease, args=("run",))
    process.start()
    try:
        process.join(3 * RENEWED_EVERY)
        assert process.is_alive()
        known.give_back(lease_of("run"), "worker")
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STATUS.STARTING, STATUS.STARTING),  # it may wait for a worker
        (STATUS.STARTED, STATUS.FAILURE),
        (STATUS.CANCELING, STATUS.CANCELED),
    ],
)
def test_a_daemon_that_comes_back_ends_what_has_no_worker(
    instance: dg.DagsterInstance, before: STATUS, after: STATUS
) -> None:
    run = made(instance, before)
    end_lost_runs(instance)
    assert status(instance, run) is after


def test_a_run_of_a_command_is_leased_while_it_lasts(instance: dg.DagsterInstance, known: Leases) -> None:
    seen: list[object] = []

    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        seen.extend([health(instance, context.run), end_lost_runs(instance)])

    @dg.job
    def looking() -> None:
        look()

    result = looking.execute_in_process(instance=instance)
    assert seen == [WorkerStatus.RUNNING, []]
    assert not known.is_alive(lease_of(result.run_id))


def test_a_run_that_a_worker_leases_is_not_leased_twice(instance: dg.DagsterInstance, known: Leases) -> None:
    assert known.claim(lease_of("x"), "worker")
    run_leases.hold("x")
    run_leases.release("x")
    assert known.is_alive(lease_of("x"))


def test_what_a_dead_worker_left_goes_with_the_end_of_its_run(instance: dg.DagsterInstance, known: Leases) -> None:
    run = made(instance, STATUS.STARTING)
    assert known.claim(lease_of(run.run_id), "dead", seconds=-1)
    assert not known.claim(lease_of(run.run_id), "another")
    instance.report_run_failed(run, "it took too long to start")
    assert known.claim(lease_of(run.run_id), "another")


def test_places_are_those_of_living_workers(known: Leases) -> None:
    known.take("worker:a", "a", described(["report", "delivery"], 2))
    known.take("worker:b", "b", described(["backfill", "report"], 3))
    known.take("worker:c", "c", described(["export"], 9), seconds=0.01)
    time.sleep(0.05)
    now = places(known)
    assert (now.total, now.by_queue) == (5, {"report": 5, "delivery": 2, "backfill": 3})


def test_nothing_is_handed_out_without_workers_or_broker(instance: dg.DagsterInstance, known: Leases) -> None:
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 0
    known.take("worker:a", "a", described(["report"], 2))
    assert not is_reachable()
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 0


def test_redis_keeps_a_list_for_each_priority() -> None:
    assert options("redis://host/0")["broker_transport_options"]["priority_steps"] == list(range(10))
    assert "priority_steps" not in options("amqp://host//")["broker_transport_options"]
