"""A script asks the portal for a file, Dagster makes it, and the script downloads it: all of it real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from sentinel_pipeline.portal.listening import bound
from sentinel_pipeline_tests.exports.test_requested import make_plug
from sentinel_pipeline_tests.orchestration.rooms import control_room, kill_everything, wait_until
from sentinel_pipeline_tests.sources.plugs import PLUG
from sentinel_pipeline_tests.walks.household import sentinel

DEFINITIONS = "sentinel_pipeline.definitions"
BODY: dict[str, Any] = {
    "export_type": "device_data",
    "format": "csv",
    "date_range": {"start": "2025-03-30T00:00:00Z", "end": "2025-03-30T23:59:59Z"},
    "devices": [PLUG],
    "fields": ["timestamp", "power_w", "energy_kwh", "cost"],
}
SCRIPT = """
const [base, token, device] = process.argv.slice(1);
const headers = {'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json'};
const body = JSON.stringify({export_type: 'device_data', format: 'json', devices: [device],
  date_range: {start: '2025-03-30T00:00:00Z', end: '2025-03-30T23:59:59Z'}, fields: ['timestamp', 'power_w']});
(async () => {
  const job = await (await fetch(`${base}/api/exports/create`, {method: 'POST', headers, body})).json();
  for (let status = ''; status !== 'completed'; await new Promise(done => setTimeout(done, 500))) {
    status = (await (await fetch(`${base}/api/exports/${job.export_id}`, {headers})).json()).status;
    if (status === 'failed') throw new Error('failed');
  }
  const file = await (await fetch(`${base}/api/exports/download/${job.export_id}`, {headers})).json();
  console.log(file.data.length);
})();
"""


@contextmanager
def portal(data: Path) -> Iterator[str]:
    """`sentinel serve` on a free port."""
    with bound("127.0.0.1", 0) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "sentinel_pipeline", "serve", "--port", port]
    environment = {**os.environ, "SENTINEL_DATA": str(data)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Portal: "), said + process.stdout.read()
        yield said.split()[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def wait_for(script: httpx.Client, name: str, status: str) -> None:
    """Asks every two seconds: a hundred requests a minute are allowed."""
    deadline = monotonic() + 240
    while (said := script.get(f"/{name}").raise_for_status().json())["status"] != status:
        assert monotonic() < deadline, said
        sleep(2)


@pytest.mark.slow
def test_scripts_get_their_files_although_a_worker_is_killed(tmp_path: Path) -> None:
    data = make_plug(tmp_path / "house")
    environment = {"SENTINEL_ANNS_PASSWORD": "correct horse battery"}
    password = "env:SENTINEL_ANNS_PASSWORD"
    assert sentinel(data, "users", "add", "ann", "--role", "analyst", "--password", password, **environment).code == 0
    scopes = ("--scope", "DATA_EXPORT", "--scope", "PERSONAL_VIEW")
    token = sentinel(data, "tokens", "add", "ann", "--label", "test", *scopes).last
    locks = data / "dagster" / "run_locks"
    with control_room(data, module=DEFINITIONS), portal(data) as address:
        script = httpx.Client(
            base_url=f"{address}/api/exports", headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        )
        with script:
            name = script.post("/create", json=BODY).raise_for_status().json()["export_id"]
            wait_for(script, name, "completed")
            lines = script.get(f"/download/{name}").text.splitlines()
            assert (lines[0], len(lines)) == ("timestamp,power_w,energy_kwh,cost", 97)
            again = script.post("/create", json=BODY).json()["export_id"]
            wait_until(lambda: [lock for lock in locks.glob("*") if lock.read_text().strip()], "it is being made", 120)
            for lock in locks.iterdir():
                os.kill(int(lock.read_text()), signal.SIGKILL)
            wait_for(script, again, "completed")
            assert script.get(f"/download/{again}").text.splitlines() == lines
        done = subprocess.run(
            ["node", "-e", SCRIPT, address, token, PLUG], capture_output=True, text=True, check=False, timeout=180
        )
        assert (done.returncode, done.stdout.strip()) == (0, "288"), done.stderr
        kill_everything(data)
