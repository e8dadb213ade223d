"""Retention carried out on real files and a real ledger: announced, deleted, recorded, whatever dies in between."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event

from sentinel_pipeline.domain.stores import Store, declare
from sentinel_pipeline.lake.closures import closed_at, in_use
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.lake.working_copy import look_again
from sentinel_pipeline.ledger.audit import Entry, first_break, history
from sentinel_pipeline.ledger.retention import announced
from sentinel_pipeline.publishing.filling import fill_store
from sentinel_pipeline.retention import applying
from sentinel_pipeline.retention.applying import apply
from sentinel_pipeline.retention.survey import UNCOUNTED, survey
from sentinel_pipeline_tests.retention.worlds import (
    NOW,
    TODAY,
    configured,
    files,
    keeper,
    ledger,
    make_day,
    retain,
    write,
)
from sentinel_pipeline_tests.s3 import copy_at

AT_ONCE = "{facts: 30, quarantine: 10, daily_editions: 30, drafts: 1, exports: 30, notice_days: 0}"
OLD, NEW = "2025-01-10", "2025-05-30"


class Died(BaseException):
    """What a kill looks like from inside."""


def record(data: Path) -> list[Entry]:
    with ledger(data).reading() as connection:
        lines = list(history(connection))
    assert first_break(lines) is None
    return lines


def acts(data: Path) -> list[tuple[str, str]]:
    return [(line.act, line.subject) for line in record(data)]


def test_what_is_due_is_announced_first_and_deleted_when_notice_was_given(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30}")
    make_day(tmp_path, OLD)
    before = files(tmp_path)
    surveyed, outcome = retain(settings, date(2025, 6, 1))
    assert [one.fate for one in surveyed.decisions] == ["announce"]
    assert not outcome.deleted
    assert not outcome.problems
    assert before <= files(tmp_path)
    assert retain(settings, date(2025, 6, 7))[1].deleted == ()
    _, outcome = retain(settings, date(2025, 6, 8))
    (gone,) = outcome.deleted
    assert (gone.item.identity, gone.number, gone.bytes) == (("facts", OLD), 3, 2 * len("content"))
    assert before - files(tmp_path) == {
        f"lake/extracts/home/alerts/{OLD}.parquet",
        f"lake/extracts/home/receipts/{OLD}.json",
        f"lake/facts/alerts/{OLD}.parquet",
    }
    assert closed_at(Lake(settings.lake), "facts", OLD) == NOW
    assert acts(tmp_path) == [("announced", "retention"), ("deleting", f"facts {OLD}"), ("deleted", f"facts {OLD}")]
    assert json.loads(record(tmp_path)[-1].details) == {"bytes": 14, "number": 3}
    assert retain(settings, date(2025, 6, 9))[0].decisions == ()


def test_what_was_held_meanwhile_is_announced_again(tmp_path: Path) -> None:
    make_day(tmp_path, OLD)
    retain(configured(tmp_path, "{facts: 30}"), date(2025, 6, 1))
    held, _ = retain(configured(tmp_path, "{facts: 30, holds: [{reason: Audit}]}"), date(2025, 6, 20))
    assert [(one.fate, one.why) for one in held.decisions] == [("hold", "Audit")]
    again, _ = retain(configured(tmp_path, "{facts: 30}"), date(2025, 7, 1))
    assert [(one.fate, one.on) for one in again.decisions] == [("announce", date(2025, 7, 8))]


def test_a_day_that_was_not_counted_stays(tmp_path: Path) -> None:
    settings = configured(tmp_path, AT_ONCE)
    make_day(tmp_path, OLD)
    (tmp_path / f"lake/statistics/alert_hours/{OLD}.parquet").unlink()
    write(tmp_path, f"lake/extracts/home/alerts/{NEW}.parquet")
    before = files(tmp_path)
    surveyed, _ = retain(settings)
    assert {one.why for one in surveyed.of("hold")} == {UNCOUNTED}
    assert before <= files(tmp_path)


def test_an_edition_goes_all_but_its_manifests_and_says_so(tmp_path: Path) -> None:
    settings = configured(tmp_path, AT_ONCE)
    folder = f"editions/daily/{OLD}"
    for path in ("r1/manifest.json", "r1/report.pdf", "r1/tables/a.csv", "r2/manifest.json", "r2/report.pdf"):
        write(tmp_path, f"{folder}/{path}", day=OLD)
    write(tmp_path, f"editions/.drafts/daily/tables/{OLD}/tables/a.csv", day=OLD)
    retain(settings)
    left = {path for path in files(tmp_path) if path.startswith("editions/") and not path.endswith(".lock")}
    assert left == {f"{folder}/{name}" for name in (".withdrawn.json", "r1/manifest.json", "r2/manifest.json")}
    assert not (tmp_path / folder / "r1" / "tables").exists()
    assert not (tmp_path / f"editions/.drafts/daily/tables/{OLD}").exists()


def test_while_somebody_uses_the_lake_nothing_of_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "PATIENCE_SECONDS", 0.0)
    settings = configured(tmp_path, AT_ONCE)
    make_day(tmp_path, OLD)
    write(tmp_path, "exports/a.csv", day=OLD)
    with in_use(Lake(settings.lake)):
        _, outcome = retain(settings)
    assert [one.item.kind for one in outcome.deleted] == ["exports"]
    assert outcome.problems == tuple(
        f"{kind} {OLD}: the lake is in use; it is left for the next time" for kind in ("facts", "quarantine")
    )
    assert closed_at(Lake(settings.lake), "facts", OLD) is None
    assert {one.item.kind for one in retain(settings)[1].deleted} == {"facts", "quarantine"}


def test_what_cannot_be_deleted_stops_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(tmp_path, AT_ONCE)
    make_day(tmp_path, OLD)
    write(tmp_path, "exports/a.csv", day=OLD)
    surveyed = survey(settings, ledger(tmp_path), [], TODAY)
    (tmp_path / "exports").rename(tmp_path / "moved")
    (tmp_path / "exports").symlink_to(tmp_path / "moved")
    outcome = apply(keeper(settings), surveyed)
    assert {one.item.kind for one in outcome.deleted} == {"facts", "quarantine"}
    (problem,) = outcome.problems
    assert problem.startswith(f"exports {OLD}: ")
    assert (tmp_path / "moved/a.csv").exists()
    assert ("deleted", f"exports {OLD}") not in acts(tmp_path)


def dying(kept: applying.Keeper, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets whoever deletes die at a step: a statement or commit of the ledger, or a file."""
    left, unlink = step, os.unlink

    def tick(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Died

    def counted(path: str, *, dir_fd: int | None = None) -> None:
        if dir_fd is not None:
            tick()
        unlink(path, dir_fd=dir_fd)

    for name in ("before_cursor_execute", "commit"):
        event.listen(kept.ledger.engine, name, tick)
    monkeypatch.setattr(os, "unlink", counted)


@pytest.mark.slow
def test_dead_at_any_step_no_day_looks_half_read_and_the_next_time_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, is_dead = 0, True
    while is_dead:
        step += 1
        data = tmp_path / str(step)
        settings = configured(data, AT_ONCE)
        make_day(data, OLD)
        make_day(data, NEW)
        for path in ("r1/manifest.json", "r1/report.pdf", "r1/summary.txt"):
            write(data, f"editions/daily/{OLD}/{path}", day=OLD)
        whole = files(data)
        kept = keeper(settings)
        surveyed = survey(settings, kept.ledger, [], TODAY)
        with monkeypatch.context() as patched:
            dying(kept, step, patched)
            try:
                apply(kept, surveyed)
                is_dead = False
            except Died:
                is_dead = True
        gone = whole - files(data)
        lake = Lake(settings.lake)
        if any("quarantine" in path for path in gone):
            assert closed_at(lake, "quarantine", OLD)
        if any(path.startswith("lake/") and "quarantine" not in path for path in gone):
            assert closed_at(lake, "facts", OLD)
        if any(path.startswith("editions/") for path in gone):
            assert (data / f"editions/daily/{OLD}/.withdrawn.json").exists()
        retain(settings)
        left = {path for path in files(data) if OLD in path and "/closed/" not in path and ".lock" not in path}
        assert left == {path for path in whole if OLD in path and "/statistics/" in path} | {
            f"editions/daily/{OLD}/r1/manifest.json",
            f"editions/daily/{OLD}/.withdrawn.json",
        }
        assert {path for path in whole if NEW in path} <= files(data)
        ended = {subject for act, subject in acts(data) if act in ("deleted", "gone")}
        assert ended == {f"facts {OLD}", f"quarantine {OLD}", f"daily_editions daily/{OLD}"}
        with ledger(data).reading() as connection:
            assert announced(connection) == {}
    assert step > 15


def test_in_a_bucket_a_day_goes_on_every_machine(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = configured(data, AT_ONCE)
    make_day(data, OLD)
    fill_store(data, store)
    there = Lake(copy_at(tmp_path / "there", store).data / "lake")
    declare(data, store)
    facts = f"lake/facts/alerts/{OLD}.parquet"
    assert there.has("facts/alerts", OLD)
    assert (tmp_path / "there" / facts).exists()
    retain(settings)
    keys = {seen.key for seen in Objects(store).below("lake")}
    assert facts not in keys
    assert f"lake/closed/facts/{OLD}.json" in keys
    assert any(key.startswith("lake/statistics/") for key in keys)
    with in_use(there):
        look_again(there.root)
        assert closed_at(there, "facts", OLD) == NOW
        assert not there.has("facts/alerts", OLD)
    assert not (tmp_path / "there" / facts).exists()
    assert not (data / facts).exists()
