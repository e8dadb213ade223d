"""A control room started for real in a process of its own, and what a person would do with it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sentinel_pipeline.settings import PROJECT

TOY = "sentinel_pipeline_tests.orchestration.toy_definitions"
PROGRAM = """
import sys
from pathlib import Path
from sentinel_pipeline.orchestration.control_room import run_control_room
sys.exit(run_control_room(Path(sys.argv[1]), port=int(sys.argv[2]), workspace=Path(sys.argv[3])))
"""
LAUNCH = """
mutation Launch($job: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "toy", repositoryName: "__repository__", jobName: $job}, runConfigData: {}
  }) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
RUNS = "{runsOrError {... on Runs {results {runId status parentRunId}}}}"


@dataclass
class Room:
    process: subprocess.Popen[str]
    address: str
    data: Path

    def ask(
        self, path: str, body: str | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        try:
            connection.request(method or ("POST" if body else "GET"), path, body, headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def graphql(self, query: str, **variables: object) -> Any:
        body = json.dumps({"query": query, "variables": variables})
        headers = {"Content-Type": "application/json", "Origin": self.address}
        status, _, answer = self.ask("/graphql", body, **headers)
        assert status == 200, answer
        return json.loads(answer)["data"]

    def launch(self, job: str) -> str:
        answer = self.graphql(LAUNCH, job=job)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["runId"]
        return run_id

    def runs(self) -> list[dict[str, str]]:
        runs: list[dict[str, str]] = self.graphql(RUNS)["runsOrError"]["results"]
        return runs


def start_process(data: Path, *, port: int = 0, module: str = TOY, shell: str = "") -> subprocess.Popen[str]:
    """The program; `shell` is a shell line in which "$@" stands for it."""
    data.mkdir(exist_ok=True)
    workspace = data / "workspace.yaml"
    entry = {"module_name": module, "working_directory": str(PROJECT), "location_name": "toy"}
    workspace.write_text(json.dumps({"load_from": [{"python_module": entry}]}))
    command = [sys.executable, "-c", PROGRAM, str(data), str(port), str(workspace)]
    if shell:
        command = ["/bin/sh", "-c", shell, "sh", *command]
    keep = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "SENTINEL_DATA")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=keep)


@contextmanager
def control_room(data: Path, **how: Any) -> Iterator[Room]:
    process = start_process(data, **how)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Control room: http"), line + process.stdout.read()
        yield Room(process, line.split()[2], data)
    finally:
        kill_everything(data)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def processes_of(data: Path) -> list[int]:
    """Every process started for this data folder, whoever is its parent: the folder stands in its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            environment = (folder / "environ").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        if f"SENTINEL_DATA={data}\0".encode() in environment:
            found.append(int(folder.name))
    return found


def kill_everything(data: Path) -> None:
    """What a power loss does to them."""
    for pid in processes_of(data):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_until(lambda: not processes_of(data), "everything is dead")


def wait_until(is_so: Callable[[], object], what: str, seconds: float = 60) -> float:
    """How many seconds it took."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - start
