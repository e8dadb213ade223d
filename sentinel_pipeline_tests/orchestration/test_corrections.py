"""Late facts from a real source to the mail: one revision, told once, to those who have the one before."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import dagster as dg
import openpyxl
import polars as pl
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.correction_sensor import asked_for
from sentinel_pipeline.orchestration.corrections import JOB
from sentinel_pipeline.orchestration.deliveries import delivered
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.runs import read_days, render_edition
from sentinel_pipeline.publishing.what_changed import noted
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.walks.household import CONFIGURATION, add_alert, make_house

DAY = Period("daily", date(2025, 3, 12), BERLIN)
NEXT_DAY = Period("daily", date(2025, 3, 13), BERLIN)
WEEK = Period("weekly", date(2025, 3, 10), BERLIN)
WHY = "home: 3 rows of alerts came late, of 2025-03-12"
NOW = datetime(2025, 3, 17, 8, 0, tzinfo=UTC)
SUBSCRIPTIONS = """
subscriptions:
  - {name: Daily, cadence: daily, recipients: [ann@house.example, bob@house.example], formats: [csv]}
  - {name: Fire, cadence: daily, recipients: [fire@house.example], only_if: alerts_critical > 5}
  - {name: Weekly, cadence: weekly, recipients: [ann@house.example]}
"""


class House:
    """The small house with a pipeline and its history."""

    def __init__(self, data: Path, instance: dg.DagsterInstance, sources: Path) -> None:
        self.data, self.instance, self.sources = data, instance, sources
        self.numbers = iter(range(5000, 6000, 5))

    def configure(self, more: str) -> None:
        """Only the monitor and the office are read: what is not drawn is made sooner."""
        text = CONFIGURATION.replace("  - {name: gateway, kind: zeek, location: logs}\n", "")
        text = text.replace("sqlite:///", f"sqlite:///{self.sources}/")
        (self.data / "config" / "sentinel.yaml").write_text(text + SUBSCRIPTIONS + more)

    @property
    def deployment(self) -> Deployment:
        return Deployment(load_settings(self.data))

    def publish(self, period: Period) -> None:
        settings = self.deployment.settings
        days = [*period.previous.days, *period.days] if period.cadence == "daily" else period.days
        known = [Period("daily", day, BERLIN) for day in days if day >= date(2025, 3, 10)]
        read_days(settings, self.instance, known)
        render_edition(settings, self.instance, period)

    def add_late_alerts(self, number: int, severity: int = 0) -> None:
        """Alerts of DAY at noon; 0 is critical, 3 low."""
        with closing(sqlite3.connect(self.sources / "home.db")) as database, database:
            for _ in range(number):
                add_alert(database, next(self.numbers) + severity, datetime(2025, 3, 12, 11, 0, tzinfo=UTC))

    def asked(self, later: timedelta = timedelta()) -> dg.RunRequest | None:
        found = asked_for(self.deployment, NOW + later)
        return found if isinstance(found, dg.RunRequest) else None

    def run(self, request: dg.RunRequest | None) -> dg.ExecuteInProcessResult:
        assert request is not None
        job = build_definitions(load_settings(self.data)).resolve_job_def(JOB)
        config = dict(request.run_config) | {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        return job.execute_in_process(config, instance=self.instance, raise_on_error=False)

    def revisions(self, period: Period) -> list[str]:
        return sorted(path.name for path in (self.data / "editions" / period.cadence / period.key).glob("r*"))

    def edition(self, period: Period, revision: int) -> Path:
        return self.data / "editions" / period.cadence / period.key / f"r{revision}"

    def changes(self, period: Period, revision: int) -> dict[str, dict[str, Any]]:
        """The rows of `what_changed` by figure id."""
        rows = json.loads((self.edition(period, revision) / "tables" / "what_changed.json").read_bytes())
        return {row["fact"]: row for row in rows}

    @property
    def mails(self) -> list[EmailMessage]:
        read = (message_from_bytes(path.read_bytes(), policy=default) for path in (self.data / "outbox").glob("*.eml"))
        return sorted(read, key=lambda mail: (str(mail["Subject"]), str(mail["To"])))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house whose edition of DAY is published, and sent to nobody yet."""
    data = make_house(tmp_path_factory.mktemp("published") / "house")
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(data, instance, data)
        house.configure("")
        house.publish(DAY)
    shutil.copy2(data / "home.db", data / "untouched.db")
    return data


