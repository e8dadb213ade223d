"""Real ticks of Dagster's own scheduler, its clock moved by hand: every edition once, in order, whatever was missed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count, takewhile
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import CodeLocationOrigin, InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import InstigatorType, TickStatus
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time, instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

from sentinel_pipeline.orchestration.runs import PARTITION
from sentinel_pipeline.orchestration.schedules import SCHEDULED, is_under_way
from sentinel_pipeline.publishing.editions import published_keys, revisions
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.clocks import BERLIN, day
from sentinel_pipeline_tests.orchestration.scheduled_definitions import publish_at_once

# Dagster's own server reads a property of schedules that Dagster deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

RUN = "00000000-0000-4000-8000-000000000000"
# Dagster remembers a module of definitions by its name, so each machine has one of its own.
DEFINITIONS = """
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.orchestration.scheduled_definitions import definitions
defs = definitions(load_settings())
"""
NUMBERS = count(1)
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-01-01
sources: [{name: home, kind: iotsentinel, location: sqlite:///home.db}]
"""
SYNCHRONOUS = {
    "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
    "run_launcher": {
        "module": "sentinel_pipeline_tests.orchestration.scheduled_definitions",
        "class": "PublishingLauncher",
    },
}


class InProcess(WorkspaceLoadTarget):
    """The definitions of a data folder, without a server of their own."""

    def __init__(self, data: Path) -> None:
        self.file = data / f"definitions_{next(NUMBERS)}.py"
        self.file.write_text(DEFINITIONS)

    def create_origins(self) -> Sequence[CodeLocationOrigin]:
        target = LoadableTargetOrigin(python_file=str(self.file), attribute="defs")
        return [InProcessCodeLocationOrigin(target, location_name="test")]


class Machine:
    """A machine with the scheduler on it; `switch_on` lets it look every half day from an instant to another."""

    def __init__(self, data: Path, instance: dg.DagsterInstance) -> None:
        self.data, self.instance = data, instance
        self.target = InProcess(data)

    def switch_on(self, start: datetime, end: datetime) -> None:
        looks = (start + timedelta(hours=12) * n for n in count())
        with create_test_daemon_workspace_context(self.target, self.instance) as workspace:
            for now in [*takewhile(lambda now: now < end, looks), end]:
                self.tick(workspace, now)

    def tick(self, workspace: object, now: datetime) -> None:
        with freeze_time(now.astimezone(UTC)):
            errors = list(launch_scheduled_runs(workspace, logging.getLogger("scheduler"), now.astimezone(UTC), {}))  # type: ignore[arg-type]
        assert [error for error in errors if error] == []

    def published(self, cadence: str) -> list[str]:
        return published_keys(self.data / "editions", cadence)

    def runs(self, cadence: str, *, only_deliveries: bool = False) -> list[str]:
        """Periods of which an edition (or only its delivery) was requested, in that order."""
        records = self.instance.get_run_records(dg.RunsFilter(tags={SCHEDULED: cadence}), ascending=True)
        runs = [record.dagster_run for record in records]
        return [run.tags[PARTITION] for run in runs if bool(run.asset_selection) is only_deliveries]

    def requested_at(self, cadence: str) -> list[datetime]:
        """Local times at which runs were requested."""
        return self.ticks_of(f"{cadence}_report")

    def ticks_of(self, schedule: str) -> list[datetime]:
        """Local times at which a schedule requested runs."""
        states = self.instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
        (state,) = [state for state in states if state.instigator_name == schedule]
        ticks = self.instance.get_ticks(state.instigator_origin_id, state.selector_id, statuses=[TickStatus.SUCCESS])
        return sorted(datetime.fromtimestamp(tick.timestamp, UTC).astimezone(BERLIN) for tick in ticks)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@contextmanager
