"""Requests filed by the command: what is wanted is told back, what is wrong precisely."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import DAY, make_house, sentinel


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("house"))


def test_options_file_a_request_and_the_last_line_is_its_id(house: Path) -> None:
    options = ("--type", "alerts", "--since", DAY, "--until", DAY, "--source", "home", "--format", "pdf")
    said = sentinel(house, "request", *options, "--format", "csv", "--recipient", "ann@house.example")
    assert said.code == 0, said.err
    assert said.last.startswith(f"{DAY}_1d_")
    again = sentinel(house, "request", *options, "--format", "csv", "--recipient", "ann@house.example")
    assert again.last == said.last
    state = json.loads(sentinel(house, "request", "--state", said.last).last)
    assert (state["state"], state["attempts"], state["folder"]) == ("requested", 1, None)
    assert state["request"]["formats"] == ["csv", "pdf"]
    assert state["request"]["recipients"] == ["ann@house.example"]


def test_a_file_and_the_options_that_say_the_same_are_one_request(house: Path, tmp_path: Path) -> None:
    wish = tmp_path / "wish.yaml"
    wish.write_text(f"window: {{since: {DAY}, until: {DAY}}}\ntype: summary\n")
    filed = sentinel(house, "request", str(wish))
    assert filed.code == 0, filed.err
    assert sentinel(house, "request", "--type", "summary", "--since", DAY, "--until", DAY).last == filed.last


def test_what_is_not_made_yet_cannot_be_delivered_and_it_is_said_where_to_look(house: Path) -> None:
    filed = sentinel(house, "request", "--since", DAY, "--until", DAY, "--recipient", "ann@house.example").last
    said = sentinel(house, "deliver", "custom", filed)
    assert (said.code, said.complaints) == (
        2,
        [f"sentinel: custom {filed} is not published; `sentinel request --state {filed}` says where it stands"],
    )


def test_the_last_days_end_with_yesterday(house: Path) -> None:
    said = sentinel(house, "request", "--last", "7d", "--name", "Week")
    assert said.code == 0, said.err
    first = datetime.fromisoformat(said.last.partition("_")[0]).date()
    today = datetime.now(UTC).date()
    assert timedelta(days=6) <= today - first <= timedelta(days=8)


def test_a_request_is_cancelled_once(house: Path) -> None:
    filed = sentinel(house, "request", "--last", "3d").last
    assert sentinel(house, "request", "--cancel", filed).last == filed
    again = sentinel(house, "request", "--cancel", filed)
    assert again.code == 2
    assert again.complaints == [
        f"sentinel: request '{filed}' is cancelled; only one that is requested or running can be cancelled"
    ]
    assert json.loads(sentinel(house, "request", "--state", filed).last)["state"] == "cancelled"


def test_mistakes_are_told_a_line_each_with_exit_code_2(house: Path, tmp_path: Path) -> None:
    wish = tmp_path / "wish.yaml"
    wish.write_text("last: 500d\nsources: [nowhere]\n")
    said = sentinel(house, "request", str(wish))
    assert said.code == 2
    assert said.complaints == [
        f"sentinel: {wish}: last: found '500d'; allowed: days such as 7d, from 1d to 366d (line 1)",
        f"sentinel: {wish}: sources[0]: found 'nowhere'; allowed: one of home, office, gateway (line 2)",
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "sentinel: either FILE, or options that say what is wanted, or --state ID, or --cancel ID"),
        (("--state", "x"), "sentinel: there is no request 'x'"),
        (("missing.yaml",), "sentinel: missing.yaml: does not exist"),
    ],
)
def test_wrong_usage_is_told(house: Path, arguments: tuple[str, ...], line: str) -> None:
    said = sentinel(house, "request", *arguments)
    assert (said.code, said.complaints) == (2, [line])