@pytest.fixture
def house(tmp_path: Path, instance: dg.DagsterInstance, published: Path) -> House:
    # A source at another place would be another source: it stays where it is, and as it was read.
    shutil.copy2(published / "untouched.db", published / "home.db")
    return House(Path(shutil.copytree(published, tmp_path / "house")), instance, published)


@pytest.fixture
def told(house: House) -> House:
    """The edition has been sent to its subscribers."""
    delivered(house.deployment, DAY)
    return house


@pytest.mark.slow
def test_late_rows_make_one_revision_that_says_what_changed_and_is_told_once_to_the_same_people(told: House) -> None:
    house = told
    assert house.asked() is None
    before = {path: path.read_bytes() for path in house.edition(DAY, 1).rglob("*") if path.is_file()}
    house.add_late_alerts(3)
    assert house.run(house.asked()).success
    assert house.revisions(DAY) == ["r1", "r2"]
    assert {path: path.read_bytes() for path in before} == before
    total = house.changes(DAY, 2)["total_alerts"]
    assert (total["edition"], total["before"], total["after"]) == (f"daily/{DAY.key}/r1", "24", "27")
    assert (total["change"], total["value_before"], total["value_after"]) == ("+3 (+12.5 %)", 24.0, 27.0)
    assert total["why"] == WHY
    assert "total_connections" not in house.changes(DAY, 2)
    mails = [(str(mail["To"]), "Correction" in str(mail["Subject"])) for mail in house.mails]
    assert [who for who, is_correction in mails if is_correction] == ["ann@house.example", "bob@house.example"]
    assert ("fire@house.example", False) in mails, "a condition that holds only now"
    corrections = [mail for mail in house.mails if "Correction" in str(mail["Subject"])]
    text = corrections[0].get_body(("plain",))
    assert text is not None
    assert WHY in " ".join(text.get_content().split())
    assert house.asked() is None, "reading again is no change"
    assert house.asked(timedelta(hours=2)) is None
    delivered(house.deployment, DAY)
    assert len(house.mails) == len(mails)
    tells_in_every_format(house.edition(DAY, 2))
    assert not list(house.edition(DAY, 1).rglob("what_changed.*"))


def tells_in_every_format(edition: Path) -> None:
    assert WHY in (edition / "report.html").read_text()
    assert WHY in (edition / "tables" / "what_changed.csv").read_text(encoding="utf-8-sig")
    assert "What changed" in openpyxl.load_workbook(edition / "workbook.xlsx").sheetnames
    sections: Any = read_json(edition / "words.json")["sections"]
    assert sections[0]["name"] == "what_changed"
    if shutil.which("pdftotext"):
        pages = subprocess.run(["pdftotext", edition / "report.pdf", "-"], capture_output=True, text=True, check=True)
        assert "3 rows of alerts came late" in " ".join(pages.stdout.split())


@pytest.mark.slow
def test_an_edition_that_nobody_was_sent_is_corrected_in_silence(house: House) -> None:
    house.add_late_alerts(3, severity=3)
    assert house.run(house.asked()).success
    assert (house.revisions(DAY), house.mails) == (["r1", "r2"], [])


