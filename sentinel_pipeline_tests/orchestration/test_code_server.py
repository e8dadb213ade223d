"""Runs that begin in forks: with the configuration of now, cancelled, killed and told about like any other."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.orchestration.code_server import IMPORTED
from sentinel_pipeline_tests.orchestration.rooms import Room, control_room, processes_of, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux only")

ENVIRONMENT = ("SENTINEL_DATA", "DAGSTER_HOME", "PATH")
EVENTS = """query Events($run: ID!) {logsForRun(runId: $run) {... on EventConnection {events {
  ... on MessageEvent {message}
}}}}"""
TERMINATE = """mutation Terminate($run: String!) {
  terminateRun(runId: $run) {__typename ... on TerminateRunFailure {message} ... on PythonError {message}}
}"""
RELOAD = """mutation {reloadRepositoryLocation(repositoryLocationName: "toy") {__typename}}"""


def test_what_is_imported_for_runs_starts_no_thread(tmp_path: Path) -> None:
    program = f"""
import os
for name in {IMPORTED!r}:
    __import__(name)
print(len(os.listdir("/proc/self/task")), *os.listdir())
"""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.slow
def test_a_run_begins_in_a_fork_with_the_configuration_of_now(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        (forking,) = forking_processes(data)
        first = told_by_a_run(room)
        (data / "config").mkdir()
        (data / "config" / "sentinel.yaml").write_text(
            "organisation: Changed\nsources: [{name: home, kind: iotsentinel, location: home.db}]\n"
        )
        second = told_by_a_run(room)
        assert (first["organisation"] == second["organisation"], second["organisation"]) == (False, "Changed")
        assert [told["parent"] for told in (first, second)] == [forking, forking]
        assert first["pid"] != second["pid"]
        assert first["threads"] == second["threads"]
        for name in ("SENTINEL_DATA", "DAGSTER_HOME"):
            assert second["environment"][name].startswith(str(data))
        wait_until(lambda: not children_of(forking), "nothing of the runs is left, not even zombies")


@pytest.mark.slow
def test_a_forked_run_is_logged_and_ends_like_any_other(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        told = told_by_a_run(room)
        (run,) = room.runs()
        events = room.graphql(EVENTS, run=run["runId"])["logsForRun"]["events"]
        messages = [event["message"] for event in events]
        assert f"Started process for run (pid: {told['pid']})." in messages
        assert f"Process for run exited (pid: {told['pid']})." in messages
        (said,) = (data / "dagster" / "storage" / run["runId"] / "compute_logs").glob("*.out")
        assert said.read_text() == "Good morning\n"
        wait_until((data / "ended").exists, "what was to be done at its end is done")


@pytest.mark.slow
def test_a_cancelled_run_ends_and_the_next_begins_in_a_fork_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        run_id = room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "the worker is busy")
        (forking,) = forking_processes(data)
        assert children_of(forking) == [int((data / "stubborn.pid").read_text())]
        assert room.graphql(TERMINATE, run=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
        wait_until(lambda: room.runs()[0]["status"] == "CANCELED", "the run is cancelled")
        wait_until(lambda: not children_of(forking), "its process is gone")
        assert told_by_a_run(room)["parent"] == forking


@pytest.mark.slow
def test_runs_of_a_killed_forking_process_end_with_it_and_are_retried(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        run_id = room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "the worker is busy")
        worker = int((data / "stubborn.pid").read_text())
        (forking,) = forking_processes(data)
        os.kill(forking, signal.SIGKILL)
        wait_until(lambda: worker not in processes_of(data), "the worker went with it")
        wait_until(lambda: "SUCCESS" in {run["status"] for run in room.runs()}, "its retry succeeds")
        assert [(run["status"], run["parentRunId"]) for run in room.runs()] == [("SUCCESS", run_id), ("FAILURE", None)]
        assert len(forking_processes(data)) == 1


@pytest.mark.slow
def test_a_location_that_is_loaded_again_forks_of_a_new_process_and_lets_runs_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "a worker is busy")
        worker = int((data / "stubborn.pid").read_text())
        before = set(forking_processes(data))
        assert room.graphql(RELOAD)["reloadRepositoryLocation"]["__typename"] == "WorkspaceLocationEntry"
        (new,) = set(forking_processes(data)) - before
        assert told_by_a_run(room)["parent"] == new
        assert worker in processes_of(data)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: forking_processes(data) == [new], "the old one ends after its runs")


def told_by_a_run(room: Room) -> dict[str, Any]:
    told = room.data / f"{room.launch('telling_job')}.json"
    wait_until(lambda: told.exists() and room.runs()[0]["status"] == "SUCCESS", "the run has succeeded")
    answer: dict[str, Any] = json.loads(told.read_text())
    return answer


def forking_processes(data: Path) -> list[int]:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(data)}
    forking = [pid for pid, command in commands.items() if b"multiprocessing.forkserver" in command]
    return [pid for pid in forking if parent_of(pid) not in forking]


def children_of(parent: int) -> list[int]:
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in pids if parent_of(pid) == parent]


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
