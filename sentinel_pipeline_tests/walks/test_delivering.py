"""A day of a small house, delivered by the command: each subscriber once, and the outbox tells."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, Said, make_house, sentinel

SUBSCRIPTIONS = """
delivery: {sender: reports@house.example}
subscriptions:
  - name: Daily Executive Summary
    cadence: daily
    recipients: {to: [ann@house.example, bob@house.example], bcc: [auditor@audit.example]}
    formats: [pdf, csv]
    sections: [alert_severity]
  - name: Only when it burns
    cadence: daily
    recipients: [fire@house.example]
    only_if: "alerts_critical > 1000"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = make_house(tmp_path_factory.mktemp("house"))
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + SUBSCRIPTIONS, encoding="utf-8")
    return data


@pytest.fixture(scope="module")
def published(house: Path) -> Said:
    early = sentinel(house, "deliver", "daily", DAY)
    assert (early.code, early.complaints) == (
        2,
        [f"sentinel: daily {DAY} is not published; `sentinel publish daily {DAY}` does"],
    )
    return sentinel(house, "publish", "daily", DAY)


@pytest.fixture(scope="module")
def delivered(house: Path, published: Said) -> Said:
    assert published.code == 0, published.err
    assert not (house / "outbox").exists()
    return sentinel(house, "deliver", "daily", DAY)


def mails(house: Path) -> list[Path]:
    return sorted((house / "outbox").glob("*.eml"))


def test_every_subscriber_gets_a_mail_with_the_report(house: Path, delivered: Said) -> None:
    assert delivered.code == 0, delivered.err
    assert delivered.last == f"daily/{DAY}/r1: 3 sent"
    assert "Only when it burns: alerts_critical is " in delivered.err
    read = [message_from_bytes(path.read_bytes(), policy=default) for path in mails(house)]
    assert sorted(mail["To"] for mail in read) == ["ann@house.example", "auditor@audit.example", "bob@house.example"]
    for mail in read:
        assert mail["From"].addresses[0].addr_spec == "reports@house.example"
        attached = {part.get_filename(): part.get_content_type() for part in mail.iter_attachments()}
        assert attached == {
            f"daily-{DAY}-r1-report.pdf": "application/pdf",
            f"daily-{DAY}-r1-alert_severity.csv": "text/csv",
        }
        report = next(part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf")
        assert report.get_content() == (house / "editions" / "daily" / DAY / "r1" / "report.pdf").read_bytes()
        page = mail.get_body(("html",))
        assert page is not None
        assert "<script>" not in page.get_content()


def test_delivering_again_sends_nothing(house: Path, delivered: Said) -> None:
    before = {path: path.stat().st_mtime_ns for path in mails(house)}
    for options in ((), ("--retry-failed",), ("--uncertain", "repeat")):
        again = sentinel(house, "deliver", "daily", DAY, *options)
        assert (again.code, again.last) == (0, f"daily/{DAY}/r1: 3 sent"), again.err
    assert {path: path.stat().st_mtime_ns for path in mails(house)} == before


def test_the_outbox_lists_what_went_where(house: Path, delivered: Said) -> None:
    listed = sentinel(house, "outbox")
    assert listed.code == 0, listed.err
    *lines, last = listed.out.splitlines()
    assert last == "3 mails"
    assert all(str(path) in listed.out for path in mails(house))
    assert lines[0].startswith(f"sent       daily/{DAY}/r1  ")
    assert "Daily Executive Summary → ann@house.example by directory" in lines[0]
    rows = [json.loads(line) for line in sentinel(house, "outbox", "--json", "--state", "sent").out.splitlines()]
    assert [row["recipient"].partition("@")[0] for row in rows] == ["ann", "auditor", "bob"]
    assert sentinel(house, "outbox", "--state", "uncertain").last == "0 mails"


def test_what_cannot_be_sent_exits_one_and_the_retry_sends_only_that(house: Path, delivered: Said) -> None:
    with closing(sqlite3.connect(house / "state.db")) as ledger, ledger:
        ledger.execute("UPDATE deliveries SET state = 'refused', error = '550 no' WHERE recipient LIKE 'bob@%'")
    refused = sentinel(house, "deliver", "daily", DAY)
    assert (refused.code, refused.last) == (1, f"daily/{DAY}/r1: 2 sent, 1 refused")
    assert refused.complaints == ["sentinel: bob@house.example (Daily Executive Summary): refused: 550 no"]
    assert sentinel(house, "deliver", "daily", DAY, "--retry-failed").last == f"daily/{DAY}/r1: 3 sent"
    assert len(mails(house)) == 3


def test_a_record_that_was_bent_is_told(house: Path, delivered: Said) -> None:
    with closing(sqlite3.connect(house / "state.db")) as ledger, ledger:
        kept = ledger.execute("SELECT details FROM audit WHERE number = 2").fetchone()
        ledger.execute("UPDATE audit SET details = '{}' WHERE number = 2")
    told = sentinel(house, "outbox")
    assert told.code == 1
    assert told.complaints == [f"sentinel: ledger {house / 'state.db'}: its record of acts was changed at line 2"]
    with closing(sqlite3.connect(house / "state.db")) as ledger, ledger:
        ledger.execute("UPDATE audit SET details = ? WHERE number = 2", kept)
    assert sentinel(house, "outbox").code == 0


def test_check_says_who_gets_what_and_refuses_what_cannot_be(house: Path) -> None:
    said = sentinel(house, "check").out
    assert "every daily edition delivered by directory to 3 recipients: Daily Executive Summary" in said
    wrong = CONFIGURATION + SUBSCRIPTIONS.replace("sections: [alert_severity]", "sections: [colours]")
    (house / "config" / "sentinel.yaml").write_text(wrong, encoding="utf-8")
    for command in (("check",), ("deliver", "daily", DAY)):
        refused = sentinel(house, *command)
        assert refused.code == 2, command
        assert "subscriptions[0].sections: found 'colours'; allowed: " in refused.complaints[0]
    (house / "config" / "sentinel.yaml").write_text(CONFIGURATION + SUBSCRIPTIONS, encoding="utf-8")
