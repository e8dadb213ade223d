"""What comes new is exported once: whatever comes late, whenever it was cut off."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import SentinelError, SourceUnreachableError, UsageError
from sentinel_pipeline.domain.limits import Limits
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, DEVICES
from sentinel_pipeline.exports import increments
from sentinel_pipeline.exports.filters import asked_conditions
from sentinel_pipeline.exports.increments import Memory
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.resuming import resumed
from sentinel_pipeline.exports.rows import Exported, export
from sentinel_pipeline.exports.spool import spool
from sentinel_pipeline.exports.wanted import EARLIEST, LATEST, Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.lake.sources import System
from sentinel_pipeline_tests.statistics.frames import utc

NOON = utc("2025-01-02T11:00:00")
STATES = ".states"


def alert(number: int, minutes: int | None = None) -> dict[str, object]:
    return {"alert_id": str(number), "raised_at": NOON + timedelta(minutes=number if minutes is None else minutes)}


def system(numbers: Sequence[int]) -> System:
    return System(rows={"alerts": [alert(number) for number in numbers]})


def step(folder: Path, one: System, name: str = "out.csv", wanted: Wanted | None = None) -> Exported:
    """One call with the state `nightly`."""
    output, origin = folder / name, Sources([(one.kind, one.settings)], BERLIN)
    with resumed(folder / STATES, "nightly", wanted or Wanted(ALERTS), (), output) as (memory, narrowed):
        return export(narrowed, origin, Spelling(BERLIN), output, memory=memory)


def ids(*paths: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in paths:
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                found.update(row["alert_id"] for row in csv.DictReader(file))
    return found


def once_each(numbers: Sequence[int]) -> Counter[str]:
    return Counter(str(number) for number in numbers)


def test_the_next_call_exports_only_what_is_new(tmp_path: Path) -> None:
    assert step(tmp_path, system([1, 2]), "a.csv").rows == 2
    assert step(tmp_path, system([1, 2]), "b.csv").rows == 0
    assert step(tmp_path, system([1, 2, 3]), "c.csv").rows == 1
    assert ids(tmp_path / "c.csv") == once_each([3])


def test_a_row_that_arrives_late_with_an_older_time_is_exported_once(tmp_path: Path) -> None:
    step(tmp_path, system([5, 9]), "a.csv")
    assert ids(step(tmp_path, system([5, 1, 9]), "b.csv").path) == once_each([1])
    assert step(tmp_path, system([5, 1, 9]), "c.csv").rows == 0


@BRIEF
@given(st.lists(st.sets(st.integers(0, 30), max_size=6), min_size=1, max_size=5))
def test_whatever_arrives_in_whatever_order_is_exported_once(arrivals: list[set[int]]) -> None:
    with TemporaryDirectory() as name:
        folder, there = Path(name), list[int]()
        for call, arrived in enumerate(arrivals):
            there += sorted(arrived - set(there))
            step(folder, system(there), f"{call}.csv")
        assert ids(*folder.glob("*.csv")) == once_each(there)


def test_an_inventory_gives_what_was_not_there_before(tmp_path: Path) -> None:
    wanted = Wanted(DEVICES)
    first = System(rows={"devices": [{"device_ip": "a"}]})
    second = System(rows={"devices": [{"device_ip": "a", "device_name": "renamed"}, {"device_ip": "b"}]})
    assert [step(tmp_path, one, f"{n}.csv", wanted).rows for n, one in enumerate((first, second, second))] == [1, 1, 0]


def test_since_is_said_once_and_until_may_change(tmp_path: Path) -> None:
    one = system([1, 5, 9])
    since = NOON + timedelta(minutes=5)
    first = Wanted(ALERTS, Window(since, since + timedelta(minutes=1)))
    assert ids(step(tmp_path, one, "a.csv", first).path) == once_each([5])
    assert ids(step(tmp_path, one, "b.csv").path) == once_each([9])
    assert step(tmp_path, one, "c.csv", Wanted(ALERTS, Window(since, LATEST))).rows == 0
    assert step(tmp_path, one, "d.csv", Wanted(ALERTS, Window(EARLIEST, NOON))).rows == 0


def test_a_state_is_about_one_thing(tmp_path: Path) -> None:
    high = Wanted(ALERTS, conditions=asked_conditions(ALERTS, {"severity": ("high",)}))
    step(tmp_path, system([1]), "a.csv", high)
    with pytest.raises(
        UsageError, match=r"'nightly' was begun with conditions \{'severity': \['high'\]\}; ask for the"
    ):
        step(tmp_path, system([1]))
    with pytest.raises(UsageError, match=r"was begun with conditions .*, table alerts; ask for the same again"):
        step(tmp_path, System(), wanted=Wanted(DEVICES))
    with pytest.raises(UsageError, match="was begun with since all; ask for the same again, or use another name"):
        step(tmp_path, system([1]), wanted=Wanted(ALERTS, Window(NOON, LATEST), conditions=high.conditions))
    with pytest.raises(UsageError, match="what is an outlier depends on all"):
        step(tmp_path, system([1]), wanted=Wanted(ALERTS, transformations=(lambda rows: rows,)))


@pytest.mark.parametrize("name", ["", "..", "a/b", "ä", ".hidden", "x" * 65, "a b", "a\n"])
def test_a_name_is_a_name(name: str, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="is no name; use up to 64 letters, digits, - and _"),
        resumed(tmp_path, name, Wanted(ALERTS), (), tmp_path / "a"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_two_calls_at_once_do_not_share_a_state(tmp_path: Path) -> None:
    with (
        resumed(tmp_path / STATES, "nightly", Wanted(ALERTS), (), tmp_path / "a"),
        pytest.raises(SentinelError, match="the state 'nightly' is in use by another export; wait until it has ended"),
    ):
        step(tmp_path, system([1]))


def test_a_call_that_fails_changes_nothing(tmp_path: Path) -> None:
    step(tmp_path, system([1]), "a.csv")
    with pytest.raises(SourceUnreachableError):
        step(tmp_path, System(rows={"alerts": [alert(1), alert(2), alert(3)]}, breaks_at="alerts"), "b.csv")
    assert ids(step(tmp_path, system([1, 2]), "c.csv").path) == once_each([2])


def test_limits_count_what_is_new(tmp_path: Path) -> None:
    step(tmp_path, system([1, 2, 3]), "a.csv")
    one = system([1, 2, 3, 4])
    with resumed(tmp_path / STATES, "nightly", Wanted(ALERTS), (), tmp_path / "b.csv") as (memory, wanted):
        origin = Sources([(one.kind, one.settings)], BERLIN)
        made = export(wanted, origin, Spelling(BERLIN), tmp_path / "b.csv", memory=memory, limits=Limits(rows=1))
    assert made.rows == 1


def test_a_state_stays_small_and_says_from_when_on_it_can_tell_rows_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increments, "MOST_REMEMBERED", 4)
    step(tmp_path, system(range(10)), "a.csv")
    assert remembered(tmp_path) == (4, NOON + timedelta(minutes=5, microseconds=1))
    later = [*range(10), 20]
    assert ids(step(tmp_path, system(later), "b.csv").path) == once_each([20])
    assert remembered(tmp_path) == (4, NOON + timedelta(minutes=6, microseconds=1))
    assert ids(step(tmp_path, system([*later, 8]), "c.csv").path) == Counter()


def test_rows_of_one_instant_are_remembered_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(increments, "MOST_REMEMBERED", 3)
    rows = [alert(number, minutes=number // 2) for number in range(6)]
    one = System(rows={"alerts": rows})
    step(tmp_path, one, "a.csv")
    assert remembered(tmp_path) == (2, NOON + timedelta(minutes=1, microseconds=1))
    assert step(tmp_path, one, "b.csv").rows == 0


def test_an_inventory_too_large_to_remember_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(increments, "MOST_REMEMBERED", 1)
    one = System(rows={"devices": [{"device_ip": "a"}, {"device_ip": "b"}]})
    with pytest.raises(SentinelError, match="devices has more rows than a state can remember, 1"):
        step(tmp_path, one, wanted=Wanted(DEVICES))
    assert not (tmp_path / "out.csv").exists()


def remembered(folder: Path) -> tuple[int, datetime]:
    state = folder / STATES / "nightly"
    written = json.loads((state / "state.json").read_bytes())
    (keys,) = state.glob("keys-*")
    return pl.read_parquet(keys).height, datetime.fromisoformat(written["floor"])


@pytest.mark.parametrize("broken", ["state.json", "keys"])
def test_a_damaged_state_is_refused_and_not_taken_for_a_new_one(broken: str, tmp_path: Path) -> None:
    step(tmp_path, system([1]), "a.csv")
    state = tmp_path / STATES / "nightly"
    if broken == "keys":
        next(state.glob("keys-*")).unlink()
    else:
        (state / "state.json").write_bytes(b"{")
    with pytest.raises(SentinelError, match=r"is missing or damaged; restore .*nightly, or remove it to export all"):
        step(tmp_path, system([1]), "b.csv")


@contextmanager
def cut_off(folder: Path, numbers: Sequence[int], output: Path) -> Iterator[tuple[Memory, Path]]:
    """A call that ends just before its file takes its place."""
    one = system(numbers)
    with resumed(folder / STATES, "nightly", Wanted(ALERTS), (), output) as (memory, wanted):
        temporary = folder / ".temporary"
        with TemporaryDirectory() as name:
            rows = spool(wanted, Sources([(one.kind, one.settings)], BERLIN), Path(name))
            memory.unseen(rows, Path(name)).select("alert_id").collect().write_csv(temporary)
            memory.prepare(temporary, output)
            yield memory, temporary


def test_a_file_that_never_took_its_place_counts_for_nothing(tmp_path: Path) -> None:
    with cut_off(tmp_path, [1, 2], tmp_path / "a.csv"):
        pass
    assert ids(step(tmp_path, system([1, 2, 3]), "b.csv").path) == once_each([1, 2, 3])
    assert not (tmp_path / ".temporary").exists()


def test_a_file_that_took_its_place_counts_though_nobody_was_told(tmp_path: Path) -> None:
    with cut_off(tmp_path, [1, 2], tmp_path / "a.csv") as (_, temporary):
        temporary.replace(tmp_path / "a.csv")
    assert ids(step(tmp_path, system([1, 2, 3]), "b.csv").path) == once_each([3])
    assert ids(tmp_path / "a.csv") == once_each([1, 2])


def test_a_file_that_somebody_took_away_counts_too(tmp_path: Path) -> None:
    with cut_off(tmp_path, [1, 2], tmp_path / "a.csv") as (_, temporary):
        temporary.replace(tmp_path / "taken.csv")
    assert ids(step(tmp_path, system([1, 2, 3]), "a.csv").path) == once_each([3])


def test_a_file_that_this_call_replaces_has_reached_nobody(tmp_path: Path) -> None:
    with cut_off(tmp_path, [1, 2], tmp_path / "a.csv") as (_, temporary):
        temporary.replace(tmp_path / "a.csv")
    with pytest.raises(SourceUnreachableError):
        step(tmp_path, System(is_away=True), "a.csv")
    with cut_off(tmp_path, [1, 2, 3], tmp_path / "a.csv"):
        pass
    assert ids(step(tmp_path, system([1, 2, 3, 4]), "b.csv").path) == once_each([3, 4])
    assert ids(tmp_path / "a.csv") == once_each([1, 2])


def test_the_reader_is_told_of_a_file_that_counts(tmp_path: Path) -> None:
    with cut_off(tmp_path, [1], tmp_path / "a.csv") as (_, temporary):
        temporary.replace(tmp_path / "a.csv")
    with resumed(tmp_path / STATES, "nightly", Wanted(ALERTS), (), tmp_path / "b.csv") as (memory, _):
        said = f"the call before was cut off, but {tmp_path / 'a.csv'} was complete: its rows count as exported"
        assert memory.notice == said
    with resumed(tmp_path / STATES, "nightly", Wanted(ALERTS), (), tmp_path / "b.csv") as (memory, _):
        assert memory.notice is None


KILLED = """
import os, signal, sys
from pathlib import Path
from sentinel_pipeline_tests.exports.test_increments import step, system

folder, output, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def hook(event, arguments):
    global left
    if event in ("os.rename", "os.remove") and ".export-" not in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

one = system([1, 2, 3, 4])
sys.addaudithook(hook)
step(folder, one, output)
"""


@pytest.mark.slow
@pytest.mark.parametrize("second", ["b.csv", "c.csv"])
def test_kill_at_any_step_loses_nothing_and_doubles_nothing(second: str, tmp_path: Path) -> None:
    for number in range(1, 100):
        folder = tmp_path / str(number)
        step(folder, system([1, 3]), "a.csv")
        command = [sys.executable, "-c", KILLED, str(folder), second, str(number)]
        code = subprocess.run(command, check=False, env=dict(os.environ)).returncode
        state = json.loads((folder / STATES / "nightly" / "state.json").read_bytes())
        if state["number"] == 2:
            assert ids(folder / second) == once_each([2, 4]), "what counts as exported is there"
            (folder / second).rename(folder / "taken.csv")
        step(folder, system([1, 2, 3, 4, 5]), "c.csv")
        assert ids(*folder.glob("*.csv")) == once_each([1, 2, 3, 4, 5]), number
        if code == 0:
            break
    assert 4 < number < 99
