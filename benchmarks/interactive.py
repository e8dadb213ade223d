"""What a person waits for: the code location, an edition by command, pages and files of the portal, a large export.

`python -m benchmarks.interactive` measures this alone, over a fresh demo and an IoTSentinel of a million connections.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.analytics import percentile, portal
from benchmarks.worlds import DAY, iotsentinel_day
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.users import add

ROWS = 1_000_000
LOOKS = 30
PASSWORD = "correct horse battery"
DEFINITIONS = "from sentinel_pipeline.definitions import defs; defs.resolve_all_job_defs()"
PDF = """
from pathlib import Path
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.publishing.assembly import FILE_ASSETS, render_files
from sentinel_pipeline.publishing.composition import compose
from sentinel_pipeline.settings import load_settings
here = Deployment(load_settings(Path(DATA)))
settings, period = here.settings, here.period("monthly", KEY)
report = compose(here.scope_of(period), settings.organisation, period, settings.editions, here.lake)
render_files(next(one for one in FILE_ASSETS if one.name == "document"), report, settings.editions)
"""
LARGE = """
sources:
  - {name: home, kind: iotsentinel, location: sqlite:///home.db}
"""


def interactive(place: Path, times: int) -> list[str]:
    """The table for RESULTS.md; `place` is an empty folder."""
    demo, large = place / "waiting", place / "large"
    _sentinel(demo, "demo")
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - of this machine, as the demo takes it
    days = [(yesterday - timedelta(days=n)).isoformat() for n in range(1, times + 1)]
    lines = ["| what a person waits for | median s | longest s | processor s |", "|---|---|---|---|"]
    lines.append(_row("the code location is loaded, by a process", [_python(demo, DEFINITIONS) for _ in range(times)]))
    lines.append(_row("`sentinel publish daily`, nothing read yet", [_publish(demo, day) for day in days]))
    lines.append(_row("`sentinel publish daily`, all of it there", [_publish(demo, day) for day in days]))
    month = _month(yesterday)
    lines.append(_row("`sentinel publish monthly`, days not yet read", [_publish(demo, month, "monthly")]))
    document = f"DATA, KEY = {str(demo)!r}, {month!r}{PDF}"
    lines.append(_row("the PDF of that month alone, by a process", [_python(demo, document) for _ in range(times)]))
    (large / "config").mkdir(parents=True)
    (large / "config" / "sentinel.yaml").write_text(LARGE)
    iotsentinel_day(large / "home.db", ROWS)
    export = ("export", "connections", "--since", f"{DAY}", "--until", f"{DAY}", "--format")
    for name in ("csv", "xlsx"):
        took = [_sentinel(large, *export, name, "--output", str(large / f"{n}.{name}")) for n in range(times)]
        lines.append(_row(f"`sentinel export`, a million rows as {name}", took))
    return [*lines, "", *_looks(demo, days[0])]


def _sentinel(data: Path, *arguments: str) -> tuple[float, float]:
    return _took([sys.executable, "-m", "sentinel_pipeline", *arguments], data)


def _python(data: Path, code: str) -> tuple[float, float]:
    return _took([sys.executable, "-c", code], data)


def _publish(data: Path, key: str, cadence: str = "daily") -> tuple[float, float]:
    return _sentinel(data, "publish", cadence, key)


def _month(yesterday: date) -> str:
    """The last whole month."""
    return (yesterday.replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()


def _took(command: Sequence[str], data: Path) -> tuple[float, float]:
    """Seconds by the clock and of processors that a command takes, all that it starts included."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, env=os.environ | {"SENTINEL_DATA": str(data)}, check=True, capture_output=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, spent


def _row(name: str, took: Sequence[tuple[float, float]]) -> str:
    seconds, spent = zip(*took, strict=True)
    return f"| {name} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | {statistics.median(spent):.1f} |"


def _looks(data: Path, day: str) -> list[str]:
    """Pages and files of the portal, each asked for by itself, by somebody who is signed in."""
    add(open_ledger(f"sqlite:///{data / 'state.db'}"), "bench", "admin", PASSWORD, "benchmark", datetime.now(UTC))
    lines = [
        "| portal, one person | first ms | p50 ms | p95 ms |",
        "|---|---|---|---|",
    ]
    with portal(data) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as browser:
        lines.append(_asked("the page to sign in", lambda: browser.get("/sign-in")))
        found = re.search(r'name="word" value="([0-9a-f]+)"', browser.get("/sign-in").text)
        assert found is not None
        form = {"name": "bench", "password": PASSWORD, "then": "/editions", "word": found[1]}
        assert browser.post("/sign-in", data=form).status_code == 303
        edition = f"/editions/daily/{day}/r1"
        for name, path in (
            ("first page: all editions", "/editions"),
            ("an edition with figures, charts and tables", edition),
            ("its PDF", f"/files{edition}/report.pdf"),
            ("page of exports", "/quick-exports"),
        ):
            lines.append(_asked(name, lambda path=path: browser.get(path)))  # type: ignore[misc] # a default binds it
    return lines


def _asked(name: str, ask: Callable[[], httpx.Response]) -> str:
    took: list[float] = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        answer = ask()
        took.append((time.perf_counter() - started) * 1_000)
        assert answer.status_code == 200, (name, answer.status_code)
    return f"| {name} | {took[0]:.0f} | {percentile(took, 0.5):.0f} | {percentile(took, 0.95):.0f} |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as here:
        print("\n".join(interactive(Path(here), int(sys.argv[1]) if sys.argv[1:] else 3)))
