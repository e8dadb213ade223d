"""Subscriptions with times of their own get the edition then, each once, and nobody else gets it with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.delivery.enrolment import add
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.deliveries import SUBSCRIPTION
from sentinel_pipeline.orchestration.own_times import due_requests
from sentinel_pipeline.settings import Settings, ledger_url, load_settings
from sentinel_pipeline_tests.delivery.worlds import configured
from sentinel_pipeline_tests.orchestration.scheduled_definitions import publish_at_once
from sentinel_pipeline_tests.orchestration.test_deliveries import run
from sentinel_pipeline_tests.rendering.mailed import published
from sentinel_pipeline_tests.rendering.worlds import a_report

TWO = """
first_day: 2025-03-10
subscriptions:
  - {name: Usual, cadence: daily, recipients: [ann@house.example]}
  - {name: Early, cadence: daily, recipients: [bob@house.example], schedule: 30 6 * * 1-5}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked(settings: Settings, since: str, now: str) -> list[tuple[str | None, str | None]]:
    requests = list(due_requests(settings, at(since), at(now)))
    return [(request.tags[SUBSCRIPTION], request.partition_key) for request in requests]


def test_a_time_counts_once_and_on_the_clock_of_the_zone(tmp_path: Path) -> None:
    settings = configured(tmp_path, TWO)
    assert asked(settings, "2025-03-13T05:00", "2025-03-13T05:29:59") == []
    assert asked(settings, "2025-03-13T05:29:59.5", "2025-03-13T05:30") == [("Early", "2025-03-12")]
    assert asked(settings, "2025-03-13T05:30", "2025-03-13T06:00") == []
    assert asked(settings, "2025-03-30T22:00", "2025-03-31T04:30") == [("Early", "2025-03-30")], "it is summer by now"


def test_what_was_missed_is_made_up_for_once_and_weekends_are_left_out(tmp_path: Path) -> None:
    settings = configured(tmp_path, TWO)
    assert asked(settings, "2025-03-10T12:00", "2025-03-14T12:00") == [("Early", "2025-03-13")]
    assert asked(settings, "2025-03-14T12:00", "2025-03-16T23:00") == []


def test_one_of_the_ledger_counts_from_the_moment_it_is_there(tmp_path: Path) -> None:
    settings = configured(tmp_path, TWO)
    mine = {"name": "Mine", "cadence": "weekly", "recipients": ["eve@house.example"], "schedule": "0 12 * * 4"}
    add(settings, open_ledger(ledger_url(tmp_path)), mine, at("2025-03-13T07:00"), "eve")
    assert asked(settings, "2025-03-13T10:30", "2025-03-13T11:00") == [("Mine", "2025-03-03")]


def test_an_edition_that_is_not_published_yet_is_published_for_it(tmp_path: Path) -> None:
    settings = configured(tmp_path, TWO)
    (request,) = due_requests(settings, at("2025-03-13T05:00"), at("2025-03-13T06:00"))
    assert (request.job_name, request.asset_selection) == ("scheduled_daily", None)
    publish_at_once(settings, "daily", "2025-03-12")
    (request,) = due_requests(settings, at("2025-03-13T05:00"), at("2025-03-13T06:00"))
    assert request.asset_selection == [dg.AssetKey(["daily", "deliveries"])]


def test_the_sensor_begins_with_now(tmp_path: Path) -> None:
    definitions = build_definitions(configured(tmp_path, TWO))
    sensor = definitions.resolve_sensor_def("subscription_times")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, definitions=definitions)
        first = sensor.evaluate_tick(context)
        assert first.run_requests == []
        assert first.cursor is not None
        assert abs((datetime.fromisoformat(first.cursor) - datetime.now(UTC)).total_seconds()) < 60


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_each_is_served_at_its_own_time(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    configured(tmp_path, TWO)
    published(a_report("daily"), tmp_path)
    assert load_settings(tmp_path).subscriptions[1].schedule == "30 6 * * 1-5"

    def recipients() -> list[str]:
        mails = [path.read_text() for path in (tmp_path / "outbox").glob("*.eml")]
        return sorted(line.removeprefix("To: ") for mail in mails for line in mail.splitlines() if line[:4] == "To: ")

    assert run(tmp_path, instance).success
    assert recipients() == ["ann@house.example"]
    assert run(tmp_path, instance, **{SUBSCRIPTION: "Early"}).success
    assert recipients() == ["ann@house.example", "bob@house.example"]
