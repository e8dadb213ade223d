"""What goes with a mail, and what is too much for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.delivery.edition import PublishedEdition, newest_edition
from sentinel_pipeline.delivery.enclosing import enclose, encoded_bytes
from sentinel_pipeline.delivery.message import message_bytes
from sentinel_pipeline.delivery.subscriptions import Subscription
from sentinel_pipeline.domain.errors import PublishingError, UsageError
from sentinel_pipeline_tests.delivery.worlds import DAY, configured, in_force, parcel, published

PLENTY = 1_000_000


@pytest.fixture
def daily(tmp_path: Path) -> Subscription:
    return in_force(configured(tmp_path))[0]


def fates(edition: PublishedEdition, subscription: Subscription, budget: int, url: str | None = None) -> dict[str, str]:
    enclosures, attachments = enclose(edition, subscription, budget, url)
    assert [one.name for one in enclosures if one.fate == "attached"] == [one.name for one in attachments]
    return {one.name.removeprefix("daily-2025-03-12-r1-"): one.fate for one in enclosures}


def test_the_formats_asked_for_go_with_the_mail_and_nothing_else(
    edition: PublishedEdition, daily: Subscription
) -> None:
    assert fates(edition, daily, PLENTY) == dict.fromkeys(
        ("report.pdf", "alert_severity.csv", "protocols.csv"), "attached"
    )
    facts_only = replace(daily, formats=("json",))
    assert fates(edition, facts_only, PLENTY) == {}


def test_sections_choose_tables_and_charts(edition: PublishedEdition, daily: Subscription) -> None:
    chosen = replace(daily, sections=("alert_severity",), formats=("csv", "png"))
    assert fates(edition, chosen, PLENTY) == {"alert_severity.csv": "attached", "alert_severity.png": "attached"}


def test_the_biggest_stay_behind_and_the_mail_says_so(edition: PublishedEdition, daily: Subscription) -> None:
    all_three = replace(daily, formats=("pdf", "xlsx", "csv"))
    held = fates(edition, all_three, 5000)
    assert held == {
        "report.pdf": "attached",
        "workbook.xlsx": "held",
        "alert_severity.csv": "attached",
        "protocols.csv": "attached",
    }
    enclosures, _ = enclose(edition, all_three, 5000, None)
    assert [one.reason for one in enclosures if one.fate == "held"] == ["too large to attach"]


def test_what_stays_behind_is_linked_where_there_is_somewhere_to_link_to(
    edition: PublishedEdition, daily: Subscription
) -> None:
    enclosures, _ = enclose(edition, replace(daily, formats=("xlsx",)), 10, "https://r.example")
    assert [(one.fate, one.link) for one in enclosures] == [
        ("linked", "https://r.example/files/editions/daily/2025-03-12/r1/workbook.xlsx")
    ]
    linked = fates(edition, replace(daily, is_linked=True), PLENTY, "https://r.example")
    assert set(linked.values()) == {"linked"}


@given(st.integers(0, 10_000))
def test_encoded_size_is_that_of_base64_in_lines(size: int) -> None:
    from email.base64mime import body_encode

    assert encoded_bytes(size) >= len(body_encode(b"x" * size).replace("\n", "\r\n"))
    assert encoded_bytes(size) < size * 1.4 + 100


def test_a_mail_within_the_budget_is_hardly_larger(edition: PublishedEdition) -> None:
    report = next(file for file in edition.files if file.name == "report.pdf")
    assert len(message_bytes(parcel(edition))) < encoded_bytes(report.bytes) + 4000


def test_an_edition_that_is_not_published_or_was_changed_is_not_delivered(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="daily 2025-03-12 is not published; `sentinel publish daily 2025-03-12` does"):
        newest_edition(tmp_path / "editions", DAY)
    edition = published(tmp_path)
    (edition.folder / "report.pdf").write_bytes(b"changed")
    with pytest.raises(PublishingError, match=r"is damaged and will not be delivered: report\.pdf"):
        newest_edition(tmp_path / "editions", DAY)
