"""Users, tokens and the record of acts from the command line, as whoever runs the portal uses it."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel_pipeline.cli import main
from sentinel_pipeline.ledger import credentials
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.walks.household import Said

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Terminal:
    """A data folder, and commands typed about it."""

    data: Path
    patch: pytest.MonkeyPatch
    screen: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        self.patch.setattr(sys, "argv", ["sentinel", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.screen.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    def add(self, name: str, *more: str) -> Said:
        return self("users", "add", name, *more, "--password", "env:PASSWORD")


@pytest.fixture
def sentinel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """With one admin, called root."""
    monkeypatch.setenv("SENTINEL_DATA", str(tmp_path))
    monkeypatch.setenv("PASSWORD", PASSWORD)
    monkeypatch.setattr(credentials, "HASHER", QUICK)
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    assert terminal.add("root", "--role", "admin").last == "root: admin"
    return terminal


def test_users_are_made_changed_and_listed(sentinel: Terminal) -> None:
    assert sentinel.add("ann").last == "ann: viewer"
    assert sentinel("users", "role", "ann", "analyst").last == "ann: analyst"
    assert sentinel("users", "disable", "ann").last == "ann: disabled"
    listed = sentinel("users", "list")
    assert listed.last == "2 users"
    assert "analyst  disabled" in listed.out
    assert PASSWORD not in listed.out + listed.err
    assert sentinel("users", "enable", "ann").last == "ann: enabled"
    (sentinel.data / "secret").write_text("another horse battery\n")
    changed = sentinel("users", "password", "ann", "--password", "file:secret")
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
def test_mistakes_are_told_in_a_line(sentinel: Terminal, arguments: tuple[str, ...], said: str) -> None:
    answer = sentinel(*arguments)
    assert answer.code == 2
    (complaint,) = answer.complaints
    assert said in complaint


def test_no_password_stands_on_the_command_line(sentinel: Terminal) -> None:
    answer = sentinel("users", "add", "bob", "--password", PASSWORD)
    assert answer.code == 2
    assert "so that no password stands in a list of processes" in answer.err
    assert PASSWORD not in answer.err


def test_a_token_is_shown_once(sentinel: Terminal) -> None:
    made = sentinel("tokens", "add", "root", "--label", "nightly", "--scope", "DATA_EXPORT", "--days", "3")
    assert made.last.startswith("sentinel_")
    listed = sentinel("tokens", "list")
    assert made.last not in listed.out
    token_id = listed.out.split()[0]
    assert listed.out.split()[1] == "good"
    assert sentinel("tokens", "revoke", token_id).last == f"{token_id}: revoked"
    assert "revoked" in sentinel("tokens", "list").out


def test_the_record_is_checked_and_exported(sentinel: Terminal) -> None:
    sentinel.add("ann")
    checked = sentinel("audit", "verify")
    assert checked.code == 0
    assert checked.last.startswith("2 lines, unbroken; newest ")
    path, rows, _ = sentinel("audit", "export").last.rsplit(" ", 2)
    assert (rows, Path(path).parent) == ("2", sentinel.data / "exports")
    with Path(path).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    said = sentinel("audit", "export", "--format", "json", "--output", str(sentinel.data / "audit.json"))
    assert said.last == f"{sentinel.data / 'audit.json'} 2 rows"
    objects = json.loads((sentinel.data / "audit.json").read_bytes())
    assert [one["digest"] for one in objects] == [line["digest"] for line in lines]
    assert objects[0]["event"] == "USER_ADDED"
    assert objects[0]["details"] == {"by": "command line", "role": "admin"}
    assert checked.last.endswith(objects[1]["digest"])


def test_a_record_that_was_changed_is_told(sentinel: Terminal) -> None:
    with closing(sqlite3.connect(sentinel.data / "state.db")) as database:
        database.execute("""UPDATE audit SET details = replace(details, 'admin', 'viewer')""")
        database.commit()
    answer = sentinel("audit", "verify")
    assert answer.code == 1
    assert "its record of acts was changed at line 1" in answer.complaints[0]


def test_the_network_is_refused_before_anything_is_served(sentinel: Terminal) -> None:
    answer = sentinel("serve", "--host", "0.0.0.0")
    assert answer.code == 2
    assert "passwords would cross the network readable" in answer.complaints[0]
