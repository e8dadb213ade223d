"""A second process renders what the first would have rendered, and nothing is lost when it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.orchestration import press, pressing, reports
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.press import BESIDE, Press
from sentinel_pipeline.orchestration.runs import PARTITION
from sentinel_pipeline.publishing.assembly import FILE_ASSETS, MADE_FROM, draft_folder
from sentinel_pipeline.publishing.composition import compose
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.orchestration.test_assets import run
from sentinel_pipeline_tests.walks.household import DAY, make_house

ALONE = Press(cores=1)
GROUPS = {group.name: group for group in FILE_ASSETS}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_house(tmp_path_factory.mktemp("house"))
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(made, instance, "publish_daily", **{PARTITION: DAY}).success
    return made


@pytest.fixture
def deployment(house: Path) -> Deployment:
    return Deployment(load_settings(house))


@pytest.fixture
def report(deployment: Deployment) -> Report:
    period, settings = deployment.day(DAY), deployment.settings
    return compose(deployment.scope, settings.organisation, period, settings.editions, deployment.lake)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_of_many_days_the_page_is_made_here() -> None:
    day, month = (Period.parse(cadence, "2025-01-01", ZoneInfo("UTC")) for cadence in ("daily", "monthly"))
    assert press.beside(day) == BESIDE
    assert press.beside(month) == ("document", "tables", "workbook")


@pytest.mark.slow
def test_files_of_the_other_process_are_those_made_here(deployment: Deployment, report: Report) -> None:
    here = {name: files(ALONE.rendered(GROUPS[name], report, deployment.settings.editions)) for name in BESIDE}
    for name in BESIDE:
        (draft_folder(deployment.settings.editions, report.period, name) / MADE_FROM).unlink()
    beside = Press(cores=2)
    beside.begin(deployment.settings, report.period, BESIDE)
    assert {name: files(beside.rendered(GROUPS[name], report, deployment.settings.editions)) for name in BESIDE} == here


@pytest.mark.slow
def test_what_the_other_process_cannot_render_is_rendered_here(
    deployment: Deployment, report: Report, tmp_path: Path
) -> None:
    beside = Press(cores=2)
    beside.begin(replace(deployment.settings, data=tmp_path), report.period, ["page"])
    folder = beside.rendered(GROUPS["page"], report, deployment.settings.editions)
    assert (folder / "report.html").stat().st_size > 1_000


@pytest.mark.slow
def test_a_process_that_was_prepared_renders_and_one_that_nobody_needs_ends(
    deployment: Deployment, report: Report
) -> None:
    beside = Press(cores=2)
    beside.prepare()
    (process,) = beside._waiting
    beside.prepare()
    assert beside._waiting == [process], "one is enough"
    beside.begin(deployment.settings, report.period, ["page"])
    beside.rendered(GROUPS["page"], report, deployment.settings.editions)
    assert process.poll() == 0
    beside.prepare()
    (unneeded,) = beside._waiting
    beside.dismiss()
    assert unneeded.poll() == 0
    assert vars(beside) == vars(Press(cores=2))


@pytest.mark.slow
def test_a_run_publishes_the_same_edition_with_two_processes(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []

    class Noted(Press):
        def begin(self, settings: Settings, period: Period, groups: Sequence[str]) -> None:
            begun.append(list(groups))
            super().begin(settings, period, groups)

    noted = Noted(cores=2)
    monkeypatch.setattr(press, "WORTH", 1)
    for module in (pressing, reports):
        monkeypatch.setattr(module, "PRESS", noted)
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(house, instance, "render_daily", **{PARTITION: DAY}).success
    assert [folder.name for folder in (house / "editions" / "daily" / DAY).iterdir() if folder.is_dir()] == ["r1"]
    assert [sorted(groups) for groups in begun] == [sorted(BESIDE)]
    assert vars(noted) == vars(Press(cores=2))
