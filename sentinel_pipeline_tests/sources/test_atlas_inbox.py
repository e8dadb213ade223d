"""An inbox of a fleet: files of every form, days, duplicates, machines, and notes that tell nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DECRYPTIONS, MACHINES, WIDGET_LOGS
from sentinel_pipeline.sources import atlas_inbox
from sentinel_pipeline.sources.atlas import open_atlas
from sentinel_pipeline.sources.atlas_files import Record, records_of
from sentinel_pipeline.sources.atlas_keys import KeyRing
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceSettings
from sentinel_pipeline_tests.sources.fleets import (
    NEW,
    OLD,
    STRANGE,
    export_file,
    fingerprint,
    fleet,
    log,
    payload,
    put,
    sealed,
    token,
)
from sentinel_pipeline_tests.sources.worlds import Kept, at, day, whole

MAY = day("2026-05-01")
PARSING = Path(os.environ.get("SENTINEL_SHARED_DATA", Path(__file__).parents[2] / "../shared/data")) / (
    "adversarial/jsontestsuite/test_parsing"
)


def logs(source: Source, window: Window | None = None, kept: Kept | None = None) -> pl.DataFrame:
    with source:
        return whole(source, WIDGET_LOGS, window, Quarantine("fleet", kept or Kept()))


def verdicts(source: Source, window: Window | None = None) -> dict[str, str]:
    with source:
        found = whole(source, DECRYPTIONS, window)
    return dict(zip(found["decryption_id"], found["verdict"], strict=True))


def test_an_object_an_array_and_lines_hold_the_same_logs(tmp_path: Path) -> None:
    one, two = sealed(payload(machine="a"), nonce=1), sealed(payload(machine="b"), nonce=2)
    put(tmp_path / "array", "x.json", [one, two])
    put(tmp_path / "lines", "x.json", json.dumps(one) + "\r\n\n" + json.dumps(two))
    put(tmp_path / "files", "1.json", "\ufeff" + json.dumps(one, indent=2))
    put(tmp_path / "files", "2.ndjson", two)
    found = [logs(fleet(tmp_path / name)) for name in ("array", "lines", "files")]
    assert found[0]["machine_id"].to_list() == ["a", "b"]
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_every_failure_is_kept_as_it_came_and_the_rest_is_unharmed(tmp_path: Path) -> None:
    strange, good = sealed(payload(), STRANGE), sealed(payload())
    put(tmp_path, "a.json", [strange, good, payload(), {"encrypted": True}, sealed("x", nonce=5), good])
    put(tmp_path, "b.json", sealed({"machine_id": "mac-1", "logs": []}, nonce=6))
    put(tmp_path, "c.json", "{no json\nat all")
    kept = Kept()
    assert logs(fleet(tmp_path), None, kept).height == 1
    assert {(row["location"], row["reason"]) for row in kept.rows} == {
        ("a.json#1", "auth_failed"),
        ("a.json#3", "downgrade"),
        ("a.json#4", "malformed"),
        ("a.json#5", "malformed_plaintext"),
        ("a.json#6", "replay"),
        ("b.json#1", "incomplete"),
        ("c.json#1", "malformed"),
    }
    assert {row["occurred_at"] for row in kept.rows} == {at("2026-05-02 12:00:00"), at("2026-05-01 10:00:00")}
    assert kept.rows[0]["record"] == json.dumps(strange, separators=(",", ":"))
    assert set(kept.column("table")) == {"widget_logs"}


def test_verdicts_are_counted_by_machine_and_key(tmp_path: Path) -> None:
    put(tmp_path, "a.json", [sealed(payload(log(), log(message="b"))), sealed(payload(machine="m2"), OLD)])
    put(tmp_path, "b.json", [sealed(payload(), STRANGE), payload(machine="m3")])
    with fleet(tmp_path, keys=["env:NEW", "env:OLD"]) as source:
        found = whole(source, DECRYPTIONS)
    rows = found.select("decryption_id", "machine_id", "verdict", "key_fingerprint", "logs", "unit").rows()
    assert rows == [
        ("a.json#1", "mac-1", "ok", fingerprint(NEW), 2, "envelope"),
        ("a.json#2", "m2", "ok", fingerprint(OLD), 1, "envelope"),
        ("b.json#1", None, "auth_failed", None, 0, "envelope"),
        ("b.json#2", "m3", "downgrade", None, 0, "envelope"),
    ]
    assert found["received_at"].to_list() == [at("2026-05-01 10:00:00")] * 2 + [at("2026-05-02 12:00:00")] * 2


def test_a_log_belongs_to_its_own_day_and_a_failure_to_the_day_it_arrived(tmp_path: Path) -> None:
    put(tmp_path, "a.json", sealed(payload(log("2026-04-30T23:59:59.999999"), log("2026-05-01T00:00:00"))))
    put(tmp_path, "b.json", sealed(payload(), STRANGE), arrived="2026-05-01 08:00:00")
    put(tmp_path, "c.json", sealed(payload(), STRANGE), arrived="2026-05-02 00:00:00")
    kept = Kept()
    assert logs(fleet(tmp_path), MAY, kept)["logged_at"].to_list() == [at("2026-05-01 00:00:00")]
    assert kept.column("location") == ["b.json#1"]
    assert verdicts(fleet(tmp_path), MAY) == {"a.json#1": "ok", "b.json#1": "auth_failed"}


def test_the_receivers_note_of_an_arrival_counts_before_the_files_time(tmp_path: Path) -> None:
    put(tmp_path, "a.json", {**sealed(payload(log(None))), "received_at": "2026-05-01T12:00:00+02:00"})
    put(tmp_path, "b.json", {**sealed(payload(log(None)), nonce=2), "received_at": "soon"})
    found = logs(fleet(tmp_path))
    assert found["logged_at"].to_list() == [at("2026-05-01 10:00:00"), at("2026-05-02 12:00:00")]


def test_a_bad_log_costs_itself_and_not_its_neighbours(tmp_path: Path) -> None:
    put(tmp_path, "a.json", sealed(payload("no object", log("no time"), log(), log("1970-01-01T00:00:00"))))
    kept = Kept()
    assert logs(fleet(tmp_path), None, kept).height == 1
    assert [(row["location"], row["reason"]) for row in kept.rows] == [
        ("a.json#1 log 1", "not_an_object"),
        ("a.json#1 log 2", "bad_time"),
        ("a.json#1 log 4", "implausible_time"),
    ]


def test_numbers_that_are_none_become_null_in_strict_json(tmp_path: Path) -> None:
    plain = '{"machine_id": "m", "logs": [{"timestamp": "2026-05-01T10:00:00", "data": {"a": NaN, "b": [-Infinity]}}]}'
    put(tmp_path, "a.json", sealed(plain))
    assert json.loads(logs(fleet(tmp_path))["data"][0]) == {"a": None, "b": [None]}


def test_export_files_open_with_the_password_alone_or_with_both_secrets(tmp_path: Path) -> None:
    rows = 'ID,Serial Number,Timestamp,Level,Widget Type,Message,Data\n1,C02,2026-05-01T10:00:00,INFO,speedtest,"a, b",'
    table = rows + '"{""download"":125.5}"\n2,C02,2026-05-01T11:00:00,INFO\n'
    listed = [{"machine_id": "mac-1", "serial_number": "C02", **log("2026-05-01T12:00:00")}]
    put(tmp_path, "table.csv.enc", export_file(table))
    put(tmp_path, "twice.json.fernet.enc", token(export_file(json.dumps(listed))))
    put(tmp_path, "wrong.enc", export_file(table, "another password"))
    put(tmp_path, "short.enc", b"x" * 43)
    put(tmp_path, "metrics.enc", export_file("cpu,gpu\n1,2\n"))
    put(tmp_path, "empty.enc", export_file("No logs to export\n"))
    put(tmp_path, "plain.fernet.enc", b"no token")
    kept = Kept()
    options: dict[str, Any] = {"passwords": ["env:PASSWORD"], "database_keys": ["env:OLD_STORE", "env:STORE"]}
    found = logs(fleet(tmp_path, **options), None, kept)
    assert found.select("machine_id", "serial_number", "message", "data").rows()[0] == (
        "C02",
        "C02",
        "a, b",
        '{"download":125.5}',
    )
    assert found.select("machine_id", "serial_number", "logged_at").rows()[1:] == [
        ("mac-1", "C02", at("2026-05-01 12:00:00"))
    ]
    assert {(row["location"], row["reason"]) for row in kept.rows} == {
        ("table.csv.enc#1 log 2", "not_an_object"),
        ("wrong.enc#1", "auth_failed"),
        ("short.enc#1", "malformed"),
        ("metrics.enc#1", "malformed_plaintext"),
        ("plain.fernet.enc#1", "malformed"),
    }


def test_machines_are_those_of_the_days_and_of_the_month_before(tmp_path: Path) -> None:
    for number, (machine, stamp) in enumerate(
        [
            ("long ago", "2026-03-01T10:00:00"),
            ("quiet", "2026-04-20T10:00:00"),
            ("busy", "2026-04-25T10:00:00"),
            ("busy", "2026-05-01T10:00:00"),
            ("later", "2026-05-02T10:00:00"),
        ]
    ):
        put(tmp_path, f"{number}.json", sealed(payload(log(stamp), machine=machine), nonce=number))
    with fleet(tmp_path) as source:
        found = whole(source, MACHINES, MAY)
        assert found.select("machine_id", "first_seen_at", "last_seen_at").rows() == [
            ("busy", at("2026-04-25 10:00:00"), at("2026-05-01 10:00:00")),
            ("quiet", at("2026-04-20 10:00:00"), at("2026-04-20 10:00:00")),
        ]
        assert whole(source, MACHINES).height == 4
        assert not source.has(AUDIT_EVENTS)


def test_notes_spare_what_lies_outside_a_window_and_hold_nothing_that_was_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, memory = tmp_path / "inbox", tmp_path / "notes"
    secret = "Klartext-4711"
    for number, stamp in enumerate(("2026-04-30T10:00:00", "2026-05-01T10:00:00", "2026-05-02T10:00:00")):
        envelope = sealed(payload(log(stamp, message=secret), machine=secret), nonce=number)
        put(inbox, f"{number}.json", envelope, arrived="2026-05-01 09:00:00")
    first = logs(fleet(inbox, memory=memory), MAY)
    read: list[str] = []

    def listened(file: LogFile, ring: KeyRing) -> Iterator[Record]:
        read.append(file.name)
        return records_of(file, ring)

    monkeypatch.setattr(atlas_inbox, "records_of", listened)
    assert logs(fleet(inbox, memory=memory), MAY).equals(first)
    assert read == ["1.json"]
    (note,) = memory.iterdir()
    assert secret not in note.read_text()
    assert fleet(inbox, memory=memory).first_at() == at("2026-04-30 10:00:00")
    assert read == ["1.json"], "the notes tell the first time"
    logs(fleet(inbox, memory=memory, keys=["env:OLD", "env:NEW"]), MAY)
    assert len(read) == 4, "with other keys everything is read again"


def test_a_replay_and_a_reused_nonce_are_found_against_files_that_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, memory = tmp_path / "inbox", tmp_path / "notes"
    untimed = sealed(payload(log(None)), nonce=1)
    put(inbox, "a.json", [untimed, sealed(payload(log(None, message="two")), nonce=2)], arrived="2026-04-30 09:00:00")
    assert logs(fleet(inbox, memory=memory), day("2026-04-30")).height == 2
    read: list[str] = []

    def listened(file: LogFile, ring: KeyRing) -> Iterator[Record]:
        read.append(file.name)
        return records_of(file, ring)

    monkeypatch.setattr(atlas_inbox, "records_of", listened)
    reused = sealed(payload(log(None, message="three")), nonce=2)
    put(inbox, "b.json", [untimed, reused], arrived="2026-05-01 09:00:00")
    put(inbox, "c.json", [reused, sealed(payload(log(None)), nonce=3)], arrived="2026-05-02 09:00:00")
    for at_day, expected in (
        ("2026-05-01", [("b.json#1", "replay", None), ("b.json#2", "ok", "nonce_reuse")]),
        ("2026-05-02", [("c.json#1", "replay", None), ("c.json#2", "ok", None)]),
    ):
        with fleet(inbox, memory=memory) as source:
            found = whole(source, DECRYPTIONS, day(at_day)).select("decryption_id", "verdict", "flags").rows()
        assert found == expected
    assert read == ["b.json", "c.json", "c.json"], "a.json was told by its note alone, then b.json too"
    (note,) = memory.iterdir()
    note.write_text(note.read_text().replace('"seals": "', '"seals": "?'))
    with fleet(inbox, memory=memory) as source:
        assert whole(source, DECRYPTIONS, day("2026-05-01"))["verdict"].to_list() == ["replay", "ok"]
    assert read[3:] == ["a.json", "b.json", "c.json"], "damaged notes are made again"


def test_a_key_is_in_use_since_the_first_thing_it_opened_in_files_that_are_not_read_again(tmp_path: Path) -> None:
    inbox, memory = tmp_path / "inbox", tmp_path / "notes"
    put(inbox, "a.json", sealed(payload(log("2026-01-30T08:00:00"), log("2026-01-31T09:00:00")), nonce=1))
    put(inbox, "b.json", [sealed(payload(), nonce=2), sealed(payload(machine="m2"), OLD, nonce=3)])
    for _ in range(2):  # the second time a.json is told by its note
        with fleet(inbox, keys=["env:NEW", "env:OLD"], memory=memory) as source:
            found = whole(source, DECRYPTIONS, MAY)
        assert found.select("decryption_id", "key_since_at").rows() == [
            ("b.json#1", at("2026-01-31 09:00:00")),
            ("b.json#2", at("2026-05-01 10:00:00")),
        ]


def test_a_failure_without_a_day_is_met_on_every_day(tmp_path: Path) -> None:
    put(tmp_path, "a.json", sealed(payload(), STRANGE), arrived="1990-01-01 00:00:00")
    for _ in range(2):
        kept = Kept()
        logs(fleet(tmp_path, memory=tmp_path / "notes"), MAY, kept)
        assert kept.column("occurred_at") == [None]


def test_the_fingerprint_changes_with_files_and_keys(tmp_path: Path) -> None:
    put(tmp_path, "a.json", sealed(payload()))
    before = fleet(tmp_path).fingerprint()
    assert fleet(tmp_path).fingerprint() == before
    assert fleet(tmp_path, keys=["env:OLD"]).fingerprint() != before
    put(tmp_path, "b.json", sealed(payload(), nonce=2))
    assert fleet(tmp_path).fingerprint() != before


def test_a_place_without_fleet_files_is_no_inbox(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachableError, match="nothing there"):
        fleet(tmp_path)
    put(tmp_path, "README.txt", "hello")
    with pytest.raises(SourceUnreachableError, match="none of 1 files"):
        fleet(tmp_path)
    with pytest.raises(SourceUnreachableError, match="no place of fleet logs"):
        open_atlas(SourceSettings("fleet", "atlas", "postgresql://db.example/fleet", "db.example"), None)


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path, "a.json", sealed(payload()))
    (tmp_path / "b.json").symlink_to(tmp_path / "gone")
    kept = Kept()
    assert logs(fleet(tmp_path), MAY, kept).height == 1
    assert [(row["location"], row["reason"]) for row in kept.rows] == [("b.json", "unreadable_file")]


def test_large_files_are_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel_pipeline.sources.atlas_files.WHOLE_LIMIT", 100)
    lines = [json.dumps(sealed(payload(machine=f"m{number}"), nonce=number)) for number in range(3)]
    put(tmp_path, "a.ndjson", "\n".join([lines[0], "{broken", *lines[1:]]))
    kept = Kept()
    assert logs(fleet(tmp_path), None, kept)["machine_id"].to_list() == ["m0", "m1", "m2"]
    assert kept.column("location") == ["a.ndjson#2"]


def test_nothing_of_a_parsers_test_suite_breaks_the_reader(tmp_path: Path) -> None:
    if not PARSING.is_dir():
        pytest.skip(f"no JSON test suite at {PARSING}; set SENTINEL_SHARED_DATA to the folder that holds the samples")
    files = sorted(PARSING.glob("*.json"))
    for number, file in enumerate(files):
        raw = file.read_bytes()
        put(tmp_path, f"raw/{file.name}", raw)
        inside = b'{"machine_id": "m", "logs": [{"timestamp": "2026-05-01T10:00:00", "data": ' + raw + b"}]}"
        put(tmp_path, f"sealed/{file.name}", sealed(inside, nonce=number))
    found = verdicts(fleet(tmp_path))
    accepted = [name for name, verdict in found.items() if name.startswith("sealed/y_") and verdict == "ok"]
    assert len(accepted) == sum(file.name.startswith("y_") for file in files)
    assert len(found) >= 2 * len(files) * 0.9
    for text in logs(fleet(tmp_path))["data"]:
        json.loads(text, parse_constant=pytest.fail)
