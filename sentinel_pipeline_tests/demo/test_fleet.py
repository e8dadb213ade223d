"""The demo's fleet: a rotated key, a quiet machine, and a day on which three envelopes go wrong."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo import make_demo
from sentinel_pipeline.demo.fleet import MACHINES, write_fleet
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.domain.tables import DECRYPTIONS, WIDGET_LOGS
from sentinel_pipeline.settings import load_settings, source_settings
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.worlds import whole

FRIDAY = date(2026, 11, 20)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("fleet")
    make_demo(data, FRIDAY, days=9, scale=0.02)
    return data


def test_both_keys_are_needed_and_three_envelopes_are_not_believed(folder: Path) -> None:
    settings = source_settings(load_settings(folder).source("fleet"), folder)
    quarantine = Quarantine("fleet")
    with KINDS["atlas"].open(settings, None) as source:
        logs = whole(source, WIDGET_LOGS, None, quarantine)
        seals = whole(source, DECRYPTIONS)
    assert dict(quarantine.counts) == {("widget_logs", reason): 1 for reason in ("auth_failed", "downgrade", "replay")}
    assert set(logs["machine_id"]) == set(MACHINES)
    assert seals["key_fingerprint"].drop_nulls().n_unique() == 2
    assert set(logs.filter(logs["machine_id"] == "roaming-mac")["zone"]) == {"America/New_York"}
    fourth = logs.filter(logs["logged_at"].dt.date() >= date(2026, 11, 17))
    assert set(MACHINES) - set(fourth["machine_id"]) == {"workshop"}


def test_keys_are_for_the_owner_alone(folder: Path) -> None:
    keys = sorted((folder / "systems" / "fleet").glob("*.key"))
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
    assert keys[0].read_text() != keys[1].read_text()


def test_the_same_seed_gives_the_same_bytes_and_times(tmp_path: Path) -> None:
    plan = Plan(FRIDAY, 1, 0.5, BERLIN, 7)
    for name in ("one", "two"):
        write_fleet(tmp_path / name, plan, silent)
    files = [path.relative_to(tmp_path / "one") for path in sorted((tmp_path / "one").rglob("*.*")) if path.is_file()]
    assert len(files) > 20
    for file in files:
        one, two = tmp_path / "one" / file, tmp_path / "two" / file
        assert one.read_bytes() == two.read_bytes()
        assert file.suffix == ".key" or one.stat().st_mtime_ns == two.stat().st_mtime_ns
