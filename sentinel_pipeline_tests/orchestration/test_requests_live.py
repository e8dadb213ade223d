"""Requests in a control room at work: ten beside a schedule, stopped in their midst, and asked for again."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.request import STATES
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.problems import unclosed
from sentinel_pipeline.ledger.requests import Filed, in_state
from sentinel_pipeline.publishing.editions import revisions
from sentinel_pipeline.publishing.signing_keys import kept_public_keys
from sentinel_pipeline.publishing.verification import verify
from sentinel_pipeline.settings import ledger_url
from sentinel_pipeline_tests.orchestration.rooms import Room, control_room, wait_until
from sentinel_pipeline_tests.walks.household import CONFIGURATION, make_house, sentinel

pytestmark = pytest.mark.slow

DEFINITIONS = "sentinel_pipeline.definitions"
ALERTS = "alerts: {recipients: [operations@house.example]}\n"
EVERY_MINUTE = "schedules: {daily: '* * * * *', weekly: off, monthly: off, retention: off}\n"
NO_SCHEDULES = "schedules: {daily: off, weekly: off, monthly: off, retention: off}\n"
RUNS = """{runsOrError {... on Runs {results {
  runId status jobName creationTime startTime endTime tags {key value}
}}}}"""
TERMINATE = """mutation Terminate($run: String!) {
  terminateRun(runId: $run) {__typename ... on TerminateRunFailure {message} ... on PythonError {message}}
}"""
PARTITIONS = """query Partitions($path: [String!]!) {
  assetNodeOrError(assetKey: {path: $path}) {... on AssetNode {assetPartitionStatuses {
    ... on DefaultPartitionStatuses {materializedPartitions failedPartitions}
  }}}
}"""
TEN = 10


def wish(number: int) -> str:
    return f"name: Wish {number}\nwindow: {{since: 2025-03-11, until: 2025-03-12}}\nformats: [txt]\n"


def put(data: Path, name: str, content: str) -> None:
    """A file that is whole at once."""
    (data / "requests").mkdir(exist_ok=True)
    (data / "requests" / f".{name}").write_text(content)
    (data / "requests" / f".{name}").rename(data / "requests" / name)


def rows(data: Path) -> list[Filed]:
    with open_ledger(ledger_url(data)).reading() as connection:
        return in_state(connection, STATES)


def answers(data: Path) -> set[str]:
    return {path.name for path in (data / "requests").glob("*.*.json")}


def runs_of(room: Room, *jobs: str) -> list[dict[str, Any]]:
    found = room.graphql(RUNS)["runsOrError"]["results"]
    return [
        run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found if run["jobName"] in jobs
    ]


def partitions(room: Room, asset: str) -> dict[str, list[str]]:
    node = room.graphql(PARTITIONS, path=["custom", asset])["assetNodeOrError"]
    statuses: dict[str, list[str]] = node["assetPartitionStatuses"]
    return statuses


def test_ten_requests_at_once_are_made_once_each_and_the_schedule_overtakes_them(tmp_path: Path) -> None:
    data = make_house(tmp_path / "house")
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + EVERY_MINUTE)
    done = {f"wish{number}.done.json" for number in range(TEN)}
    with control_room(data, module=DEFINITIONS) as room:
        wait_until(lambda: 30 <= time.time() % 60 < 40, "the schedule's minute is half over", seconds=90)
        for number in range(TEN):
            put(data, f"wish{number}.yaml", wish(number))
        wait_until(lambda: done <= answers(data), "all ten are done", seconds=500)
        made, scheduled = runs_of(room, "custom_report"), runs_of(room, "scheduled_daily")
        shown, results = partitions(room, "edition"), partitions(room, "outcome")
    assert answers(data) == done | {f"wish{number}.accepted.json" for number in range(TEN)}
    editions = [Path(json.loads((data / "requests" / name).read_text())["folder"]) for name in sorted(done)]
    assert len(set(editions)) == TEN
    for edition in editions:
        assert revisions(edition.parent) == [1]
        assert verify(edition, kept_public_keys(data / "keys")).faults == ()
    assert [(row.state, row.attempts) for row in rows(data)] == [("done", 1)] * TEN
    assert sorted(shown["materializedPartitions"]) == sorted(edition.parent.name for edition in editions)
    assert results == shown
    assert [run["status"] for run in made] == ["SUCCESS"] * TEN
    by_start = sorted(made, key=lambda run: float(run["startTime"]))
    assert all(run["endTime"] <= after["startTime"] for run, after in pairwise(by_start)), "one is made at a time"
    overtaken = [
        request
        for run in scheduled
        for request in made
        if request["creationTime"] < run["creationTime"]
        and run["startTime"]
        and request["startTime"] > run["startTime"]
    ]
    assert overtaken, "a scheduled run goes before requests that waited longer"
    assert all(_waited_for(run, made) <= 1 for run in scheduled if run["startTime"])


def _waited_for(run: dict[str, Any], made: list[dict[str, Any]]) -> int:
    """How many requests began while a scheduled run waited."""
    return sum(run["creationTime"] < request["startTime"] < run["startTime"] for request in made)


def assert_every_source_was_read(edition: Path) -> None:
    sources = json.loads((edition / "manifest.json").read_bytes())["sources"]
    statuses = {table["status"] for source in sources for table in source["tables"]}
    assert not {"unreachable", "not extracted"} & statuses, sources


def cancel_by_command(room: Room, row: Filed) -> None:
    said = sentinel(room.data, "request", "--cancel", row.request_id)
    assert (said.code, said.last) == (0, row.request_id), said.err


def cancel_in_the_ui(room: Room, row: Filed) -> None:
    answer = room.graphql(TERMINATE, run=row.run_id)["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer


def is_reading(data: Path) -> bool:
    return any((data / "lake" / "extracts").glob("*/*/*.parquet"))


def is_rendering(data: Path) -> bool:
    return any((data / "editions" / ".drafts" / "custom").glob("**/*.*"))


@pytest.mark.parametrize("cancel", [cancel_by_command, cancel_in_the_ui])
@pytest.mark.parametrize("is_far_enough", [is_reading, is_rendering])
def test_a_request_that_is_being_made_is_cancelled_and_can_be_asked_for_again(
    tmp_path: Path, cancel: Callable[[Room, Filed], None], is_far_enough: Callable[[Path], bool]
) -> None:
    data = make_house(tmp_path / "house")
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + NO_SCHEDULES + ALERTS)
    content = "window: {since: 2025-03-11, until: 2025-03-13}\nrecipients: [ann@house.example]\n"
    with control_room(data, module=DEFINITIONS) as room:
        put(data, "wish.yaml", content)
        wait_until(lambda: [row for row in rows(data) if row.state == "running"], "somebody makes it", seconds=120)
        wait_until(lambda: is_far_enough(data), "they have come so far", seconds=120)
        (row,) = rows(data)
        cancel(room, row)
        wait_until(lambda: "wish.cancelled.json" in answers(data), "the end is told", seconds=60)
        wait_until(lambda: runs_of(room, "custom_report")[0]["endTime"], "the run has ended", seconds=60)
        assert [run["status"] for run in runs_of(room, "custom_report")] == ["CANCELED"]
        assert answers(data) == {"wish.accepted.json", "wish.cancelled.json"}
        assert [row.state for row in rows(data)] == ["cancelled"]
        assert not list((data / "editions" / "custom").glob("*/r*"))
        assert not (data / "outbox").exists()

        put(data, "wish.yaml", content)
        wait_until(lambda: "wish.done.json" in answers(data), "it is made after all", seconds=300)
        wait_until(lambda: list((data / "outbox").glob("*.eml")), "it is sent", seconds=60)
        with open_ledger(ledger_url(data)).reading() as connection:
            assert unclosed(connection) == [], "who cancels wants no notice of a failure"
    assert answers(data) == {"wish.accepted.json", "wish.done.json"}
    (row,) = rows(data)
    assert (row.state, row.attempts, row.error) == ("done", 2, None)
    edition = data / "editions" / str(row.edition)
    assert revisions(edition.parent) == [1]
    assert verify(edition, kept_public_keys(data / "keys")).faults == ()
    assert_every_source_was_read(edition)
    assert len(list((data / "outbox").glob("*.eml"))) == 1


def test_a_control_room_that_is_stopped_makes_the_request_at_its_next_start(tmp_path: Path) -> None:
    data = make_house(tmp_path / "house")
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + NO_SCHEDULES)
    with control_room(data, module=DEFINITIONS) as room:
        put(data, "wish.yaml", wish(1))
        wait_until(lambda: [row for row in rows(data) if row.state == "running"], "somebody makes it", seconds=120)
        wait_until(lambda: is_reading(data), "days are read", seconds=60)
        room.process.send_signal(signal.SIGTERM)
        assert room.process.wait(timeout=60) == 0
    assert not list((data / "editions" / "custom").glob("*/r*")), "nothing is made of what was read by then"
    with control_room(data, module=DEFINITIONS):
        wait_until(lambda: "wish.done.json" in answers(data), "it is made", seconds=300)
    assert answers(data) == {"wish.accepted.json", "wish.done.json"}
    (row,) = rows(data)
    edition = data / "editions" / str(row.edition)
    assert revisions(edition.parent) == [1]
    assert_every_source_was_read(edition)