@pytest.mark.slow
def test_a_small_change_is_listed_in_the_next_edition_and_no_other(told: House) -> None:
    house = told
    house.configure("corrections: {threshold: 50 %}\n")
    sent = len(house.mails)
    house.add_late_alerts(1, severity=3)
    assert house.run(house.asked()).success
    assert (house.revisions(DAY), len(house.mails)) == (["r1"], sent)
    assert house.asked() is None
    house.publish(NEXT_DAY)
    listed = house.changes(NEXT_DAY, 1)["total_alerts"]
    assert (listed["edition"], listed["before"], listed["after"]) == (f"daily/{DAY.key}/r1", "24", "25")
    made = (house.edition(NEXT_DAY, 1) / "manifest.json").read_bytes()
    house.publish(NEXT_DAY)
    assert (house.revisions(NEXT_DAY), (house.edition(NEXT_DAY, 1) / "manifest.json").read_bytes()) == (["r1"], made)
    house.add_late_alerts(1, severity=3)
    house.run(house.asked())
    lake = house.deployment.lake
    assert noted(NEXT_DAY, lake).filter(pl.col("fact") == "total_alerts")["value_after"].to_list() == [25.0]
    assert noted(NEXT_DAY.next, lake).filter(pl.col("fact") == "total_alerts")["value_after"].to_list() == [26.0]
    house.add_late_alerts(30, severity=3)
    assert house.run(house.asked()).success
    assert house.revisions(DAY) == ["r1", "r2"], "small changes that add up"
    assert house.changes(DAY, 2)["total_alerts"]["after"] == "56"
    assert noted(NEXT_DAY.next, lake).is_empty()


@pytest.mark.slow
def test_the_week_is_corrected_with_its_day(told: House) -> None:
    house = told
    house.publish(WEEK)
    delivered(house.deployment, WEEK)
    house.add_late_alerts(3)
    assert house.run(house.asked()).success
    assert (house.revisions(DAY), house.revisions(WEEK)) == (["r1", "r2"], ["r1", "r2"])
    assert house.changes(WEEK, 2)["total_alerts"]["why"] == WHY
    assert sorted(str(mail["Subject"])[:18] for mail in house.mails if "Correction" in mail["Subject"]) == [
        "Correction, Wed 12",
        "Correction, Wed 12",
        "Correction, Week 1",
    ]


class PowerCutError(Exception):
    """Everything stops here."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "dies_at",
    [
        "sentinel_pipeline.orchestration.corrections.judge",
        "sentinel_pipeline.orchestration.runs.render_edition",
        "sentinel_pipeline.orchestration.corrections.delivered",
    ],
)
def test_a_crash_after_reading_again_loses_no_correction_and_tells_nobody_twice(
    told: House, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise PowerCutError

    house = told
    house.add_late_alerts(3, severity=3)
    with monkeypatch.context() as broken:
        broken.setattr(dies_at, stop)
        assert not house.run(house.asked()).success
    assert house.run(house.asked()).success, "the rows are read, the correction is not told"
    assert house.revisions(DAY) == ["r1", "r2"]
    assert [mail["To"] for mail in house.mails if "Correction" in mail["Subject"]] == [
        "ann@house.example",
        "bob@house.example",
    ]
    assert house.asked() is None


@pytest.mark.slow
def test_mail_that_cannot_be_sent_fails_the_run_and_goes_later(told: House) -> None:
    house = told
    house.add_late_alerts(3, severity=3)
    outbox = house.data / "outbox"
    outbox.rename(house.data / "kept")
    outbox.write_text("a file in the place of the folder")
    assert not house.run(house.asked()).success
    outbox.unlink()
    (house.data / "kept").rename(outbox)
    assert house.run(house.asked()).success
    assert sum("Correction" in mail["Subject"] for mail in house.mails) == 2
    assert house.revisions(DAY) == ["r1", "r2"]


def test_days_outside_the_window_rest(house: House) -> None:
    house.add_late_alerts(3)
    assert house.asked(timedelta(days=2)) is not None
    assert house.asked(timedelta(days=3)) is None


def test_a_run_that_failed_is_asked_for_again_within_the_hour_only(house: House) -> None:
    house.add_late_alerts(3)
    first, again, later = house.asked(), house.asked(timedelta(minutes=5)), house.asked(timedelta(hours=1))
    assert first is not None
    assert again is not None
    assert later is not None
    assert first.run_key == again.run_key != later.run_key
    house.add_late_alerts(1)
    more = house.asked()
    assert more is not None
    assert more.run_key != first.run_key
