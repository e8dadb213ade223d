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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from benchmarks.analytics import analytics
from benchmarks.chart import draw
from benchmarks.click import clicks
from benchmarks.interactive import interactive
from benchmarks.month import build
from benchmarks.worlds import facts_day, iotsentinel_day

HERE = Path(__file__).parent
Costs = dict[str, dict[int, float]]
TABLE = (
    "| stage | rows | seconds | processor s | limit | its seconds | ratio | of processor s | allowed | peak MB |"
    " allowed |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)
PAIRS = (
    ("extraction", "extract", "drain", "the driver draining the same rows", 1.5, 500),
    ("daily statistics", "count", "group", "bare streaming group-bys over the same file", 1.3, 1100),
    ("CSV", "csv", "sink", "Polars' own CSV of the same rows", 2.0, 300),
)
ALONE = (("all statistics", "slices", 2000), ("unique keys", "keys", 2000))
LARGE = 50_000_000  # rows from which on a stage is run once
TELLING = 0.1  # seconds below which a cost is mostly noise
ADDITIONS = 30_000_000
ABOUT = "A hundred million rows, and why some budgets are not met: [README](README.md)."
# A process counts as its own peak what its parent held when it was started; so a small one starts it.
WATCH = (
    "import os, sys; started = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)"
    "; _, status, usage = os.wait4(started, 0); print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime)"
    "; sys.exit(os.waitstatus_to_exitcode(status))"
)


@dataclass(frozen=True)
class Measured:
    """By the clock, of processors, and the most memory."""

    seconds: float
    spent: float
    peak_mb: float

    def without(self, floor: Measured) -> Measured:
        """What remains of a stage without the start of its process."""
        seconds, spent = max(self.seconds - floor.seconds, 0.01), max(self.spent - floor.spent, 0.01)
        return Measured(seconds, spent, self.peak_mb)


def run(stage: str, folder: Path, times: int, environment: dict[str, str] | None = None) -> Measured:
    """Median seconds and the largest peak memory of a stage over several processes."""
    command = [sys.executable, "-m", "benchmarks.stages", stage, str(folder)]
    return measured(command, times, environment, lambda: clear(folder))


def measured(
    command: Sequence[str], times: int, environment: dict[str, str] | None, before: Callable[[], None]
) -> Measured:
    seconds, spent, peaks = [], [], []
    for _ in range(times):
        before()
        started = time.perf_counter()
        peak, used = _cost(command, environment)
        seconds.append(time.perf_counter() - started)
        spent.append(used)
        peaks.append(peak)
    return Measured(statistics.median(seconds), statistics.median(spent), max(peaks))


def _cost(command: Sequence[str], environment: dict[str, str] | None) -> tuple[float, float]:
    """Runs a command to its end; its peak resident memory in MB, and seconds of processors."""
    watched, around = [sys.executable, "-ISc", WATCH, *command], os.environ | (environment or {})
    done = subprocess.run(watched, cwd=HERE.parent, env=around, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    peak, spent = done.stdout.split()[-2:]
    return int(peak) / 1024, float(spent)


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
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as place:
        costs: Costs = {}
        lines = [*heading(), *TABLE]
        for rows in asked.rows:
            lines += stages(Path(place) / str(rows), rows, 1 if rows >= LARGE else asked.times, costs)
        draw({name: cost for name, cost in costs.items() if len(cost) > 1}, HERE / "costs.svg")
        largest = Path(place) / str(min(max(asked.rows), LARGE // 5)) / "facts.parquet"
        lines += ["", *growth(costs), "", "![Costs by size](costs.svg)", "", ABOUT]
        lines += ["", *monthly(Path(place) / "month", largest, asked.times)]
        lines += ["", *clicked(Path(place) / "demo", asked.times), "", *interactive(Path(place), asked.times)]
        lines += ["", *analytics(Path(place) / "quarter")]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def stages(folder: Path, rows: int, times: int, costs: Costs) -> list[str]:
    """The rows of the table for a day of so many rows; notes in `costs` what each stage took of processors."""
    folder.mkdir()
    print(f"generating {rows:,} connections", flush=True)
    iotsentinel_day(folder / "iotsentinel.db", rows)
    facts_day(folder / "facts.parquet", rows)
    floor, floor_of_ours = run("nothing", folder, times), run("imports", folder, times)
    lines = []
    for name, ours, limit, words, allowed, memory in PAIRS:
        made, bare = run(ours, folder, times).without(floor_of_ours), run(limit, folder, times).without(floor)
        costs.setdefault(name, {})[rows] = made.spent
        ratios = f"{made.seconds / bare.seconds:.2f} | {made.spent / bare.spent:.2f} | {allowed}"
        against = f"{words} | {bare.seconds:.2f} | {ratios}"
        lines.append(_line(name, rows, made, against, memory))
    for name, ours, memory in ALONE:
        made = run(ours, folder, times).without(floor_of_ours)
        costs.setdefault(name, {})[rows] = made.spent
        lines.append(_line(name, rows, made, "– | – | – | – | –", memory))
    return lines


def _line(name: str, rows: int, made: Measured, against: str, memory: int) -> str:
    line = f"| {name} | {rows:,} | {made.seconds:.2f} | {made.spent:.2f} | {against} | {made.peak_mb:.0f} | {memory} |"
    print(line, flush=True)
    return line


def heading() -> list[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("polars", "pyarrow", "adbc-driver-sqlite", "dagster"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        "# Results",
        "",
        f"`make bench`, {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GiB, Python"
        f" {platform.python_version()}, {packages}. Whole processes, medians; the seconds a process needs to start and"
        " import are taken off both sides, so a ratio of two times below half a second is mostly noise. Peak memory is"
        " of the whole process, the largest of all times; the CSV limit of 300 MB was set for a million rows."
        f" {ADDITIONS:,} additions in Python took {pace():.1f} s before.",
        "",
    ]


def growth(costs: Costs) -> list[str]:
    """How many times dearer each step up in size is, where the smaller one takes long enough to tell."""
    return [
        f"- {name}: {many / few:.0f} times the rows cost {cost[many] / cost[few]:.1f} times the processor seconds"
        for name, cost in costs.items()
        for few, many in pairwise(sorted(cost))
        if cost[few] >= TELLING
    ]


def pace() -> float:
    """Seconds that this machine takes now for additions of Python's: what it gives its guests changes by the hour."""
    started = time.perf_counter()
    total = 0
    for number in range(ADDITIONS):
        total += number
    return time.perf_counter() - started


def monthly(data: Path, facts: Path, times: int) -> list[str]:
    """The monthly edition in all formats, from daily statistics that are there."""
    print("building a month of statistics", flush=True)
    build(data, facts)
    command = [sys.executable, "-m", "benchmarks.monthly", str(data)]
    made = measured(
        command, times, {"SENTINEL_DATA": str(data)}, lambda: shutil.rmtree(data / "editions", ignore_errors=True)
    )
    return [
        "| monthly edition, all formats | seconds | allowed | processor s | peak MB | allowed |",
        "|---|---|---|---|---|---|",
        f"| 31 days, 10 M connections and 1 M incidents a day behind it, whole process |"
        f" {made.seconds:.1f} | 10 | {made.spent:.1f} | {made.peak_mb:.0f} | 500 |",
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
