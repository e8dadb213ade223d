"""Requested reports as Dagster makes them: the days asked for, and of these no more than was asked for."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sentinel_pipeline.delivery import delivering
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.requests import Filed, cancel, file_request, state_of
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.custom import JOB
from sentinel_pipeline.orchestration.deployment import lake_of
from sentinel_pipeline.orchestration.partitions import REQUESTS
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET
from sentinel_pipeline.orchestration.step_words import words_of
from sentinel_pipeline.publishing.signing_keys import kept_public_keys
from sentinel_pipeline.publishing.verification import trace, verify
from sentinel_pipeline.requests.wanted import narrowing_of_edition
from sentinel_pipeline.settings import Settings, ledger_url, load_settings
from sentinel_pipeline_tests.walks.household import make_house

AT = datetime(2025, 3, 20, 7, 0, tzinfo=UTC)
WEEK = Request("Week", date(2025, 3, 10), 7, "ann")
TWO_DAYS = Request("Two days", date(2025, 3, 12), 2, "ann", formats=("csv", "json", "txt"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(make_house(tmp_path_factory.mktemp("house")))


@pytest.fixture(scope="module")
def ledger(house: Settings) -> Ledger:
    return open_ledger(ledger_url(house.data))


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def make(house: Settings, instance: dg.DagsterInstance, key: str, job: str = JOB) -> dg.ExecuteInProcessResult:
    instance.add_dynamic_partitions(str(REQUESTS.name), [key])
    return (
        build_definitions(house)
        .resolve_job_def(job)
        .execute_in_process(
            run_config=QUIET, instance=instance, raise_on_error=False, tags={PARTITION: key}, partition_key=key
        )
    )


def made(house: Settings, ledger: Ledger, instance: dg.DagsterInstance, request: Request) -> Path:
    """The folder of its edition."""
    key = file_request(ledger, request, AT)
    result = make(house, instance, key)
    said = [words_of(event) for event in result.all_events if event.is_step_failure]
    assert result.success, said
    row = filed(ledger, key)
    assert (row.state, row.edition) == ("done", f"custom/{key}/r1")
    return house.editions / str(row.edition)


def filed(ledger: Ledger, key: str) -> Filed:
    with ledger.reading() as connection:
        row = state_of(connection, key)
    assert row is not None
    return row


def facts(folder: Path) -> dict[str, Any]:
    return {fact["id"]: fact for fact in json.loads((folder / "facts.json").read_bytes())["facts"]}


def values(folder: Path) -> dict[str, Any]:
    return {name: fact["value"] for name, fact in facts(folder).items()}


def table(folder: Path, section: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "tables" / f"{section}.json").read_bytes())
    return rows


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def asked_of(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute(query).fetchone()[0])


@pytest.fixture(scope="module")
def week(house: Settings, ledger: Ledger, instance: dg.DagsterInstance) -> Path:
    return made(house, ledger, instance, WEEK)


@pytest.fixture(scope="module")
def two_days(house: Settings, ledger: Ledger, instance: dg.DagsterInstance) -> Path:
    return made(house, ledger, instance, TWO_DAYS)


@pytest.mark.slow
def test_seven_days_from_a_monday_tell_what_the_weekly_report_tells(
    house: Settings, instance: dg.DagsterInstance, week: Path
) -> None:
    assert make(house, instance, "2025-03-10", "render_weekly").success
    weekly = house.editions / "weekly" / "2025-03-10" / "r1"
    assert facts(week) == facts(weekly)
    assert names(week) == names(weekly)
    tables = [name for name in names(week) if name.startswith("tables/")]
    assert len(tables) > 40
    assert [name for name in tables if (week / name).read_bytes() != (weekly / name).read_bytes()] == []


@pytest.mark.slow
def test_days_that_nobody_had_read_are_read(house: Settings, week: Path) -> None:
    assert values(week)["total_alerts"] == asked_of(
        house.data / "home.db",
        "SELECT count(*) FROM alerts WHERE timestamp >= '2025-03-09 23:00:00' AND timestamp < '2025-03-16 23:00:00'",
    )


@pytest.mark.slow
def test_figures_are_compared_with_as_many_days_before(two_days: Path, house: Settings) -> None:
    total = facts(two_days)["total_alerts"]
    between = "SELECT count(*) FROM alerts WHERE timestamp >= '{} 23:00:00' AND timestamp < '{} 23:00:00'"
    assert total["value"] == asked_of(house.data / "home.db", between.format("2025-03-11", "2025-03-13"))
    assert total["previous"] == asked_of(house.data / "home.db", between.format("2025-03-09", "2025-03-11"))


def test_formats_pick_the_files(two_days: Path) -> None:
    suffixes = {name.rpartition(".")[2] for name in names(two_days)}
    assert suffixes == {"csv", "json", "txt"}
    assert {"facts.json", "words.json", "manifest.json", "summary.txt"} <= names(two_days)


def test_a_requested_edition_verifies_and_its_figures_trace(house: Settings, two_days: Path) -> None:
    verdict = verify(two_days, kept_public_keys(house.data / "keys"))
    assert (verdict.faults, verdict.chain) == ((), "first of its chain")
    for name in ("total_alerts", "data_transferred_mb", "unique_destinations", "block_rate"):
        traced = trace(two_days, name, lake_of(house), narrowing_of_edition(two_days, house))
        assert traced.is_confirmed
        assert traced.published == values(two_days)[name]


@pytest.mark.slow
def test_the_same_request_over_the_same_data_gives_the_same_bytes(
    house: Settings, instance: dg.DagsterInstance, ledger: Ledger, two_days: Path
) -> None:
    before = {name: (two_days / name).read_bytes() for name in names(two_days)}
    assert make(house, instance, TWO_DAYS.request_id).success
    assert [path.name for path in two_days.parent.glob("r*")] == ["r1"]
    other = made(house, ledger, instance, replace(TWO_DAYS, requested_by="bob"))
    changing = {"manifest.json"}
    assert {name for name in before if (other / name).read_bytes() != before[name]} <= changing


def test_a_type_shows_its_sections_and_their_figures(
    house: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    wanted = ("alert_severity", "alert_trends", "latest_alerts")
    folder = made(house, ledger, instance, replace(TWO_DAYS, name="Alerts", sections=wanted, types=("alerts",)))
    shown = {Path(name).stem for name in names(folder) if name.startswith("tables/")}
    assert shown == {*wanted, "data_completeness"}
    assert "total_alerts" in values(folder)
    assert not {"total_connections", "total_incidents"} & set(values(folder))


@pytest.mark.slow
def test_a_source_alone_is_counted_and_said(
    house: Settings, ledger: Ledger, instance: dg.DagsterInstance, two_days: Path
) -> None:
    folder = made(house, ledger, instance, replace(TWO_DAYS, name="Gateway", sources=("gateway",)))
    whole = {row["source"]: row["connections"] for row in table(two_days, "connections_by_source")}
    assert values(folder)["total_connections"] == whole["gateway"] < sum(whole.values())
    assert "total_incidents" not in values(folder)
    assert {row["source"] for row in table(folder, "data_completeness")} == {"gateway"}
    said = json.loads((folder / "words.json").read_bytes())
    assert said["headline"].endswith("Only what gateway gave.")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert [source["name"] for source in manifest["sources"]] == ["gateway"]
    assert manifest["request"]["sources"] == ["gateway"]
    assert trace(folder, "total_connections", lake_of(house), narrowing_of_edition(folder, house)).is_confirmed


@pytest.mark.slow
def test_of_devices_only_what_is_theirs_is_told_and_what_is_left_out_is_named(
    house: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    request = replace(TWO_DAYS, name="Camera", devices=("192.168.1.2",), formats=("json", "html"))
    folder = made(house, ledger, instance, request)
    alerts = asked_of(
        house.data / "home.db",
        "SELECT count(*) FROM alerts WHERE device_ip = '192.168.1.2'"
        " AND timestamp >= '2025-03-11 23:00:00' AND timestamp < '2025-03-13 23:00:00'",
    )
    (row,) = table(folder, "alerts_by_device")
    assert (row["device_ip"], row["alerts"]) == ("192.168.1.2", alerts)
    assert {row["device_ip"] for row in table(folder, "top_talkers")} == {"192.168.1.2"}
    shown = {Path(name).stem for name in names(folder) if name.startswith("tables/")}
    assert not {"alert_trends", "protocols", "top_destinations", "severity_distribution"} & shown
    assert "total_alerts" not in values(folder)
    page = (folder / "report.html").read_text()
    assert "Only of 192.168.1.2." in page
    assert "does not tell devices apart: Alerts over time" in page


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["addresses", "drop"])
def test_what_is_to_be_hidden_stands_in_no_file(
    house: Settings, ledger: Ledger, instance: dg.DagsterInstance, measure: str
) -> None:
    request = replace(TWO_DAYS, name=f"Hidden {measure}", redaction=(measure,), formats=("csv", "html", "json", "txt"))
    folder = made(house, ledger, instance, replace(request, devices=("192.168.1.2",)))
    whole = made(house, ledger, instance, request)
    person = re.compile(r"\bbob\b" if measure == "drop" else r"192\.168\.1\.[1-9]|10\.0\.0\.[12]|203\.0\.113\.[1-9]")
    found = [
        path
        for edition in (folder, whole)
        for path in edition.rglob("*")
        if path.is_file() and person.search(path.read_text())
    ]
    assert found == []
    if measure == "addresses":
        assert table(whole, "top_talkers")[0]["device_ip"].endswith(".0")
    else:
        assert "[removed]" in {row["user"] for row in table(whole, "top_violators_by_user")}


@pytest.mark.slow
def test_recipients_are_sent_the_report_once(house: Settings, ledger: Ledger, instance: dg.DagsterInstance) -> None:
    folder = made(house, ledger, instance, replace(TWO_DAYS, name="For ann", recipients=("ann@house.example",)))
    sent = list((house.outbox).glob("*.eml"))
    assert make(house, instance, folder.parent.name).success
    assert list((house.outbox).glob("*.eml")) == sent
    (mail,) = (path.read_bytes() for path in sent)
    assert b"To: ann@house.example" in mail
    assert f"custom-{folder.parent.name}-r1-summary.txt".encode() in mail.replace(b"\r\n ", b"")
    letter = message_from_bytes(mail, policy=default)
    assert isinstance(letter, EmailMessage)
    text = letter.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines()[1] == "For ann", "it is called what it was called when it was requested"


@pytest.mark.slow
def test_who_stops_the_mails_of_a_report_finds_it_said_and_how_to_send_the_rest(
    house: Settings, ledger: Ledger, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    key = file_request(ledger, replace(TWO_DAYS, name="For bob", recipients=("bob@house.example",)), AT)
    monkeypatch.setattr(delivering, "deliver_request", stop)
    assert not make(house, instance, key).success
    row = filed(ledger, key)
    assert (row.state, row.error) == (
        "done",
        f"its mails were stopped; `sentinel deliver custom {key}` sends those that are left",
    )
    monkeypatch.undo()
    assert make(house, instance, key).success
    assert filed(ledger, key).error is None


def test_a_cancelled_request_is_not_published(house: Settings, ledger: Ledger, instance: dg.DagsterInstance) -> None:
    key = file_request(ledger, replace(TWO_DAYS, name="Never"), AT)
    cancel(ledger, key, AT)
    result = make(house, instance, key)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED, "it did not fail, it is not wanted"
    assert not (house.editions / "custom" / key).exists()
    assert filed(ledger, key).state == "cancelled"


def test_days_before_the_first_are_refused(house: Settings, ledger: Ledger, instance: dg.DagsterInstance) -> None:
    key = file_request(ledger, replace(TWO_DAYS, first=date(2025, 1, 1)), AT)
    result = make(house, instance, key)
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.error is not None
    assert f"custom {key} lies before the first day, 2025-03-10" in str(failure.error)
