"""Request files are taken once, answered precisely, and never before they are whole."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.request import STATES, Request
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.requests import (
    Filed,
    begin,
    cancel,
    fail,
    file_request,
    finish,
    in_state,
    note_undelivered,
)
from sentinel_pipeline.requests import folder
from sentinel_pipeline.requests.folder import PATIENCE, QUIET, pick_up
from sentinel_pipeline.requests.reading import content_of
from sentinel_pipeline.settings import Settings, ledger_url, load_settings

NOW = datetime(2025, 3, 20, 12, 0, tzinfo=UTC)
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-01-01
sources: [{name: home, kind: iotsentinel, location: sqlite:///home.db}]
"""


@pytest.fixture
def house(tmp_path: Path) -> Settings:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    (tmp_path / "requests").mkdir()
    return load_settings(tmp_path)


@pytest.fixture
def ledger(house: Settings) -> Ledger:
    return open_ledger(ledger_url(house.data))


def drop(house: Settings, name: str, content: str, at: datetime = NOW - timedelta(minutes=5)) -> Path:
    path = house.requests / name
    path.write_text(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def answers(house: Settings) -> dict[str, dict[str, object]]:
    names = ("accepted", "rejected", "done", "failed", "cancelled")
    found = [path for path in house.requests.iterdir() if path.name.endswith(tuple(f".{one}.json" for one in names))]
    return {path.name: json.loads(path.read_text()) for path in found}


def rows(ledger: Ledger) -> list[Filed]:
    with ledger.reading() as connection:
        return in_state(connection, STATES)


def filed(ledger: Ledger) -> list[str]:
    return [row.request_id for row in rows(ledger)]


def requests(ledger: Ledger) -> list[Request]:
    return [row.request for row in rows(ledger)]


def states(ledger: Ledger) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in rows(ledger)]