def machine(data: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> Iterator[Machine]:
    (data / "config").mkdir(parents=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + more)
    monkeypatch.setenv("SENTINEL_DATA", str(data))
    with instance_for_test(overrides=SYNCHRONOUS) as instance:
        yield Machine(data, instance)


def days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


@pytest.mark.slow
def test_a_month_of_ticks_with_a_clock_change_and_ten_days_off_makes_each_edition_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path, monkeypatch) as house:
        house.switch_on(at("2025-03-10T00:00"), at("2025-03-24T12:00"))
        assert house.runs("daily")[-1] == "2025-03-23"
        house.switch_on(at("2025-04-03T15:20"), at("2025-04-10T12:00"))
        assert house.runs("daily") == house.published("daily") == days("2025-03-09", "2025-04-09")
        assert house.runs("daily", only_deliveries=True) == []
        assert house.runs("weekly") == ["2025-03-03", "2025-03-10", "2025-03-17", "2025-03-24", "2025-03-31"]
        assert house.runs("monthly") == house.published("monthly") == ["2025-03-01"]
        assert {f"{time:%H:%M}" for time in house.requested_at("daily")} == {"08:00"}
        assert {f"{time:%a %H:%M}" for time in house.requested_at("weekly")} == {"Mon 09:00"}
        assert [f"{time:%d %H:%M}" for time in house.requested_at("monthly")] == ["01 10:00"]
        editions = [path for path in (tmp_path / "editions").glob("*/*") if path.is_dir()]
        assert all(revisions(path) == [1] for path in editions)


def test_a_gap_that_is_older_than_it_may_be_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with machine(tmp_path, monkeypatch, "schedules: {catch_up_days: 3}\n") as house:
        house.switch_on(at("2025-03-03T07:00"), at("2025-03-03T08:00"))
        house.switch_on(at("2025-03-20T15:00"), at("2025-03-20T16:00"))
        assert house.published("daily") == ["2025-03-02", "2025-03-17", "2025-03-18", "2025-03-19"]


def test_an_edition_that_failed_is_made_at_the_next_tick_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path, monkeypatch) as house:
        house.switch_on(at("2025-03-10T07:00"), at("2025-03-10T09:00"))
        (tmp_path / "fails").write_text("2025-03-10")
        house.switch_on(at("2025-03-11T07:00"), at("2025-03-12T07:00"))
        assert house.published("daily") == ["2025-03-09"]
        (tmp_path / "fails").unlink()
        house.switch_on(at("2025-03-12T08:00"), at("2025-03-12T12:00"))
        assert house.published("daily") == days("2025-03-09", "2025-03-11")
        assert house.runs("daily") == ["2025-03-09", "2025-03-10", "2025-03-10", "2025-03-11"]


def test_what_was_published_by_hand_is_not_made_again_though_dagster_knows_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path, monkeypatch) as house:
        house.switch_on(at("2025-03-10T07:00"), at("2025-03-11T09:00"))
        made = house.runs("daily")
    monkeypatch.undo()
    with machine(tmp_path / "new", monkeypatch) as fresh:
        (tmp_path / "editions").rename(fresh.data / "editions")
        fresh.switch_on(at("2025-03-11T07:00"), at("2025-03-12T09:00"))
        assert made == ["2025-03-09", "2025-03-10"]
        assert fresh.runs("daily") == ["2025-03-11"]
        assert fresh.runs("daily", only_deliveries=True) == ["2025-03-10"], "nobody has been sent it"


def test_what_was_published_by_hand_long_ago_makes_nothing_due_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path, monkeypatch) as house:
        publish_at_once(load_settings(house.data), "daily", "2025-02-20")
        house.switch_on(at("2025-03-10T07:00"), at("2025-03-10T12:00"))
        assert house.published("daily") == ["2025-02-20", "2025-03-09"]


@pytest.mark.parametrize(
    ("status", "is_waiting"), [(dg.DagsterRunStatus.STARTED, True), (dg.DagsterRunStatus.FAILURE, False)]
)
def test_a_run_under_way_is_not_asked_for_again(status: dg.DagsterRunStatus, is_waiting: bool) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {PARTITION: "2025-03-09"}
        instance.add_run(dg.DagsterRun(job_name="scheduled_daily", run_id=RUN, status=status, tags=tags))
        assert is_under_way(instance, "scheduled_daily", day("2025-03-09")) is is_waiting
        assert not is_under_way(instance, "scheduled_daily", day("2025-03-10"))
        assert not is_under_way(instance, "scheduled_weekly", day("2025-03-09"))
