"""From the click in the UI to the published day: a real control room over the demo, asked as the UI asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { id } } ... on PythonError { message } } }"""
STATUS = "query($i: ID!) { runOrError(runId: $i) { ... on Run { status } } }"
ENDS = ("SUCCESS", "FAILURE", "CANCELED")
PATIENCE_SECONDS = 120
# Asking takes processor time from what is waited for; the UI itself asks every second.
PAUSE_SECONDS = 0.5


def clicks(data: Path, times: int) -> list[float]:
    """Seconds from launching `publish_daily` to its success, for that many different days of a fresh demo."""
    environment = os.environ | {"SENTINEL_DATA": str(data)}
    command = [sys.executable, "-m", "sentinel_pipeline"]
    subprocess.run([*command, "demo"], env=environment, check=True, capture_output=True)
    yesterday = datetime.now(ZoneInfo("Europe/Berlin")).date() - timedelta(days=1)
    with control_room(command, environment) as address:
        return [click(address, (yesterday - timedelta(days=n)).isoformat()) for n in range(times)]


@contextmanager
def control_room(command: list[str], environment: dict[str, str], port: int = 3987) -> Iterator[str]:
    """A control room that answers, stopped at the end."""
    process = subprocess.Popen(
        [*command, "up", "--port", str(port)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "Control room" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def click(address: str, day: str) -> float:
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "sentinel_pipeline",
        "jobName": "publish_daily",
    }
    tags = {"tags": [{"key": "dagster/partition", "value": day}]}
    started = time.perf_counter()
    asked = {"selector": selector, "runConfigData": {}, "mode": "default", "executionMetadata": tags}
    run = ask(address, LAUNCH, {"p": asked})["launchRun"]["run"]["id"]
    while time.perf_counter() - started < PATIENCE_SECONDS:
        status = ask(address, STATUS, {"i": run})["runOrError"]["status"]
        if status in ENDS:
            assert status == "SUCCESS", status
            return time.perf_counter() - started
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError(f"{day} took longer than {PATIENCE_SECONDS} s")


def ask(address: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json", "Origin": address}
    with urllib.request.urlopen(urllib.request.Request(f"{address}/graphql", body, headers)) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
    return data
