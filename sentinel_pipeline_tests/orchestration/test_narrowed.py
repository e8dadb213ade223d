"""A subscription to one source gets a report of that source alone, which says so, by a mail of its own."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sentinel_pipeline.domain.request import OPEN
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.requests import in_state
from sentinel_pipeline.orchestration.deployment import lake_of
from sentinel_pipeline.orchestration.runs import PARTITION
from sentinel_pipeline.publishing.signing_keys import kept_public_keys
from sentinel_pipeline.publishing.verification import trace, verify
from sentinel_pipeline.requests.wanted import narrowing_of_edition
from sentinel_pipeline.settings import ledger_url, load_settings
from sentinel_pipeline_tests.orchestration.test_assets import run
from sentinel_pipeline_tests.orchestration.test_custom import make
from sentinel_pipeline_tests.walks.household import DAY, make_house

SUBSCRIPTION = """
subscriptions:
  - {{name: {}, cadence: daily, recipients: [ann@house.example], {}, formats: [{}]}}
"""


def made(house: Path, *subscription: str) -> Path:
    """The folder of the report that a subscription gets in the place of the edition of DAY."""
    with (house / "config" / "sentinel.yaml").open("a") as configuration:
        configuration.write(SUBSCRIPTION.format(*subscription))
    settings = load_settings(house)
    with dg.DagsterInstance.ephemeral() as instance:
        for job in ("publish_daily", "deliver_daily"):
            assert run(house, instance, job, **{PARTITION: DAY}).success
        assert not list((house / "outbox").glob("*"))
        with open_ledger(ledger_url(house)).reading() as connection:
            (filed,) = in_state(connection, OPEN)
        assert make(settings, instance, filed.request_id).success
    return house / "editions" / "custom" / filed.request_id / "r1"


def told(folder: Path) -> dict[str, Any]:
    return {one["id"]: one["value"] for one in json.loads((folder / "facts.json").read_bytes())["facts"]}


def mailed(house: Path) -> tuple[EmailMessage, str]:
    """The one mail there is, and its text."""
    (path,) = (house / "outbox").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=default)
    said = mail.get_body(("plain",))
    assert said is not None
    return mail, " ".join(said.get_content().split())


@pytest.mark.slow
def test_it_is_made_from_the_same_days_and_holds_nothing_of_other_sources(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    folder = made(house, "Gateway", "sources: [gateway]", "html, json")
    assert "Only what gateway gave." in (folder / "report.html").read_text()
    facts = told(folder)
    assert facts["total_connections"] == 24
    assert "total_incidents" not in facts
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["request"]["requested_by"] == f"Gateway, daily/{DAY}/r1"
    assert [source["name"] for source in manifest["sources"]] == ["gateway"]
    assert verify(folder, kept_public_keys(house / "keys")).faults == ()
    mail, text = mailed(house)
    assert mail["To"] == "ann@house.example"
    assert "Only what gateway gave." in text
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert all(name is not None and name.startswith("custom-") for name in names)
    assert not any("incident" in str(name) for name in names)


@pytest.mark.slow
def test_one_of_some_severities_tells_of_them_in_every_format(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    folder = made(house, "Severe", "severities: [high, critical]", "pdf, html, xlsx, txt, csv, png")
    facts = told(folder)
    # Of 24 alerts, one an hour, every fifth is critical and every fifth high; every third of 24 incidents is critical.
    assert (facts["total_alerts"], facts["alerts_critical"], facts["alerts_high"]) == (10, 5, 5)
    assert (facts["total_incidents"], facts["critical_incidents"]) == (8, 8)
    assert not {"alerts_low", "critical_rate", "total_connections"} & facts.keys()
    severities = (folder / "tables" / "alert_severity.csv").read_text(encoding="utf-8-sig").splitlines()
    assert severities[1:] == ["critical,5,50", "high,5,50"]
    assert not (folder / "tables" / "protocols.csv").exists()
    assert "Only of severity critical and high." in (folder / "report.html").read_text()
    assert verify(folder, kept_public_keys(house / "keys")).faults == ()
    settings = load_settings(house)
    for name in ("total_alerts", "block_rate", "risk_score"):
        assert trace(folder, name, lake_of(settings), narrowing_of_edition(folder, settings)).is_confirmed
    mail, text = mailed(house)
    assert "Only of severity critical and high." in text
    assert "report.pdf" in {str(part.get_filename()).rpartition("-")[2] for part in mail.iter_attachments()}
