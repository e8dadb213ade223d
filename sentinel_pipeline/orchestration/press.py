"""Files of an edition made in two processes: while one draws the charts, the other sets the document and the page.

As a program of its own it renders what its arguments name; it knows nothing of Dagster.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.publishing.assembly import FILE_ASSETS, FileAsset, draft_folder, render_files
from sentinel_pipeline.publishing.composition import compose
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.settings import Settings, load_settings

FIRST, BESIDE = "charts", ("document", "page")
# Starting a process costs as much as drawing many charts: fewer than these are drawn sooner without.
WORTH = 20


def is_worth_it(report: Report) -> bool:
    """Whether there is so much to draw that a second process gains time."""
    return sum(result.section.chart is not None for result in report.sections) >= WORTH


class Press:
    """Renders groups of files here, unless another process was asked to do so and did.

    `has_room` says whether there is a core for another process.
    """

    def __init__(self) -> None:
        self.has_room = (os.cpu_count() or 1) > 1
        self._beside: dict[tuple[Period, str], subprocess.Popen[bytes]] = {}

    def begin(self, settings: Settings, period: Period, groups: Sequence[str]) -> None:
        """Has another process render some groups of an edition."""
        if not groups or not self.has_room:
            return
        # What goes wrong there is said by the rendering here that follows.
        asked = [sys.executable, "-m", __name__, str(settings.data), period.cadence, period.key, *groups]
        process = subprocess.Popen(asked, stderr=subprocess.DEVNULL)  # noqa: S603 - the command is ours
        self._beside |= {(period, name): process for name in groups}

    def rendered(self, group: FileAsset, report: Report, editions: Path) -> Path:
        """The folder with a group's files; waits for the other process where it was asked to render them."""
        process = self._beside.pop((report.period, group.name), None)
        if process is not None and process.wait() == 0:
            return draft_folder(editions, report.period, group.name)
        return render_files(group, report, editions)


PRESS = Press()


def main() -> None:
    """Renders the groups that the arguments name: the data folder, cadence and key of the edition, then they."""
    from sentinel_pipeline.orchestration.deployment import Deployment

    data, cadence, key, *groups = sys.argv[1:]
    deployment = Deployment(load_settings(Path(data)))
    settings, period = deployment.settings, deployment.period(cadence, key)
    report = compose(deployment.scope, settings.organisation, period, settings.editions, deployment.lake)
    for group in FILE_ASSETS:
        if group.name in groups:
            render_files(group, report, settings.editions)


if __name__ == "__main__":
    main()
