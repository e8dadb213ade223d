"""The demo's configuration over a month of real ticks: each subscriber gets each edition, once, whatever was missed."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time, instance_for_test
from dagster._daemon.sensor import execute_sensor_iteration

from sentinel_pipeline.demo.configuration import demo_configuration
from sentinel_pipeline.demo.systems import DemoSystems
from sentinel_pipeline.domain.delivery import STATES
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.deliveries import in_state
from sentinel_pipeline.settings import ledger_url
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.orchestration.test_schedules import SYNCHRONOUS, InProcess, Machine, at, days

pytestmark = [
    pytest.mark.slow,
    # Dagster's own server reads a property of schedules that Dagster deprecated.
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"),
    # Meant, and ignored by the definitions themselves, which pytest undoes.
    pytest.mark.filterwarnings("ignore:Asset job .* materializes assets with varying BackfillPolicies:UserWarning"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
]

DEFINITIONS = """
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.orchestration.scheduled_definitions import definitions_by_the_clock
defs = definitions_by_the_clock(load_settings())
"""
FIRST_DAY = date(2025, 1, 1)
OWN_TIME = """  - name: Before work
    cadence: weekly
    recipients: [board@household.example]
    schedule: 30 7 * * 1-5
"""
DELIVERING = {
    **SYNCHRONOUS,
    "run_launcher": {**SYNCHRONOUS["run_launcher"], "class": "DeliveringLauncher"},
}
DAYS = days("2025-02-28", "2025-04-06")
WEEKS = ["2025-02-24", "2025-03-03", "2025-03-10", "2025-03-17", "2025-03-24", "2025-03-31"]
MONTHS = ["2025-02-01", "2025-03-01"]
READERS = (
    ("Daily Executive Summary", "daily", DAYS, ("management",)),
    ("Weekly Security Report", "weekly", WEEKS, ("security", "management")),
    ("Before work", "weekly", WEEKS, ("board",)),
)
EXPECTED = [
    (name, f"{reader}@household.example", f"{cadence}/{key}/r1")
    for name, cadence, keys, readers in READERS
    for key in keys
    for reader in readers
] + [
    ("Monthly Compliance Report", reader, f"monthly/{key}/r1")
    for key in MONTHS
    for reader in ("compliance@household.example", "auditor@audit.example")
]


class ClockedMachine(Machine):
    """A machine whose sensors go by the same clock as its schedules; it looks twice in the morning."""

    def switch_on(self, start: datetime, end: datetime) -> None:
        mornings = days(start.date().isoformat(), end.date().isoformat())
        looks = [at(f"{day}T{time}") for day in mornings for time in ("07:45", "10:45")]
        with create_test_daemon_workspace_context(self.target, self.instance) as workspace:
            for now in (start, *(look for look in looks if start < look < end), end):
                self.tick(workspace, now)
                with freeze_time(now.astimezone(UTC)):
                    errors = list(execute_sensor_iteration(workspace, logging.getLogger("sensors"), None, None))
                assert [error for error in errors if error] == []


def target_of(data: Path) -> InProcess:
    target = InProcess(data)
    target.file.write_text(DEFINITIONS)
    return target


def configure(data: Path) -> None:
    """The demo's configuration, and one subscription with times of its own."""
    systems = DemoSystems(data / "systems", FIRST_DAY, date(2025, 4, 6), BERLIN, is_office_in_postgresql=False)
    text = demo_configuration(systems, FIRST_DAY, BERLIN)
    beginning, _, end = text.partition("subscriptions:\n")
    assert end
    (data / "config").mkdir()
    (data / "config" / "sentinel.yaml").write_text(f"{beginning}subscriptions:\n{OWN_TIME}{end}")


def test_each_subscriber_gets_each_edition_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path)
    monkeypatch.setenv("SENTINEL_DATA", str(tmp_path))
    with instance_for_test(overrides=DELIVERING) as instance:
        house = ClockedMachine(tmp_path, instance)
        house.target = target_of(tmp_path)
        house.switch_on(at("2025-03-01T01:45"), at("2025-03-18T12:30"))
        house.switch_on(at("2025-03-26T15:20"), at("2025-04-07T12:00"))
        nights = [f"{time:%m-%d %H:%M}" for time in house.ticks_of("retention")]

    with open_ledger(ledger_url(tmp_path)).reading() as connection:
        rows = in_state(connection, STATES)
        assert first_break(history(connection)) is None
    assert {row.state for row in rows} == {"sent"}
    assert Counter((row.subscription, row.recipient, row.edition) for row in rows) == Counter(EXPECTED)
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (tmp_path / "outbox").glob("*.eml")]
    assert sorted(mail["Message-ID"] for mail in mails) == sorted(row.message_id for row in rows)
    assert Counter(mail["To"] for mail in mails) == Counter(reader for _, reader, _ in EXPECTED)
    assert sorted(path.parent.name for path in (tmp_path / "editions" / "daily").glob("*/r*")) == DAYS
    on = [day[5:] for day in (*days("2025-03-01", "2025-03-18"), *days("2025-03-27", "2025-04-07"))]
    assert [night for night in nights if night[:5] in on] == [
        f"{day} {'03' if day == '03-30' else '02'}:00" for day in on
    ], "at two, and at three in the night that has no such hour"
    assert len(set(nights)) == len(nights)
