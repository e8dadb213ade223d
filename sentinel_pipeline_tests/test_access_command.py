"""Users, tokens and the record of acts from the command line, as whoever runs the portal uses it."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import Said, sentinel

PASSWORD = "correct horse battery"


def add(data: Path, name: str, *more: str) -> Said:
    return sentinel(data, "users", "add", name, *more, "--password", "env:PASSWORD", PASSWORD=PASSWORD)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    assert add(tmp_path, "root", "--role", "admin").last == "root: admin"
    return tmp_path


def test_users_are_made_changed_and_listed(data: Path) -> None:
    assert add(data, "ann").last == "ann: viewer"
    assert sentinel(data, "users", "role", "ann", "analyst").last == "ann: analyst"
    assert sentinel(data, "users", "disable", "ann").last == "ann: disabled"
    listed = sentinel(data, "users", "list")
    assert listed.last == "2 users"
    assert "analyst  disabled" in listed.out
    assert PASSWORD not in listed.out + listed.err
    assert sentinel(data, "users", "enable", "ann").last == "ann: enabled"
    (data / "secret").write_text("another horse battery\n")
    changed = sentinel(data, "users", "password", "ann", "--password", "file:secret")
    assert changed.last == "ann: password changed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("users", "add", "b b", "--password", "env:PASSWORD"), "'b b' is no name"),
        (("users", "add", "root", "--password", "env:PASSWORD"), "there is a user 'root' already"),
        (("users", "add", "bob", "--password", "env:NOT_THERE"), "NOT_THERE is not set"),
        (("users", "role", "root", "viewer"), "'root' is the only admin"),
        (("users", "disable", "nobody"), "there is no user 'nobody'"),
        (("tokens", "add", "root", "--label", "x\ny", "--scope", "DATA_EXPORT"), "a token's label"),
        (("tokens", "revoke", "nothing"), "there is no token 'nothing'"),
    ],
)
def test_mistakes_are_told_in_a_line(data: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = sentinel(data, *arguments, PASSWORD=PASSWORD)
    assert answer.code == 2
    (complaint,) = answer.complaints
    assert said in complaint


def test_no_password_stands_on_the_command_line(data: Path) -> None:
    answer = sentinel(data, "users", "add", "bob", "--password", PASSWORD)
    assert answer.code == 2
    assert "so that no password stands in a list of processes" in answer.err
    assert PASSWORD not in answer.err


def test_a_token_is_shown_once(data: Path) -> None:
    made = sentinel(data, "tokens", "add", "root", "--label", "nightly", "--scope", "DATA_EXPORT", "--days", "3")
    assert made.last.startswith("sentinel_")
    listed = sentinel(data, "tokens", "list")
    assert made.last not in listed.out
    token_id = listed.out.split()[0]
    assert listed.out.split()[1] == "good"
    assert sentinel(data, "tokens", "revoke", token_id).last == f"{token_id}: revoked"
    assert "revoked" in sentinel(data, "tokens", "list").out


def test_the_record_is_checked_and_exported(data: Path) -> None:
    add(data, "ann")
    checked = sentinel(data, "audit", "verify")
    assert checked.code == 0
    assert checked.last.startswith("2 lines, unbroken; newest ")
    path, rows, _ = sentinel(data, "audit", "export").last.rsplit(" ", 2)
    assert (rows, Path(path).parent) == ("2", data / "exports")
    with Path(path).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    said = sentinel(data, "audit", "export", "--format", "json", "--output", str(data / "audit.json"))
    assert said.last == f"{data / 'audit.json'} 2 rows"
    objects = json.loads((data / "audit.json").read_bytes())
    assert [one["digest"] for one in objects] == [line["digest"] for line in lines]
    assert objects[0]["event"] == "USER_ADDED"
    assert objects[0]["details"] == {"by": "command line", "role": "admin"}
    assert checked.last.endswith(objects[1]["digest"])


def test_a_record_that_was_changed_is_told(data: Path) -> None:
    with closing(sqlite3.connect(data / "state.db")) as database:
        database.execute("""UPDATE audit SET details = replace(details, 'admin', 'viewer')""")
        database.commit()
    answer = sentinel(data, "audit", "verify")
    assert answer.code == 1
    assert "its record of acts was changed at line 1" in answer.complaints[0]


def test_the_network_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    answer = sentinel(tmp_path, "serve", "--host", "0.0.0.0")
    assert answer.code == 2
    assert "passwords would cross the network readable" in answer.complaints[0]
