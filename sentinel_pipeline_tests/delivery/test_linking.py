"""Links in mails are their recipient's own, the same in every attempt, and lead to just the files they name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.linking import Linking
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.deliveries import Delivery
from sentinel_pipeline.ledger.links import link_of
from sentinel_pipeline.publishing.links import is_genuine, link_key, named_in
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.settings import Settings
from sentinel_pipeline_tests.delivery.worlds import configured

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
BASE = "https://r.example"
PLAIN = f"{BASE}/files/editions/daily/2025-03-12/r1"
LETTER = Letter(
    "Report",
    f'<a href="{PLAIN}/report.pdf">Open</a> <a href="{PLAIN}/tables/alert_severity.csv">x</a>',
    f"Open the edition: {PLAIN}/report.pdf.\n{PLAIN}/no-such-file.pdf\n",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = configured(tmp_path)
    return replace(made, delivery=made.delivery.model_copy(update={"base_url": BASE}))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'state.db'}")


def row(edition: PublishedEdition, recipient: str) -> Delivery:
    return Delivery(
        delivery_id=f"to {recipient}",
        cadence=edition.cadence,
        period_key=edition.key,
        revision=edition.revision,
        manifest_sha256=edition.manifest_sha256,
        subscription="Daily",
        recipient=recipient,
        channel="directory",
        message_id="<1@r.example>",
        state="planned",
        attempts=0,
        claim=None,
        provider_id=None,
        error=None,
        planned_at=AT,
        tried_at=None,
        settled_at=None,
    )


def links(letter: Letter) -> list[str]:
    return re.findall(r"https://r\.example/links/[^\s\"]+", letter.html + letter.text)


def test_every_link_is_signed_for_its_recipient(settings: Settings, ledger: Ledger, edition: PublishedEdition) -> None:
    linking = Linking(settings, ledger, edition)
    mine, other = (linking.personal(LETTER, row(edition, name)) for name in ("ann@h.example", "bob@h.example"))
    assert [one.rpartition("/")[2] for one in links(mine)] == ["report.pdf", "alert_severity.csv", "report.pdf."]
    assert f"{PLAIN}/no-such-file.pdf" in mine.text
    assert PLAIN not in mine.html
    assert not {*links(mine)} & {*links(other)}
    token = links(mine)[0].split("/")[4]
    with ledger.reading() as connection:
        link = link_of(connection, named_in(token) or "")
    assert link is not None
    assert (link.recipient, link.subscription) == ("ann@h.example", "Daily")
    assert link.file == f"editions/{edition.name}/report.pdf"
    assert (link.expires_at - AT).days == 30
    assert is_genuine(link_key(settings.data / "keys"), token, "recipient ann@h.example", link.file, link.expires_at)


def test_an_attempt_more_has_the_same_links(settings: Settings, ledger: Ledger, edition: PublishedEdition) -> None:
    first = Linking(settings, ledger, edition).personal(LETTER, row(edition, "ann@h.example"))
    assert Linking(settings, ledger, edition).personal(LETTER, row(edition, "ann@h.example")) == first


def test_without_an_address_to_lead_to_there_are_none(
    settings: Settings, ledger: Ledger, edition: PublishedEdition
) -> None:
    nowhere = replace(settings, delivery=settings.delivery.model_copy(update={"base_url": None}))
    assert Linking(nowhere, ledger, edition).personal(LETTER, row(edition, "ann@h.example")) is LETTER
