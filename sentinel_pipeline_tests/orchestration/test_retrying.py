"""Steps that are tried again after what may pass, and at once given up after what a person has to mend."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.domain.errors import LedgerAwayError, LedgerError, SentinelError, StoreAwayError, StoreError
from sentinel_pipeline.orchestration import retrying
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET
from sentinel_pipeline.settings import load_settings

DAY = "2025-03-12"
CONFIGURATION = """
first_day: 2025-03-10
sources: [{{name: office, kind: cybersentinel, location: "{location}"}}]
"""


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "WAITS", (0, 0))


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port where every caller is turned away."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        yield int(listening.getsockname()[1])


def tries(data: Path, location: str) -> int:
    """How often a day's extraction was tried again; the day itself is read either way."""
    (data / "config").mkdir()
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION.format(location=location))
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(load_settings(data)).resolve_job_def("read_days")
        result = job.execute_in_process(
            QUIET, instance=instance, raise_on_error=False, partition_key=DAY, tags={PARTITION: DAY}
        )
    events = [event.event_type for event in result.all_events if event.step_key == "extracts__office"]
    assert events[-1] is dg.DagsterEventType.STEP_SUCCESS
    assert [event.step_key for event in result.all_events if event.is_step_failure] == ["sources__office"]
    return events.count(dg.DagsterEventType.STEP_UP_FOR_RETRY)


def test_a_server_that_turns_us_away_is_tried_again(tmp_path: Path, dead_port: int) -> None:
    assert tries(tmp_path, f"postgresql://reader@127.0.0.1:{dead_port}/office") == 2


def test_a_location_that_is_wrong_is_not(tmp_path: Path) -> None:
    assert tries(tmp_path, "sqlite:///nothing.db") == 0


def test_a_wrong_password_or_user_is_not(tmp_path: Path, postgresql_url: str) -> None:
    assert tries(tmp_path, postgresql_url.replace("postgres:@", "nobody:secret@")) == 0


@pytest.mark.parametrize(
    ("error", "tried"),
    [
        (StoreAwayError("nobody answers"), 2),
        (StoreError("the access key is not known there"), 0),
        (LedgerAwayError("nobody answers"), 2),
        (LedgerError("the disk is full"), 0),
    ],
)
@pytest.mark.parametrize("yields", [True, False])
def test_a_step_is_tried_again_once_the_servers_below_it_were_away(
    error: SentinelError, tried: int, monkeypatch: pytest.MonkeyPatch, *, yields: bool
) -> None:
    monkeypatch.setattr(retrying, "OUTAGE_WAITS", (0, 0))
    faults = [error] * (tried or 1)

    def made() -> dg.MaterializeResult[None]:
        if faults:
            raise faults.pop()
        return dg.MaterializeResult(metadata={"rows": 1})

    @retrying.patient
    def plain(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        assert not context.has_partition_key
        return made()

    @retrying.patient
    def streaming(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        assert not context.has_partition_key
        yield made()

    asset = dg.asset(streaming if yields else plain, name="made")
    result = dg.materialize([asset], instance=dg.DagsterInstance.ephemeral(), raise_on_error=False)
    events = [event.event_type for event in result.all_events]
    assert events.count(dg.DagsterEventType.STEP_UP_FOR_RETRY) == tried
    assert result.success is (tried > 0)
