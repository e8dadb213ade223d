"""Deliveries as Dagster runs them: receipts, failures of their own, and backfills that send nothing unless told."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.orchestration import deliveries, retrying
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.deliveries import deliveries_key
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET
from sentinel_pipeline.publishing.punctuality import SINCE
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.delivery.worlds import DAILY, configured
from sentinel_pipeline_tests.rendering.mailed import published
from sentinel_pipeline_tests.rendering.worlds import a_period, a_report

DAY = a_period("daily")
TAGS = {PARTITION: DAY.key}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    configured(tmp_path, "first_day: 2025-03-10\n" + DAILY)
    published(a_report("daily"), tmp_path)
    return tmp_path


def run(data: Path, instance: dg.DagsterInstance, job: str = "deliver_daily", **tags: str) -> dg.ExecuteInProcessResult:
    return (
        build_definitions(load_settings(data))
        .resolve_job_def(job)
        .execute_in_process(
            run_config=QUIET, instance=instance, raise_on_error=False, tags={**TAGS, **tags}, partition_key=DAY.key
        )
    )


def receipts(instance: dg.DagsterInstance) -> dg.AssetMaterialization | None:
    event = instance.get_latest_materialization_event(deliveries_key("daily"))
    return event.asset_materialization if event else None


def mails(data: Path) -> list[Path]:
    return sorted((data / "outbox").glob("*.eml"))


def test_receipts_are_shown_without_whole_addresses(data: Path, instance: dg.DagsterInstance) -> None:
    assert run(data, instance).success
    assert len(mails(data)) == 3
    made = receipts(instance)
    assert made is not None
    assert (made.metadata["sent"].value, made.metadata["deliveries"].value) == (3, 3)
    table = made.metadata["receipts"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["recipient"] for record in table.records] == [f"{who}…@house.example" for who in "abc"]
    assert {record.data["state"] for record in table.records} == {"sent"}


def test_materializing_again_shows_the_receipts_and_sends_nothing(data: Path, instance: dg.DagsterInstance) -> None:
    run(data, instance)
    before = {path: path.stat().st_mtime_ns for path in mails(data)}
    assert run(data, instance).success
    assert {path: path.stat().st_mtime_ns for path in mails(data)} == before


def test_a_backfill_delivers_only_when_told(data: Path, instance: dg.DagsterInstance) -> None:
    assert run(data, instance, **{"dagster/backfill": "b1"}).success
    assert (mails(data), receipts(instance)) == ([], None)
    assert run(data, instance, **{"dagster/backfill": "b1", "sentinel/deliver": "yes"}).success
    assert len(mails(data)) == 3


def test_a_delivery_that_fails_fails_its_asset_in_one_line_and_not_the_edition(
    data: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "WAITS", (0, 0))
    monkeypatch.setattr(deliveries, "sleep", lambda _: None)
    (data / "outbox").write_text("a file in the place of the folder")
    result = run(data, instance)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    kinds = [event.event_type for event in result.all_events]
    assert kinds.count(dg.DagsterEventType.STEP_UP_FOR_RETRY) == 2
    described = failure.step_failure_data.user_failure_data
    assert described is not None
    assert described.description is not None
    assert "a…@house.example (Daily): planned: " in described.description
    assert "ann@" not in described.description
    assert receipts(instance) is None
    assert (data / "editions" / "daily" / DAY.key / "r1" / "manifest.json").exists()


def test_jobs_that_make_editions_deliver_nothing() -> None:
    definitions = build_definitions(load_settings())
    graph = definitions.resolve_asset_graph()
    for job in ("publish_daily", "render_daily", "render_weekly", "render_monthly", "read_days"):
        made = definitions.resolve_job_def(job).asset_layer.selected_asset_keys
        assert not {key for key in made if key.path[-1] == "deliveries"}, job
    for cadence in ("daily", "weekly", "monthly"):
        assert graph.get(deliveries_key(cadence)).parent_keys == {dg.AssetKey([cadence, "edition"])}


@pytest.mark.parametrize(("since", "is_late"), [(DAY.key, True), (DAY.next.key, False), (None, False)])
def test_a_late_edition_says_so_in_its_mail(
    data: Path, instance: dg.DagsterInstance, since: str | None, is_late: bool
) -> None:
    """The report is of long ago; late is only what a schedule should have made."""
    if since is not None:
        (data / "editions" / "daily" / SINCE).write_text(since)
    assert run(data, instance).success
    mail = message_from_bytes(mails(data)[0].read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    for form in ("plain", "html"):
        body = mail.get_body((form,))
        assert body is not None
        assert ("This report is late" in body.get_content()) is is_late
        assert ("It was due on" in body.get_content()) is is_late
