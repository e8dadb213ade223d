"""Runs that workers execute: clicked, cancelled, killed, handed back, brought twice."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_pipeline_tests.cluster.machines import RabbitMQ, Redis, command, rabbitmq, redis, worker
from sentinel_pipeline_tests.orchestration.rooms import Room, control_room, wait_until
from sentinel_pipeline_tests.orchestration.test_code_server import TERMINATE
from sentinel_pipeline_tests.orchestration.test_launcher import statuses

pytestmark = pytest.mark.slow


@pytest.fixture
def broker(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    with redis(tmp_path / "redis") as server:
        monkeypatch.setenv("SENTINEL_POSTGRESQL_URL", postgresql_url)
        monkeypatch.setenv("SENTINEL_CELERY_BROKER_URL", server.url)
        yield server


@pytest.fixture(params=[redis, rabbitmq], ids=["Redis", "RabbitMQ"])
def any_broker(
    request: pytest.FixtureRequest, tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Redis | RabbitMQ]:
    with request.param(tmp_path / "broker") as server:
        monkeypatch.setenv("SENTINEL_POSTGRESQL_URL", postgresql_url)
        monkeypatch.setenv("SENTINEL_CELERY_BROKER_URL", server.url)
        yield server


def is_dead(pid: int) -> bool:
    """Also when nobody has asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def is_(room: Room, run_id: str, status: str) -> bool:
    return statuses(room).get(run_id) == status


def test_a_click_is_executed_by_a_worker(any_broker: Redis | RabbitMQ, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "worker") as one:
        for _ in range(3):
            began = time.monotonic()
            run_id = room.launch("quick_job")
            wait_until(lambda run_id=run_id: is_(room, run_id, "SUCCESS"), "the run succeeds")  # type: ignore[misc]
            print(f"done {time.monotonic() - began:.1f} s after the click")  # noqa: T201
        wait_until(lambda: f"run {run_id}: success" in one.said(), "the worker says so")
        assert one.stop() == 0


def test_a_cancelled_run_ends_cancelled_and_is_not_tried_again(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "worker") as one:
        run_id = room.launch("stubborn_job")
        wait_until((one.data / "stubborn.pid").exists, "the run is at work")
        room.graphql(TERMINATE, run=run_id)
        seconds = wait_until(lambda: is_(room, run_id, "CANCELED"), "the run is cancelled")
        print(f"cancelled after {seconds:.1f} s")  # noqa: T201
        time.sleep(5)
        assert list(statuses(room).values()) == ["CANCELED"]


def test_a_run_that_no_worker_has_is_cancelled_where_it_waits(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room:
        run_id = room.launch("quick_job")
        time.sleep(3)
        assert statuses(room) == {run_id: "QUEUED"}
        room.graphql(TERMINATE, run=run_id)
        wait_until(lambda: is_(room, run_id, "CANCELED"), "the run is cancelled")


def test_runs_of_a_machine_that_died_are_failed_and_end_on_another(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "first") as first:
        run_id = room.launch("stubborn_job")
        wait_until((first.data / "stubborn.pid").exists, "the run is at work")
        pid = int((first.data / "stubborn.pid").read_text())
        with worker(tmp_path / "second") as second:
            (second.data / "stubborn.pid").touch()  # there it is made at once
            first.kill()
            wait_until(lambda: is_dead(pid), "its process dies with it", seconds=5)
            seconds = wait_until(lambda: is_(room, run_id, "FAILURE"), "the run is failed")
            seconds += wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")
            print(f"made elsewhere {seconds:.1f} s after the kill")  # noqa: T201
            assert [run["parentRunId"] for run in room.runs() if run["status"] == "SUCCESS"] == [run_id]


def test_a_worker_that_stands_still_and_goes_on_harms_nothing(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "first") as first:
        run_id = room.launch("stubborn_job")
        wait_until((first.data / "stubborn.pid").exists, "the run is at work")
        pid = int((first.data / "stubborn.pid").read_text())
        with worker(tmp_path / "second") as second:
            (second.data / "stubborn.pid").touch()
            first.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_dead(pid), "its process ends without it", seconds=60)
            wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")
            first.process.send_signal(signal.SIGCONT)
            wait_until(lambda: f"run {run_id}: " in first.said(), "it sees what it missed")
            assert sorted(statuses(room).values()) == ["FAILURE", "SUCCESS"]


def test_a_run_whose_end_is_forced_is_interrupted_too(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "worker") as one:
        run_id = room.launch("stubborn_job")
        wait_until((one.data / "stubborn.pid").exists, "the run is at work")
        pid = int((one.data / "stubborn.pid").read_text())
        room.graphql(TERMINATE.replace("$run)", "$run, terminatePolicy: MARK_AS_CANCELED_IMMEDIATELY)"), run=run_id)
        assert is_(room, run_id, "CANCELED")
        wait_until(lambda: is_dead(pid), "its process ends")
        time.sleep(5)
        assert list(statuses(room).values()) == ["CANCELED"]


def test_a_worker_that_is_told_to_stop_hands_back_what_does_not_end(broker: Redis, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "first", "--grace", "1") as first:
        run_id = room.launch("stubborn_job")
        wait_until((first.data / "stubborn.pid").exists, "the run is at work")
        with worker(tmp_path / "second") as second:
            (second.data / "stubborn.pid").touch()
            assert first.stop() == 0
            assert is_(room, run_id, "FAILURE")
            wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")


def test_a_task_that_comes_twice_executes_a_run_once(broker: Redis, tmp_path: Path) -> None:
    from sentinel_pipeline.orchestration.celery_application import TASK, application

    with control_room(tmp_path / "data") as room, worker(tmp_path / "worker", "--concurrency", "3") as one:
        run_id = room.launch("stubborn_job")
        wait_until((one.data / "stubborn.pid").exists, "the run is at work")
        application.cache_clear()
        for _ in range(2):
            application().send_task(TASK, args=[run_id], queue="report", priority=0)
        wait_until(lambda: one.said().count(f"run {run_id}: left to others") == 2, "both are left")
        os.kill(int((one.data / "stubborn.pid").read_text()), signal.SIGKILL)
        wait_until(lambda: "SUCCESS" in statuses(room).values(), "its retry succeeds")
        application().send_task(TASK, args=[run_id], queue="report", priority=0)
        wait_until(lambda: f"run {run_id}: not wanted any more" in one.said(), "it is over")
        assert sorted(statuses(room).values()) == ["FAILURE", "SUCCESS"]


def test_runs_wait_while_the_broker_is_away(any_broker: Redis | RabbitMQ, tmp_path: Path) -> None:
    with control_room(tmp_path / "data") as room, worker(tmp_path / "worker"):
        any_broker.stop()
        run_id = room.launch("quick_job")
        time.sleep(6)
        assert statuses(room) == {run_id: "QUEUED"}
        any_broker.start()
        wait_until(lambda: is_(room, run_id, "SUCCESS"), "the run succeeds")


def test_a_worker_says_whether_it_is_healthy(broker: Redis, tmp_path: Path) -> None:
    asked = [*command("worker"), "--healthy"]
    assert subprocess.run(asked, env=os.environ | {"SENTINEL_DATA": str(tmp_path)}, check=False).returncode == 1
    with worker(tmp_path / "worker"):
        assert subprocess.run(asked, env=os.environ | {"SENTINEL_DATA": str(tmp_path)}, check=False).returncode == 0
