"""Late rows and changed ones on a real PostgreSQL server, to the mail: like those of any other source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg2
import pytest

from sentinel_pipeline.demo import cybersentinel_schema, iothub_schema
from sentinel_pipeline.orchestration.deliveries import delivered
from sentinel_pipeline_tests.orchestration.test_corrections import DAY, House

pytestmark = pytest.mark.slow  # an edition is made of each revision
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2025-03-10
sources:
  - {{name: served, kind: {kind}, location: 'env:SERVED_URL'}}
subscriptions:
  - {{name: Daily, cadence: daily, recipients: [ann@house.example, bob@house.example], formats: [csv]}}
"""
NOON = datetime(2025, 3, 12, 11, 0, tzinfo=UTC)
Statement = tuple[str, tuple[object, ...]]


def incident(number: int, at: datetime) -> Statement:
    row = (
        "INSERT INTO events (id, event_id, event_type, source_type, description, severity, action, username, timestamp,"
        " created_at) VALUES (%s, %s, 'file', 'agent', 'x', 'low', 'logged', 'ann', %s, %s)"
    )
    return row, (f"00000000-0000-4000-8000-{number:012}", f"e{number}", at, at)


def rule_event(number: int, at: datetime) -> Statement:
    row = (
        "INSERT INTO events (id, event_uuid, rule_triggered_at, created_at, rule, acknowledged,"
        " trigger_device_serial_id, is_external) VALUES (%s, %s, %s, %s, 1, false, 'GH-07', false)"
    )
    return row, (number, f"00000000-0000-4000-8000-{number:012}", at, at)


@dataclass(frozen=True)
class System:
    """A kind of source, its tables, one of its events as a row, and the figure that counts them."""

    kind: str
    schema: str
    event: Callable[[int, datetime], Statement]
    figure: str
    table: str


CYBERSENTINEL = System(
    "cybersentinel",
    cybersentinel_schema.SCHEMA + cybersentinel_schema.INDEXES,
    incident,
    "total_incidents",
    "incidents",
)
IOTHUB = System("iothub", iothub_schema.SCHEMA + iothub_schema.INDEXES, rule_event, "total_rule_events", "rule_events")


class Server(House):
    """A house that reads nothing but a system on a server, with four events on each of three days."""

    def __init__(self, data: Path, instance: dg.DagsterInstance, url: str, system: System) -> None:
        super().__init__(data, instance, data)
        self.url, self.system = url, system
        self.run_sql((system.schema, ()))
        for number in range(12):
            self.run_sql(system.event(number, NOON + timedelta(days=number // 4 - 1, minutes=number)))
        (data / "config").mkdir(parents=True)
        (data / "config" / "sentinel.yaml").write_text(CONFIGURATION.format(kind=system.kind))

    def run_sql(self, statement: Statement) -> None:
        with closing(psycopg2.connect(self.url)) as server, server, server.cursor() as cursor:
            cursor.execute(*statement)

    @property
    def corrected(self) -> list[str]:
        return [str(mail["To"]) for mail in self.mails if "Correction" in str(mail["Subject"])]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def served(
    instance: dg.DagsterInstance, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[System], Server]:
    monkeypatch.setenv("SERVED_URL", postgresql_url)

    def made(system: System) -> Server:
        house = Server(tmp_path / "house", instance, postgresql_url, system)
        house.publish(DAY)
        delivered(house.deployment, DAY)
        assert house.asked() is None
        return house

    return made


@pytest.mark.parametrize("system", [CYBERSENTINEL, IOTHUB], ids=lambda one: one.kind)
def test_a_late_row_on_a_server_makes_one_revision_that_is_told_once_to_the_same_people(
    served: Callable[[System], Server], system: System
) -> None:
    house = served(system)
    first = {path: path.read_bytes() for path in house.edition(DAY, 1).rglob("*") if path.is_file()}
    house.run_sql(system.event(100, NOON + timedelta(hours=1)))
    assert house.run(house.asked()).success
    assert house.revisions(DAY) == ["r1", "r2"]
    assert {path: path.read_bytes() for path in first} == first
    total = house.changes(DAY, 2)[system.figure]
    assert (total["before"], total["after"]) == ("4", "5")
    assert total["why"] == f"served: 1 row of {system.table} came late, of {DAY.key}"
    assert house.corrected == ["ann@house.example", "bob@house.example"]
    assert house.asked() is None, "reading again is no change"
    delivered(house.deployment, DAY)
    assert len(house.corrected) == 2
    assert house.asked(timedelta(hours=2)) is None


def test_a_severity_that_is_corrected_on_a_server_is_a_correction_and_a_review_is_none(
    served: Callable[[System], Server],
) -> None:
    house = served(CYBERSENTINEL)
    house.run_sql(("UPDATE events SET status = 'closed', reviewed = 'yes', updated_at = now()", ()))
    assert house.asked() is None
    house.run_sql(("UPDATE events SET severity = 'critical' WHERE event_id = 'e5'", ()))
    assert house.run(house.asked()).success
    assert house.revisions(DAY) == ["r1", "r2"]
    critical = house.changes(DAY, 2)["critical_incidents"]
    assert (critical["before"], critical["after"]) == ("0", "1")
    assert critical["why"] == f"data of {DAY.key} arrived or changed since"
    assert "total_incidents" not in house.changes(DAY, 2)
    assert house.corrected == ["ann@house.example", "bob@house.example"]
    assert house.asked() is None