def test_a_file_is_filed_once_and_told_its_id(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.yaml", "last: 7d\nname: Week\n")
    for _ in range(3):
        assert pick_up(house, ledger, NOW) == []
    (request_id,) = filed(ledger)
    answer = answers(house)["week.accepted.json"]
    assert (answer["request"], answer["since"], answer["until"]) == (request_id, "2025-03-13", "2025-03-19")
    assert answer["file"] == "week.yaml"
    assert list(answers(house)) == ["week.accepted.json"]


def test_a_death_between_filing_and_answering_files_nothing_twice_even_days_later(
    house: Settings, ledger: Ledger
) -> None:
    drop(house, "week.yaml", "last: 7d\n")
    pick_up(house, ledger, NOW)
    (house.requests / "week.accepted.json").unlink()
    pick_up(house, ledger, NOW + timedelta(days=3))
    assert len(filed(ledger)) == 1
    assert answers(house)["week.accepted.json"]["request"] == filed(ledger)[0]


def test_a_touched_file_is_the_same_request_and_another_content_another(house: Settings, ledger: Ledger) -> None:
    path = drop(house, "week.yaml", "last: 7d\n")
    pick_up(house, ledger, NOW)
    os.utime(path, (NOW.timestamp() + 86_400, NOW.timestamp() + 86_400))
    pick_up(house, ledger, NOW + timedelta(days=2))
    assert len(filed(ledger)) == 1
    drop(house, "week.yaml", "last: 8d\n")
    pick_up(house, ledger, NOW + timedelta(days=2))
    assert len(filed(ledger)) == 2


def test_a_mistake_is_answered_with_its_line_and_a_mended_file_is_taken(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.yaml", "last: 7d\nsources: [away]\n")
    pick_up(house, ledger, NOW)
    assert filed(ledger) == []
    assert answers(house)["week.rejected.json"]["mistakes"] == [
        "sources[0]: found 'away'; allowed: one of home (line 2)"
    ]
    drop(house, "week.yaml", "last: 7d\nsources: [home]\n", NOW - timedelta(minutes=4))
    pick_up(house, ledger, NOW)
    assert list(answers(house)) == ["week.accepted.json"]


def test_a_file_that_is_still_written_is_left_alone(house: Settings, ledger: Ledger) -> None:
    drop(house, "whole.yaml", "last: 7d\n", NOW - QUIET / 2)
    drop(house, "half.json", '{"last": "7', NOW - PATIENCE / 2)
    pick_up(house, ledger, NOW)
    assert (filed(ledger), answers(house)) == ([], {})
    pick_up(house, ledger, NOW + QUIET)
    assert list(answers(house)) == ["whole.accepted.json"]
    pick_up(house, ledger, NOW + PATIENCE)
    assert answers(house)["half.rejected.json"]["mistakes"] == [
        "half.json: line 1: is not JSON: Unterminated string starting at"
    ]


def test_a_clock_that_is_ahead_keeps_no_file_waiting(house: Settings, ledger: Ledger) -> None:
    drop(house, "future.yaml", "last: 7d\n", NOW + timedelta(days=400))
    pick_up(house, ledger, NOW)
    assert answers(house)["future.accepted.json"]["until"] == "2025-03-19"


@pytest.mark.parametrize(("how", "state"), [("done", "done"), ("failed", "failed"), ("cancelled", "cancelled")])
def test_the_end_is_told_beside_the_file(house: Settings, ledger: Ledger, how: str, state: str) -> None:
    drop(house, "week.yaml", "last: 7d\n")
    pick_up(house, ledger, NOW)
    (request_id,) = filed(ledger)
    begin(ledger, request_id, "run", NOW)
    {
        "done": lambda: finish(ledger, request_id, f"custom/{request_id}/r1", NOW),
        "failed": lambda: fail(ledger, request_id, "no room\nno disk", NOW),
        "cancelled": lambda: cancel(ledger, request_id, NOW),
    }[how]()
    pick_up(house, ledger, NOW)
    answer = answers(house)[f"week.{state}.json"]
    assert answer["request"] == request_id
    assert answer.get("folder") == (str(house.editions / "custom" / request_id / "r1") if how == "done" else None)
    assert answer.get("mistakes") == (["no room", "no disk"] if how == "failed" else None)
    assert len(filed(ledger)) == 1


def test_what_was_not_delivered_is_told_too(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.yaml", "last: 7d\n")
    pick_up(house, ledger, NOW)
    (request_id,) = filed(ledger)
    begin(ledger, request_id, "run", NOW)
    finish(ledger, request_id, f"custom/{request_id}/r1", NOW)
    pick_up(house, ledger, NOW)
    note_undelivered(ledger, request_id, "a…@house.example (Week): refused")
    pick_up(house, ledger, NOW)
    assert answers(house)["week.done.json"]["not_delivered"] == "a…@house.example (Week): refused"


def test_what_failed_and_was_filed_anew_gets_another_end(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.yaml", "last: 7d\n")
    pick_up(house, ledger, NOW)
    (request_id,) = filed(ledger)
    begin(ledger, request_id, "run", NOW)
    fail(ledger, request_id, "no room", NOW)
    pick_up(house, ledger, NOW)
    with ledger.reading() as connection:
        (row,) = in_state(connection, STATES)
    file_request(ledger, row.request, NOW, anew=True)
    finish(ledger, request_id, f"custom/{request_id}/r1", NOW)
    pick_up(house, ledger, NOW)
    assert sorted(answers(house)) == ["week.accepted.json", "week.done.json"]


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_file_written_after_its_request_ended_without_a_report_asks_once_more(
    house: Settings, ledger: Ledger, end: str
) -> None:
    words = "window: {since: 2025-03-10, until: 2025-03-16}\n"
    path = drop(house, "week.yaml", words)
    pick_up(house, ledger, NOW)
    (request_id,) = filed(ledger)
    begin(ledger, request_id, "run", NOW)
    {"cancelled": lambda: cancel(ledger, request_id, NOW), "failed": lambda: fail(ledger, request_id, "no", NOW)}[end]()
    later = NOW + timedelta(minutes=10)
    pick_up(house, ledger, later)
    assert sorted(answers(house)) == ["week.accepted.json", f"week.{end}.json"]
    assert states(ledger) == [(end, 1)], "an old file asks for nothing anew"
    os.utime(path, (later.timestamp(), later.timestamp()))
    for _ in range(3):
        pick_up(house, ledger, later + QUIET)
    assert states(ledger) == [("requested", 2)]
    assert sorted(answers(house)) == ["week.accepted.json"]
    cancel(ledger, request_id, later + QUIET)
    for name in answers(house):
        (house.requests / name).unlink()
    drop(house, "week.yaml", words, later + timedelta(minutes=1))
    pick_up(house, ledger, later + timedelta(minutes=2))
    assert states(ledger) == [("requested", 3)], "also when somebody tidied up the answers"


def test_a_clock_that_is_ahead_makes_a_failing_request_not_again_and_again(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.yaml", "last: 7d\n", NOW + timedelta(days=400))
    for minute in range(4):
        pick_up(house, ledger, NOW + timedelta(minutes=minute))
        fail(ledger, filed(ledger)[0], "no room", NOW + timedelta(minutes=minute))
    assert states(ledger) == [("failed", 1)]


@pytest.mark.parametrize("before", ["last: 7d\n", "last: ["])
def test_what_somebody_writes_while_it_is_read_is_left_for_the_next_look(
    house: Settings, ledger: Ledger, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(house, "week.yaml", before)
    whole = "last: 8d\nsources: [home]\n"

    def read_and_be_written(place: Path) -> bytes:
        content = content_of(place)
        place.write_text(whole)
        return content

    monkeypatch.setattr(folder, "content_of", read_and_be_written)
    pick_up(house, ledger, NOW)
    monkeypatch.undo()
    assert (filed(ledger), answers(house)) == ([], {})
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    pick_up(house, ledger, NOW + QUIET)
    assert [(request.days, request.sources) for request in requests(ledger)] == [(8, ("home",))]


def test_links_huge_and_hostile_files_are_answered_and_nothing_else_is_touched(
    house: Settings, ledger: Ledger, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("last: 7d\n")
    (house.requests / "link.yaml").symlink_to(secret)
    drop(house, "huge.yaml", "#" * 70_000)
    os.truncate(drop(house, "enormous.json", "{"), 100 * 2**20)
    drop(house, "Bericht für 東京 🗼.yaml", "last: 500d")
    drop(house, "..yaml", "last: 500d")
    drop(house, "we\nird \x1b[2J<b>.yaml", "last: [")
    drop(house, ".hidden.yaml", "last: 7d")
    drop(house, "note.txt", "last: 7d")
    (house.requests / "folder.yaml").mkdir()
    pick_up(house, ledger, NOW + timedelta(days=1000))
    assert filed(ledger) == []
    said = {name: answer["mistakes"] for name, answer in answers(house).items()}
    assert said.pop("we\nird \x1b[2J<b>.rejected.json") == ["we�ird �[2J<b>.yaml: line 1: is not YAML: " + WHY]
    assert said == {
        "link.rejected.json": ["link.yaml: is a link; put the file itself here"],
        "huge.rejected.json": ["huge.yaml: is larger than 64 kB; a request is a few lines"],
        "enormous.rejected.json": ["enormous.json: is larger than 64 kB; a request is a few lines"],
        "Bericht für 東京 🗼.rejected.json": [LONG],
    }
    assert secret.read_text() == "last: 7d\n"


LONG = "last: found '500d'; allowed: days such as 7d, from 1d to 366d (line 1)"
WHY = "expected the node content, but found '<stream end>'"


def test_a_name_too_long_for_an_answer_is_told_and_not_taken(house: Settings, ledger: Ledger) -> None:
    drop(house, f"{'x' * 200}.yaml", "last: 7d")
    (problem,) = pick_up(house, ledger, NOW)
    assert problem.endswith("cannot be answered: its name is longer than 180 bytes")
    assert filed(ledger) == []


def test_two_files_of_one_stem_have_answers_of_their_own(house: Settings, ledger: Ledger) -> None:
    drop(house, "week.json", '{"last": "7d"}')
    drop(house, "week.yaml", "last: 8d")
    pick_up(house, ledger, NOW)
    pick_up(house, ledger, NOW)
    assert sorted(answers(house)) == ["week.accepted.json", "week.yaml.accepted.json"]
    assert len(filed(ledger)) == 2


def test_without_the_folder_there_is_nothing_to_take(house: Settings, ledger: Ledger) -> None:
    house.requests.rmdir()
    assert pick_up(house, ledger, NOW) == []
