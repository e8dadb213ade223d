import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.test_utils import create_run_for_test

from sentinel_pipeline.orchestration import run_locks
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.instance import SentinelInstance, locks_folder
from sentinel_pipeline.orchestration.launcher import LockedRunLauncher, end_lost_runs
from sentinel_pipeline_tests.orchestration.rooms import Room, control_room, kill_everything, wait_until

DYING = """
import os, signal, sys
import dagster as dg

@dg.op
def die(): os.kill(os.getpid(), signal.SIGKILL)

@dg.job
def dying(): die()

with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    dying.execute_in_process(instance=instance, run_id=sys.argv[2])
"""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.delenv("SENTINEL_DAGSTER_POSTGRESQL_URL", raising=False)
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance:
        yield instance


def health(instance: dg.DagsterInstance, run_id: str) -> WorkerStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert instance.run_launcher.supports_check_run_worker_health
    return instance.run_launcher.check_run_worker_health(run).status


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_the_configuration_brings_our_instance_and_launcher(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance, SentinelInstance)
    assert isinstance(instance.run_launcher, LockedRunLauncher)
    assert instance.run_monitoring_enabled
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 2
    assert not instance.run_retries_retry_on_asset_or_op_failure
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 2
    one_at_a_time = ("dagster/backfill", "sentinel/schedule", "sentinel/export", "sentinel/custom")
    assert queue.tag_concurrency_limits == [{"key": key, "limit": 1} for key in one_at_a_time]


def test_a_run_in_this_very_process_is_alive_until_it_ends(instance: dg.DagsterInstance) -> None:
    seen: list[object] = []

    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        seen.extend([status(instance, context.run_id), health(instance, context.run_id), end_lost_runs(instance)])

    @dg.job
    def looking() -> None:
        look()

    result = looking.execute_in_process(instance=instance)
    assert seen == [dg.DagsterRunStatus.STARTED, WorkerStatus.RUNNING, []]
    assert not run_locks.is_held(locks_folder(instance), result.run_id)
    assert list(locks_folder(instance).iterdir()) == []


def test_a_failed_run_gives_its_lock_up(instance: dg.DagsterInstance) -> None:
    @dg.op
    def fail() -> None:
        raise ValueError("no")

    @dg.job
    def failing() -> None:
        fail()

    assert not failing.execute_in_process(instance=instance, raise_on_error=False).success
    assert list(locks_folder(instance).iterdir()) == []


def test_a_killed_process_leaves_a_run_that_is_known_to_be_lost(instance: dg.DagsterInstance) -> None:
    run_id = "11111111-2222-3333-4444-555555555555"
    ended = subprocess.run([sys.executable, "-c", DYING, instance.root_directory, run_id], check=False)
    assert ended.returncode == -9
    assert status(instance, run_id) is dg.DagsterRunStatus.STARTED
    assert health(instance, run_id) is WorkerStatus.NOT_FOUND
    assert end_lost_runs(instance) == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    assert list(locks_folder(instance).iterdir()) == []
    assert end_lost_runs(instance) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED),
        (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.NOT_STARTED),
        (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.SUCCESS),
    ],
)
def test_what_a_crash_left_under_way_is_ended(
    instance: dg.DagsterInstance, before: dg.DagsterRunStatus, after: dg.DagsterRunStatus
) -> None:
    run = create_run_for_test(instance, status=before)
    end_lost_runs(instance)
    assert status(instance, run.run_id) is after


def test_a_lock_is_seen_from_outside_and_is_free_after_death(tmp_path: Path) -> None:
    code = "import sys, pathlib; from sentinel_pipeline.orchestration import run_locks as r;"
    code += "r.hold(pathlib.Path(sys.argv[1]), 'a/b'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert run_locks.is_held(tmp_path, "a/b")
        holder.kill()
    assert not run_locks.is_held(tmp_path, "a/b")


def test_two_cannot_execute_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_locks, "PATIENCE_SECONDS", 0.05)
    run_locks.hold(tmp_path, "x")
    run_locks.hold(tmp_path, "x")
    monkeypatch.setattr(run_locks, "_held", {})
    with pytest.raises(TimeoutError, match="another process"):
        run_locks.hold(tmp_path, "x")


def test_a_forked_child_does_not_keep_a_dead_parents_run_alive(tmp_path: Path) -> None:
    code = """
import os, pathlib, sys, time
from sentinel_pipeline.orchestration import run_locks
run_locks.hold(pathlib.Path(sys.argv[1]), "x")
pid = os.fork()
if pid == 0:
    os.close(1)
    time.sleep(60)
    os._exit(0)
print(pid, flush=True)
os._exit(0)
"""
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, check=True)
    child = int(ended.stdout)
    try:
        assert not run_locks.is_held(tmp_path, "x")
    finally:
        os.kill(child, 9)


def test_looking_at_a_lock_does_not_disturb_whoever_takes_it(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            run_locks.is_held(tmp_path, "y")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(200):
            run_locks.hold(tmp_path, "y")
            run_locks.release(tmp_path, "y")
    finally:
        stop.set()
        looking.join()


def test_nothing_is_held_where_nothing_was(tmp_path: Path) -> None:
    assert not run_locks.is_held(tmp_path / "never", "x")
    run_locks.release(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_after_a_power_loss_the_run_fails_and_its_retry_succeeds(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        run_id = room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "the worker is busy")
        kill_everything(data)
        room.process.kill()
    with control_room(data) as room:
        seconds = wait_until(lambda: statuses(room).get(run_id) == "FAILURE", "the run is failed", seconds=30)
        print(f"failed {seconds:.1f} s after the pages answered")  # noqa: T201 # a measure for `pytest -rP`
        wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")
        assert [run["parentRunId"] for run in room.runs() if run["status"] == "SUCCESS"] == [run_id]


@pytest.mark.slow
def test_a_killed_worker_is_found_out_and_retried(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        run_id = room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "the worker is busy")
        os.kill(int((data / "stubborn.pid").read_text()), signal.SIGKILL)
        seconds = wait_until(lambda: statuses(room)[run_id] == "FAILURE", "the run is failed", seconds=30)
        print(f"failed {seconds:.1f} s after the kill")  # noqa: T201
        wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")


def statuses(room: Room) -> dict[str, str]:
    return {run["runId"]: run["status"] for run in room.runs()}
