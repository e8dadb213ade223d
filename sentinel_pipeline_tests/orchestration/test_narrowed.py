"""A subscription to one source gets a report of that source alone, which says so, by a mail of its own."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest

from sentinel_pipeline.domain.request import OPEN
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.requests import in_state
from sentinel_pipeline.orchestration.runs import PARTITION
from sentinel_pipeline.publishing.signing_keys import kept_public_keys
from sentinel_pipeline.publishing.verification import verify
from sentinel_pipeline.settings import ledger_url, load_settings
from sentinel_pipeline_tests.orchestration.test_assets import run
from sentinel_pipeline_tests.orchestration.test_custom import make
from sentinel_pipeline_tests.walks.household import DAY, make_house

SUBSCRIPTION = """
subscriptions:
  - {name: Gateway, cadence: daily, recipients: [ann@house.example], sources: [gateway], formats: [html, json]}
"""


@pytest.mark.slow
def test_it_is_made_from_the_same_days_and_holds_nothing_of_other_sources(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    with (house / "config" / "sentinel.yaml").open("a") as configuration:
        configuration.write(SUBSCRIPTION)
    settings = load_settings(house)
    with dg.DagsterInstance.ephemeral() as instance:
        for job in ("publish_daily", "deliver_daily"):
            assert run(house, instance, job, **{PARTITION: DAY}).success
        assert not list((house / "outbox").glob("*"))
        with open_ledger(ledger_url(house)).reading() as connection:
            (filed,) = in_state(connection, OPEN)
        assert make(settings, instance, filed.request_id).success
    folder = house / "editions" / "custom" / filed.request_id / "r1"
    assert "Only what gateway gave." in (folder / "report.html").read_text()
    facts = {one["id"]: one["value"] for one in json.loads((folder / "facts.json").read_bytes())["facts"]}
    assert facts["total_connections"] == 24
    assert "total_incidents" not in facts
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["request"]["requested_by"] == f"Gateway, daily/{DAY}/r1"
    assert [source["name"] for source in manifest["sources"]] == ["gateway"]
    assert verify(folder, kept_public_keys(house / "keys")).faults == ()
    (path,) = (house / "outbox").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert mail["To"] == "ann@house.example"
    said = mail.get_body(("plain",))
    assert said is not None
    assert "Only what gateway gave." in said.get_content()
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert all(name is not None and name.startswith("custom-") for name in names)
    assert not any("incident" in str(name) for name in names)
