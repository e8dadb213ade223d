"""Files of an edition made in two processes: while one draws the charts, the other makes what else takes long.

As a program of its own it loads what it needs, waits for a line that says what to render, and ends; it knows nothing of
Dagster.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.publishing.assembly import FILE_ASSETS, FileAsset, draft_folder, render_files
from sentinel_pipeline.publishing.composition import compose
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.sections.section import Section
from sentinel_pipeline.settings import Settings, load_settings

FIRST, BESIDE = "charts", ("document", "page", "tables", "workbook")
# A second process costs as much as drawing many charts: fewer than these are drawn sooner without.
WORTH = 20
# Otherwise loaded when the first chart is drawn; together they take longer than ten charts.
HEAVY = (
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "sentinel_pipeline.orchestration.deployment",
    "sentinel_pipeline.rendering.charts",
    "sentinel_pipeline.rendering.document",
    "sentinel_pipeline.rendering.html",
    "sentinel_pipeline.rendering.tables",
    "sentinel_pipeline.rendering.workbook",
)


def beside(period: Period) -> tuple[str, ...]:
    """The groups that the other process makes; of many days fewer, since it reads these again first."""
    return BESIDE if period.is_day else tuple(name for name in BESIDE if name != "page")


def is_worth_it(sections: Sequence[Section]) -> bool:
    """Whether there is so much to draw that a second process gains time."""
    return sum(section.chart is not None for section in sections) >= WORTH


class Press:
    """Renders groups of files here, unless another process was asked to do so and did.

    `cores` are those this process may use, by default as many as Polars: other processes may have taken the rest.
    """

    def __init__(self, cores: int | None = None) -> None:
        self._cores = cores
        self._waiting: list[subprocess.Popen[str]] = []
        self._beside: dict[tuple[Period, str], subprocess.Popen[str]] = {}

    @property
    def has_room(self) -> bool:
        """Whether there is a core for another process."""
        return (self._cores or pl.thread_pool_size()) > 1

    def prepare(self) -> None:
        """Starts the other process, which loads what it needs while this one still counts."""
        if self.has_room and not self._waiting:
            # What goes wrong there is said by the rendering here that follows.
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._waiting.append(process)

    def begin(self, settings: Settings, period: Period, groups: Sequence[str]) -> None:
        """Has the other process render some groups of an edition."""
        if not groups or not self.has_room:
            return
        self.prepare()
        process = self._waiting.pop()
        asked = json.dumps([str(settings.data), period.cadence, period.key, *groups])
        with suppress(BrokenPipeError):
            _told(process, asked)
        self._beside |= {(period, name): process for name in groups}

    def rendered(self, group: FileAsset, report: Report, editions: Path) -> Path:
        """The folder with a group's files; waits for the other process where it was asked to render them."""
        process = self._beside.pop((report.period, group.name), None)
        if process is not None and process.wait() == 0:
            return draft_folder(editions, report.period, group.name)
        return render_files(group, report, editions)

    def dismiss(self) -> None:
        """Ends the other process when nothing was asked of it."""
        for process in self._waiting:
            with suppress(BrokenPipeError):
                _told(process, "")
            process.wait()
        self._waiting.clear()


PRESS = Press()


def _told(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe
    with process.stdin as heard:
        heard.write(line)


def main() -> None:
    """Renders what the line on standard input asks: the data folder, cadence and key of the edition, then groups."""
    from sentinel_pipeline.orchestration.deployment import Deployment

    for name in HEAVY:
        import_module(name)
    line = sys.stdin.readline()
    if not line:
        return
    data, cadence, key, *groups = json.loads(line)
    deployment = Deployment(load_settings(Path(data)))
    settings, period = deployment.settings, deployment.period(cadence, key)
    report = compose(deployment.scope_of(period), settings.organisation, period, settings.editions, deployment.lake)
    for group in FILE_ASSETS:
        if group.name in groups:
            render_files(group, report, settings.editions)


if __name__ == "__main__":
    main()
