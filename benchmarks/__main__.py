"""Measures every stage as a process of its own and writes RESULTS.md: `make bench`."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from benchmarks.analytics import analytics
from benchmarks.click import clicks
from benchmarks.month import build
from benchmarks.worlds import facts_day, iotsentinel_day

HERE = Path(__file__).parent
PAIRS = (
    ("extraction", "extract", "drain", "the driver draining the same rows", 1.5, 500),
    ("daily statistics", "count", "group", "bare streaming group-bys over the same file", 1.3, 1100),
    ("CSV", "csv", "sink", "Polars' own CSV of the same rows", 2.0, 300),
)
# A process counts as its own peak what its parent held when it was started; so a small one starts it.
WATCH = (
    "import os, sys; started = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)"
    "; _, status, usage = os.wait4(started, 0); print(usage.ru_maxrss); sys.exit(os.waitstatus_to_exitcode(status))"
)


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_mb: float


def run(stage: str, folder: Path, times: int, environment: dict[str, str] | None = None) -> Measured:
    """Median seconds and the largest peak memory of a stage over several processes."""
    seconds, peaks = [], []
    for _ in range(times):
        clear(folder)
        started = time.perf_counter()
        peaks.append(_peak([sys.executable, "-m", "benchmarks.stages", stage, str(folder)], environment))
        seconds.append(time.perf_counter() - started)
    return Measured(statistics.median(seconds), max(peaks))


def _peak(command: Sequence[str], environment: dict[str, str] | None) -> float:
    """Runs a command to its end; its peak resident memory in MB."""
    watched, around = [sys.executable, "-ISc", WATCH, *command], os.environ | (environment or {})
    done = subprocess.run(watched, cwd=HERE.parent, env=around, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return int(done.stdout.split()[-1]) / 1024


def clear(folder: Path) -> None:
    """What an earlier process left, so that each does the whole work."""
    shutil.rmtree(folder / "lake", ignore_errors=True)
    for name in ("bare.csv", "ours.csv"):
        (folder / name).unlink(missing_ok=True)


def main() -> None:
    arguments = argparse.ArgumentParser(prog="benchmarks")
    arguments.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    arguments.add_argument("--times", type=int, default=5)
    asked = arguments.parse_args()
    lines = [*heading(), "| stage | rows | seconds | limit | limit's seconds | ratio | allowed | peak MB | allowed |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as place:
        costs: dict[str, list[float]] = {}
        for rows in asked.rows:
            folder = Path(place) / str(rows)
            folder.mkdir()
            print(f"generating {rows:,} connections", flush=True)
            iotsentinel_day(folder / "iotsentinel.db", rows)
            facts_day(folder / "facts.parquet", rows)
            floor, floor_of_ours = run("nothing", folder, asked.times), run("imports", folder, asked.times)
            for name, ours, limit, words, allowed, memory in PAIRS:
                made, bare = run(ours, folder, asked.times), run(limit, folder, asked.times)
                work = max(made.seconds - floor_of_ours.seconds, 0.01)
                least = max(bare.seconds - floor.seconds, 0.01)
                costs.setdefault(name, []).append(work)
                lines.append(
                    f"| {name} | {rows:,} | {work:.2f} | {words} | {least:.2f} | {work / least:.2f} | {allowed} |"
                    f" {made.peak_mb:.0f} | {memory} |"
                )
                print(lines[-1], flush=True)
        largest = Path(place) / str(max(asked.rows)) / "facts.parquet"
        lines += ["", *growth(costs, asked.rows), "", *monthly(Path(place) / "month", largest, asked.times)]
        lines += ["", *clicked(Path(place) / "demo", asked.times), "", *analytics(Path(place) / "quarter")]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def heading() -> list[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("polars", "pyarrow", "adbc-driver-sqlite", "dagster"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        "# Results",
        "",
        f"`make bench`, {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GiB, Python"
        f" {platform.python_version()}, {packages}. Whole processes, medians; the seconds a process needs to start and"
        " import are taken off both sides, so a ratio of two times below half a second is mostly noise. Peak memory is"
        " of the whole process; the CSV limit of 300 MB was set for a million rows.",
        "",
    ]


def growth(costs: dict[str, list[float]], rows: Sequence[int]) -> list[str]:
    """How many times dearer each step up in size is."""
    return [
        f"- {name}: {many / few:.0f} times the rows cost {after / before:.1f} times the seconds"
        for name, seconds in costs.items()
        for (before, after), (few, many) in zip(pairwise(seconds), pairwise(rows), strict=True)
    ]


def monthly(data: Path, facts: Path, times: int) -> list[str]:
    """The monthly edition in all formats, from daily statistics that are there."""
    print("building a month of statistics", flush=True)
    build(data, facts)
    seconds, peaks = [], []
    for _ in range(times):
        shutil.rmtree(data / "editions", ignore_errors=True)
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.monthly", str(data)]
        peaks.append(_peak(command, {"SENTINEL_DATA": str(data)}))
        seconds.append(time.perf_counter() - started)
    return [
        "| monthly edition, all formats | seconds | allowed | peak MB | allowed |",
        "|---|---|---|---|---|",
        f"| 31 days, 10 M connections and 1 M incidents a day behind it, whole process |"
        f" {statistics.median(seconds):.1f} | 10 | {max(peaks):.0f} | 500 |",
    ]


def clicked(data: Path, times: int) -> list[str]:
    """All assets of one demo day, from the click in the UI to the published edition."""
    print("clicking", flush=True)
    seconds = clicks(data, times)
    return [
        "| click to done | seconds | allowed |",
        "|---|---|---|",
        f"| `publish_daily` of one demo day, all its assets, {times} days | {statistics.median(seconds):.1f}"
        f" ({min(seconds):.1f} to {max(seconds):.1f}) | 20 |",
    ]


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
