"""A fleet from its sealed inbox to a published edition, and what must not be found anywhere on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline_tests.sources.fleets import SECRETS, STRANGE, log, payload, put, sealed
from sentinel_pipeline_tests.walks.household import sentinel

DAY = "2026-05-01"
MESSAGE = "Klartext-4711"
CONFIGURATION = """
organisation: Fleet House
timezone: UTC
first_day: 2026-05-01
sources:
  - name: fleet
    kind: atlas
    location: inbox
    keys: [env:FLEET_KEY, file:old.key]
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("fleet")
    put(data, "config/sentinel.yaml", CONFIGURATION)
    put(data, "old.key", SECRETS["env:OLD"])
    one = sealed(payload(log(message=MESSAGE), log(level="ERROR", message=MESSAGE), machine="mac-1"), nonce=1)
    again = sealed(payload(log(message=MESSAGE), machine="mac-1"), nonce=2)
    before = sealed(payload(log("2026-04-30T08:00:00"), machine="mac-2"), nonce=3)
    bad = sealed(payload(), STRANGE, nonce=4)
    put(data, "inbox/a.json", [one, again, one], arrived="2026-05-01 10:05:00")
    put(data, "inbox/b.json", [before, bad, payload(machine="mac-3")], arrived="2026-05-01 11:00:00")
    return data


@pytest.fixture(scope="module")
def edition(house: Path) -> Path:
    said = sentinel(house, "publish", "daily", DAY, FLEET_KEY=SECRETS["env:NEW"])
    assert said.code == 0, said.err
    return Path(said.last)


def table(edition: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((edition / "tables" / f"{name}.json").read_text())
    return rows


def test_the_edition_counts_every_log_once_and_every_failure(edition: Path) -> None:
    assert table(edition, "fleet_logs") == [
        {"widget_type": "speedtest", "level": "ERROR", "count": 1},
        {"widget_type": "speedtest", "level": "INFO", "count": 1},
    ]
    facts = {fact["id"]: fact["value"] for fact in json.loads((edition / "facts.json").read_text())["facts"]}
    expected = {"total_widget_logs": 2, "widget_log_errors": 1, "machines_seen": 1, "machines_silent": 1}
    assert {name: facts[name] for name in expected} == expected
    assert (facts["unreadable_share"], facts["nonce_reuses"], facts["quarantined_records"]) == (40.0, 0, 4)
    assert "total_alerts" not in facts
    reasons = {row["reason"]: row["records"] for row in table(edition, "quarantine_reasons")}
    assert reasons == {"auth_failed": 1, "downgrade": 1, "duplicate_log_id": 1, "replay": 1}
    assert [row["machine_id"] for row in table(edition, "silent_machines")] == ["mac-2"]


def test_neither_keys_nor_what_was_sealed_lie_anywhere_but_in_the_lake(house: Path, edition: Path) -> None:
    assert edition.is_dir()
    allowed = {house / "old.key"}
    files = [path for path in house.rglob("*") if path.is_file() and path not in allowed]
    assert len(files) > 50
    for path in files:
        content = path.read_bytes()
        for name in ("env:NEW", "env:OLD"):
            assert SECRETS[name].encode() not in content, path
        if path.suffix != ".parquet":
            assert MESSAGE.encode() not in content, path


def test_a_missing_or_wrong_key_is_one_clear_line(house: Path) -> None:
    away = sentinel(house, "check")
    assert away.code == 1
    assert away.complaints == [
        "sentinel: source 'fleet': keys: the environment variable FLEET_KEY is not set;"
        " the configuration refers to it as 'env:FLEET_KEY'"
    ]
    wrong = sentinel(house, "check", FLEET_KEY=SECRETS["env:SHORT"])
    assert wrong.code == 1
    assert "the key of env:FLEET_KEY has 16 bytes" in wrong.complaints[0]
    assert SECRETS["env:SHORT"] not in wrong.err
