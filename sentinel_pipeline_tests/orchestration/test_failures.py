"""Failed runs of real jobs to mails: a problem is told once, its end once, whatever fails again in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.problems import Problem, unclosed
from sentinel_pipeline.ledger.requests import file_request
from sentinel_pipeline.ledger.tallies import REPORTS, counted
from sentinel_pipeline.orchestration.alert_sensors import failed_runs_sensor, tell
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.runs import PARTITION, QUIET
from sentinel_pipeline.settings import Settings, ledger_url, load_settings
from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, make_house

NEXT_DAY = "2025-03-13"
ALERTS = """
delivery: {base_url: https://reports.house.example}
alerts: {recipients: [ops@house.example]}
"""


class House:
    """The small house, its runs, and the eye of the sensor on them."""

    def __init__(self, data: Path, instance: dg.DagsterInstance, more: str = ALERTS) -> None:
        self.data, self.instance = make_house(data), instance
        (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + more)
        self.cursor: str | None = None
        self.look()

    @property
    def settings(self) -> Settings:
        return load_settings(self.data)

    def run(self, key: str = DAY, job: str = "read_days", **tags: str) -> bool:
        made = build_definitions(self.settings).resolve_job_def(job)
        result = made.execute_in_process(
            QUIET, instance=self.instance, raise_on_error=False, partition_key=key, tags={PARTITION: key, **tags}
        )
        return result.success

    def publish(self, key: str = DAY) -> None:
        """Says that the edition was published, as its own run would."""
        made = dg.AssetMaterialization(dg.AssetKey(["daily", "edition"]), partition=key)
        self.instance.report_runless_asset_event(made)

    def look(self, definitions: dg.Definitions | None = None) -> None:
        """A tick of the sensor that notices failed runs."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, definitions=definitions)
        self.cursor = failed_runs_sensor(self.settings).evaluate_tick(context).cursor

    def tell(self, later: timedelta = timedelta()) -> list[str]:
        """A tick of the sensor that tells; returns the subjects of all mails so far."""
        tell(self.settings, self.instance, lambda: datetime.now(UTC) + later)
        return [str(mail["Subject"]) for mail in self.mails]

    @property
    def mails(self) -> list[EmailMessage]:
        paths = sorted((self.data / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]

    @property
    def problems(self) -> list[Problem]:
        with open_ledger(ledger_url(self.data)).reading() as connection:
            return unclosed(connection)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def house(tmp_path: Path, instance: dg.DagsterInstance) -> House:
    return House(tmp_path / "house", instance)


def words(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    return " ".join(text.get_content().split())


@pytest.mark.slow
def test_a_report_that_cannot_be_made_is_counted_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("sentinel_pipeline.orchestration.reports.publish_period", broken)
    assert not house.run(job="publish_daily")
    before = house.cursor
    for _ in range(2):
        house.cursor = before
        house.look()
    with open_ledger(ledger_url(house.data)).reading() as connection:
        reports = {one.labels: one.number for one in counted(connection, REPORTS) if one.number}
    assert reports == {("daily", "daily", "failed"): 1}


@pytest.mark.slow
def test_a_source_that_stays_away_is_told_once_and_its_return_once(house: House) -> None:
    source = house.data / "home.db"
    source.rename(house.data / "gone.db")
    for key in (DAY, NEXT_DAY):
        assert not house.run(key)
        house.look()
        assert house.tell() == ["Failed: Reading “home” – Test & <b>House</b>"]
    (failed,) = house.mails
    run = house.problems[0].run
    assert failed["To"] == "ops@house.example"
    assert f"https://reports.house.example/dagster/runs/{run}" in words(failed)
    assert "the file does not exist" in words(failed)
    assert "It was to be read for Wednesday 12 March 2025." in words(failed)
    assert house.problems[0].times == 2
    (house.data / "gone.db").rename(source)
    assert house.run(DAY)
    recovered = "Recovered: Reading “home” – Test & <b>House</b>"
    assert house.tell() == house.tell() == [str(failed["Subject"]), recovered]
    assert "in 2 runs" in words(house.mails[1])
    assert house.problems == []


@pytest.mark.slow
def test_the_same_problem_is_told_again_when_it_comes_back(house: House) -> None:
    source = house.data / "home.db"
    for _ in range(2):
        source.rename(house.data / "gone.db")
        house.run()
        house.look()
        house.tell()
        (house.data / "gone.db").rename(source)
        house.run()
        subjects = house.tell()
    assert [subject.partition(":")[0] for subject in subjects] == ["Failed", "Recovered", "Failed", "Recovered"]


def test_an_edition_that_cannot_be_published_is_told_by_its_name(house: House) -> None:
    (house.data / "editions").write_text("a file in the place of the folder")
    assert not house.run(job="publish_daily")
    house.look()
    house.look()
    assert house.tell() == ["Failed: The daily report of Wednesday 12 March 2025 – Test & <b>House</b>"]
    assert f"sentinel publish daily {DAY}" in words(house.mails[0])
    house.publish(NEXT_DAY)
    assert len(house.tell()) == 1, "another day is another edition"
    house.publish()
    assert len(house.tell()) == 2


def test_what_comes_from_outside_is_never_markup(house: House) -> None:
    (house.data / "config" / "sentinel.yaml").write_text(
        CONFIGURATION.replace("home.db", "<script>alert(1)</script>.db") + ALERTS
    )
    house.run()
    house.look()
    house.tell()
    page = house.mails[0].get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()
    assert "&lt;script&gt;" in page.get_content()


def test_a_run_that_will_be_tried_again_is_no_problem_yet(house: House) -> None:
    (house.data / "home.db").unlink()
    house.run(**{"dagster/will_retry": "true"})
    house.look()
    assert house.problems == []


def test_a_run_within_a_run_of_which_no_code_location_knows_is_seen_to_fail_too(house: House) -> None:
    (house.data / "home.db").unlink()
    house.run()
    house.look(build_definitions(house.settings))
    assert [problem.what for problem in house.problems] == ["Reading “home”"]


def test_a_worker_that_was_lost_is_told_and_ends_with_the_edition(house: House, instance: dg.DagsterInstance) -> None:
    run = dg.DagsterRun(
        job_name="publish_daily",
        run_id="00000000-0000-4000-8000-000000000000",
        status=dg.DagsterRunStatus.STARTED,
        tags={PARTITION: DAY},
    )
    instance.add_run(run)
    instance.report_run_failed(run, "Failed: the process that executed it is gone.")
    house.look()
    assert house.tell() == ["Failed: The daily report of Wednesday 12 March 2025 – Test & <b>House</b>"]
    assert "the process that executed it is gone" in words(house.mails[0])
    house.publish()
    assert len(house.tell()) == 2


def test_a_notice_that_cannot_be_sent_goes_later_and_more_seldom(house: House) -> None:
    (house.data / "home.db").rename(house.data / "gone.db")
    house.run()
    house.look()
    outbox = house.data / "outbox"
    outbox.write_text("a file in the place of the folder")
    tell(house.settings, house.instance, lambda: datetime.now(UTC))
    outbox.unlink()
    assert house.tell() == []
    assert len(house.tell(timedelta(minutes=3))) == 1
    assert len(house.tell(timedelta(hours=9))) == 1


@pytest.mark.slow
def test_without_recipients_nothing_is_sent_and_the_problem_still_ends(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = House(tmp_path / "house", instance, "")
    (house.data / "home.db").rename(house.data / "gone.db")
    house.run()
    house.look()
    assert house.tell() == []
    assert [problem.what for problem in house.problems] == ["Reading “home”"]
    (house.data / "gone.db").rename(house.data / "home.db")
    house.run()
    assert house.tell() == []
    assert house.problems == []


def lost_run(instance: dg.DagsterInstance, job: str, number: int, tags: dict[str, str]) -> None:
    run_id = f"00000000-0000-4000-8000-{number:012}"
    run = dg.DagsterRun(job_name=job, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags=tags)
    instance.add_run(run)
    instance.report_run_failed(run, "Failed: the process that executed it is gone.")


def test_whatever_else_fails_is_told_by_its_job_and_what_it_was_for(house: House, instance: dg.DagsterInstance) -> None:
    lost_run(instance, "export_days", 1, {PARTITION: DAY})
    lost_run(instance, "custom_report", 2, {})
    house.look()
    assert sorted(problem.what for problem in house.problems) == [
        "The job custom_report",
        f"The job export_days for {DAY}",
    ]


def test_a_requested_report_that_failed_is_told_by_its_name(house: House, instance: dg.DagsterInstance) -> None:
    request = Request("Week of <b>Easter</b>", date(2025, 3, 10), 7, "ann")
    key = file_request(open_ledger(ledger_url(house.data)), request, datetime.now(UTC))
    lost_run(instance, "custom_report", 1, {PARTITION: key})
    lost_run(instance, "custom_report", 2, {PARTITION: "nobody-filed-it"})
    house.look()
    assert sorted(problem.what for problem in house.problems) == [
        "The requested report nobody-filed-it",
        "The requested report “Week of <b>Easter</b>” of Mon 10 Mar – Sun 16 Mar 2025",
    ]
    house.tell()
    (mail,) = [mail for mail in house.mails if "Easter" in str(mail["Subject"])]
    assert f"“sentinel request --state {key}” says what was asked for" in words(mail)
    page = mail.get_body(("html",))
    assert page is not None
    assert "<b>Easter" not in page.get_content()
    instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["custom", "edition"]), partition=key))
    house.tell()
    assert [problem.what for problem in house.problems] == ["The requested report nobody-filed-it"]
