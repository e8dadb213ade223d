"""A requested report whose makers are killed: made once all the same, and sent once."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from sentinel_pipeline.domain.request import STATES
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.requests import Filed, in_state
from sentinel_pipeline.publishing.editions import revisions
from sentinel_pipeline.publishing.signing_keys import kept_public_keys
from sentinel_pipeline.publishing.verification import verify
from sentinel_pipeline.settings import ledger_url
from sentinel_pipeline_tests.orchestration.rooms import control_room, kill_everything, wait_until
from sentinel_pipeline_tests.walks.household import make_house

DEFINITIONS = "sentinel_pipeline.definitions"
WISH = """
window: {since: 2025-03-11, until: 2025-03-13}
formats: [csv, txt]
recipients: [ann@house.example]
"""


def rows(data: Path) -> list[Filed]:
    with open_ledger(ledger_url(data)).reading() as connection:
        return in_state(connection, STATES)


def worker(data: Path, after: str | None = None) -> int | None:
    """The process that makes the request, once there is one in another run than `after`."""
    found = [row for row in rows(data) if row.state == "running" and row.run_id != after]
    locks = [data / "dagster" / "run_locks" / str(row.run_id) for row in found]
    return next((int(lock.read_text()) for lock in locks if lock.exists() and lock.read_text().strip()), None)


@pytest.mark.slow
def test_a_killed_worker_and_a_power_loss_make_no_report_twice_and_lose_none(tmp_path: Path) -> None:
    data = make_house(tmp_path / "house")
    (data / "requests").mkdir()
    (data / "requests" / ".wish").write_text(WISH)
    with control_room(data, module=DEFINITIONS):
        (data / "requests" / ".wish").rename(data / "requests" / "wish.yaml")
        wait_until(lambda: worker(data), "somebody makes it", seconds=300)
        first = rows(data)[0].run_id
        pid = worker(data)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: worker(data, after=first), "somebody makes it again", seconds=300)
        kill_everything(data)
    done = data / "requests" / "wish.done.json"
    with control_room(data, module=DEFINITIONS):
        wait_until(done.exists, "it is done", seconds=400)
        wait_until(lambda: list((data / "outbox").glob("*.eml")), "it is sent", seconds=60)
    (row,) = rows(data)
    assert (row.state, row.error) == ("done", None)
    edition = Path(json.loads(done.read_text())["folder"])
    assert revisions(edition.parent) == [1]
    assert verify(edition, kept_public_keys(data / "keys")).faults == ()
    assert len(list((data / "outbox").glob("*.eml"))) == 1
