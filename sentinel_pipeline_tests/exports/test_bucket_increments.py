"""Of energy by the hour, a state gives each hour once, when it is complete."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS
from sentinel_pipeline.exports.aggregating import with_aggregation
from sentinel_pipeline.exports.computing import with_computed
from sentinel_pipeline.exports.energy_filters import asked_energy, without_outliers
from sentinel_pipeline.exports.increments import Memory
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.resuming import resumed
from sentinel_pipeline.exports.rows import Exported, export
from sentinel_pipeline.exports.spool import spool
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.exports.plugs import Plugs
from sentinel_pipeline_tests.exports.test_aggregating import MIDNIGHT, QUARTER, interval

NOTHING = dict.fromkeys(("power", "switched", "hours", "weekdays"))


def hourly(wanted: Wanted | None = None, *formulas: str, grain: str = "hourly") -> Wanted:
    made, schema = with_aggregation(wanted or Wanted(ENERGY_INTERVALS), grain, (), BERLIN)
    return with_computed(made, formulas, BERLIN, schema)


def quarters(numbers: Sequence[int]) -> Plugs:
    return Plugs(rows={"energy_intervals": [interval(n, energy_micro_kwh=1_000_000 + n) for n in numbers]})


def step(folder: Path, numbers: Sequence[int], name: str, wanted: Wanted | None = None) -> Exported:
    """One call with the state `hours`."""
    one, output = quarters(numbers), folder / name
    with resumed(folder / ".states", "hours", wanted or hourly(), (), output) as (memory, narrowed):
        origin = Sources([(one.kind, one.settings)], BERLIN)
        return export(narrowed, origin, Spelling(BERLIN), output, memory=memory)


def energy(*paths: Path) -> list[tuple[str, str]]:
    """Start and energy of the buckets with any, the oldest first."""
    rows: list[tuple[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += [(row["started_at"][11:16], row["energy_kwh"]) for row in csv.DictReader(file) if row["energy_kwh"]]
    return sorted(rows)


def test_an_hour_that_runs_waits_until_it_is_over(tmp_path: Path) -> None:
    # Quarters 0 to 5: the hour from midnight is complete, of the next there are two quarters.
    assert energy(step(tmp_path, range(6), "a.csv").path) == [("00:00", "4.000006")]
    assert energy(step(tmp_path, range(8), "b.csv").path) == [], "nothing behind the hour has been seen"
    assert energy(step(tmp_path, range(9), "c.csv").path) == [("01:00", "4.000022")]
    assert step(tmp_path, range(9), "d.csv").rows == 0


@BRIEF
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.sets(st.integers(0, 40)))
@pytest.mark.slow
def test_calls_at_any_time_give_together_what_one_would_give(ends: list[int], missing: set[int]) -> None:
    there = [n for n in range(42) if n not in missing]
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = [step(folder, [n for n in there if n < end], f"{call}.csv") for call, end in enumerate(sorted(ends))]
        (folder / "whole").mkdir()
        whole = step(folder / "whole", [n for n in there if n < max(ends)], "whole.csv")
        assert energy(*(one.path for one in made)) == energy(whole.path)


def test_a_quarter_that_comes_late_for_an_exported_hour_is_not_told_again(tmp_path: Path) -> None:
    step(tmp_path, [0, 2, 3, 4], "a.csv")
    assert energy(step(tmp_path, [0, 1, 2, 3, 4, 8], "b.csv").path) == [("01:00", "1.000004")]


def test_conditions_and_columns_of_a_row_go_with_it(tmp_path: Path) -> None:
    asked = asked_energy(ENERGY_INTERVALS, {**NOTHING, "hours": "00-02"}, BERLIN)
    wanted = hourly(Wanted(ENERGY_INTERVALS, conditions=asked), "double [kWh] = energy_kwh * 2")
    path = step(tmp_path, [*range(12), 100], "a.csv", wanted).path
    with path.open(encoding="utf-8", newline="") as file:
        doubled = [row["double [kWh]"] for row in csv.DictReader(file) if row["energy_kwh"]]
    assert doubled == ["8.000044", "8.000012"]


def test_a_row_that_is_dated_in_the_future_completes_nothing(tmp_path: Path) -> None:
    wanted = replace(hourly(), made_at=MIDNIGHT + 5 * QUARTER)
    assert energy(step(tmp_path, [0, 1, 2, 3, 4, 400], "a.csv", wanted).path) == [("00:00", "4.000006")]
    early = replace(hourly(), made_at=MIDNIGHT - timedelta(hours=1))
    assert step(tmp_path / "early", [0, 400], "a.csv", early).rows == 0


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (hourly(None, "share = energy_kwh / SUM(energy_kwh)"), "SUM, COUNT, AVG, MIN and MAX are of all rows"),
        (hourly(None, "days = COUNT(DISTINCT DATE(started_at))"), "SUM, COUNT, AVG, MIN and MAX are of all rows"),
        (Wanted(ENERGY_INTERVALS, transformations=(without_outliers(ENERGY_INTERVALS, BERLIN),)), "is an outlier"),
    ],
)
def test_what_depends_on_rows_of_other_calls_is_refused(wanted: Wanted, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        step(tmp_path, [0], "a.csv", wanted)
    assert list(tmp_path.iterdir()) == []


def test_a_state_is_of_rows_or_of_buckets_of_one_kind(tmp_path: Path) -> None:
    step(tmp_path, range(6), "a.csv")
    with pytest.raises(UsageError, match="was begun with aggregate hourly in Europe/Berlin; ask for the same again"):
        step(tmp_path, range(6), "b.csv", hourly(grain="daily"))
    with pytest.raises(UsageError, match="was begun with aggregate hourly in Europe/Berlin"):
        step(tmp_path, range(6), "b.csv", Wanted(ENERGY_INTERVALS))
    (tmp_path / "rows").mkdir()
    step(tmp_path / "rows", range(6), "a.csv", Wanted(ENERGY_INTERVALS))
    with pytest.raises(UsageError, match="was begun with aggregate none; ask for the same again, or use another name"):
        step(tmp_path / "rows", range(6), "b.csv")


def test_computed_columns_go_with_rows_that_are_new(tmp_path: Path) -> None:
    wanted = with_computed(Wanted(ENERGY_INTERVALS), ["kwh = energy_micro_kwh / 1000000"], BERLIN)
    assert [step(tmp_path, range(n), f"{n}.csv", wanted).rows for n in (3, 5, 5)] == [3, 2, 0]


@contextmanager
def cut_off(folder: Path, numbers: Sequence[int], output: Path) -> Iterator[tuple[Memory, Path]]:
    """A call that ends just before its file takes its place."""
    one = quarters(numbers)
    with resumed(folder / ".states", "hours", hourly(), (), output) as (memory, wanted):
        with TemporaryDirectory() as name:
            rows = spool(wanted, Sources([(one.kind, one.settings)], BERLIN), Path(name))
            made, kept = memory.narrowed(wanted, rows, Path(name))
            made.transformations[0](kept).collect().write_csv(folder / ".temporary")
        memory.prepare(folder / ".temporary", output)
        yield memory, folder / ".temporary"


def test_a_file_that_never_took_its_place_counts_for_nothing(tmp_path: Path) -> None:
    with cut_off(tmp_path, range(6), tmp_path / "a.csv"):
        pass
    assert energy(step(tmp_path, range(10), "b.csv").path) == [("00:00", "4.000006"), ("01:00", "4.000022")]


def test_a_file_that_took_its_place_counts_though_nobody_was_told(tmp_path: Path) -> None:
    with cut_off(tmp_path, range(6), tmp_path / "a.csv") as (_, temporary):
        temporary.replace(tmp_path / "a.csv")
    assert energy(step(tmp_path, range(10), "b.csv").path) == [("01:00", "4.000022")]
