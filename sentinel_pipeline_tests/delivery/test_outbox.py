"""The outbox: each delivery once, one bad recipient harms no other, and what nobody can know is not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.outbox import Order, PostOffice, Receipts, deliver
from sentinel_pipeline.delivery_entries import SubscriptionEntry
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.deliveries import claim, in_state, plan
from sentinel_pipeline.ledger.tallies import ATTACHED_BYTES, ATTACHMENTS, MAIL_DURATION, MAILS, counted
from sentinel_pipeline.settings import Settings, ledger_url
from sentinel_pipeline_tests.delivery.api_server import KEY, Api, Fault
from sentinel_pipeline_tests.delivery.api_server import serving as serving_api
from sentinel_pipeline_tests.delivery.mail_server import DIE, Postbox, serving
from sentinel_pipeline_tests.delivery.worlds import AT, DAILY, configured, in_force, office, published, write

SMTP = """
delivery:
  channel: smtp
  sender: reports@house.example
  attempts: 3
  smtp: {{host: localhost, port: {port}, security: none, timeout_seconds: 20}}
"""
EVERYBODY = ["ann@house.example", "bob@house.example", "cem@house.example"]
USUAL, FAILED_ONLY = Order(), Order(only_failed=True)


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def by_mail(tmp_path: Path, box: Postbox) -> Iterator[Settings]:
    with serving(box) as port:
        yield configured(tmp_path, SMTP.format(port=port) + DAILY)


def sent_out(settings: Settings, edition: PublishedEdition, order: Order = USUAL) -> Receipts:
    return deliver(office(settings), edition, in_force(settings), order)


def states(receipts: Receipts) -> dict[str, str]:
    return {row.recipient.partition("@")[0]: row.state for row in receipts.deliveries}


def test_everybody_gets_a_mail_of_their_own_and_the_row_says_so(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    receipts = sent_out(by_mail, edition)
    assert sorted(box.recipients()) == EVERYBODY
    assert states(receipts) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    assert [row.provider_id for row in receipts.deliveries] == [f"2.0.0 queued as {n}" for n in (1, 2, 3)]
    assert (receipts.undelivered, receipts.withheld, receipts.problems) == ((), (), ())
    for recipient, content in box.accepted:
        mail = message_from_bytes(content, policy=default)
        assert mail["To"] == recipient
        assert len({row.message_id for row in receipts.deliveries}) == 3
        assert "daily-2025-03-12-r1-report.pdf: attached" in content.decode("ascii").replace("=\r\n", "")


def test_sent_is_never_sent_again(by_mail: Settings, box: Postbox, edition: PublishedEdition) -> None:
    sent_out(by_mail, edition)
    for order in (
        USUAL,
        FAILED_ONLY,
        Order(doubt="repeat"),
        Order(only_failed=True, doubt="repeat"),
        Order(doubt="sent"),
    ):
        assert sent_out(by_mail, edition, order).undelivered == ()
    assert len(box.accepted) == 3


def test_many_at_once_send_each_once(by_mail: Settings, box: Postbox, edition: PublishedEdition) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: sent_out(by_mail, edition), range(6)))
    assert all(result.undelivered == () for result in results)
    assert sorted(box.recipients()) == EVERYBODY


def test_one_refused_recipient_harms_no_other_and_can_be_tried_again(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.unknown = frozenset({"bob@house.example"})
    receipts = sent_out(by_mail, edition)
    assert states(receipts) == {"ann": "sent", "bob": "refused", "cem": "sent"}
    assert receipts.undelivered == ("bob@house.example (Daily): refused: 550 5.1.1 no such user",)
    box.unknown = frozenset()
    assert states(sent_out(by_mail, edition))["bob"] == "refused"
    assert states(sent_out(by_mail, edition, FAILED_ONLY))["bob"] == "sent"
    assert sorted(box.recipients()) == EVERYBODY


def test_mails_and_what_went_with_them_are_counted_by_what_became_of_them(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.unknown, box.faults = frozenset({"bob@house.example"}), {"DATA": ["451 4.3.0 later"]}
    sent_out(by_mail, edition)
    with open_ledger(ledger_url(by_mail.data)).reading() as connection:
        mails = {one.labels: one.number for one in counted(connection, MAILS) if one.number}
        files = {one.labels[0]: one.number for one in counted(connection, ATTACHMENTS) if one.number}
        sizes = {one.labels[0]: one.number for one in counted(connection, ATTACHED_BYTES) if one.number}
        (took,) = counted(connection, MAIL_DURATION)
    assert mails == {("daily", "sent"): 2, ("daily", "refused"): 1, ("daily", "failed"): 1}
    assert files == {"pdf": 2, "csv": 4}
    report = next(file.bytes for file in edition.files if file.name == "report.pdf")
    assert sizes["pdf"] == 2 * report
    assert (took.number, took.total) == (2, 0.0), "time stands still in tests"


def test_what_fails_for_a_moment_is_tried_again_after_the_others(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    pauses: list[float] = []
    box.faults = {"RCPT": ["450 4.2.0 greylisted"], "DATA": ["452 4.2.2 full"]}
    receipts = deliver(office(by_mail, pause=pauses.append), edition, in_force(by_mail), USUAL)
    assert states(receipts) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    assert box.recipients() == ["cem@house.example", "ann@house.example", "bob@house.example"]
    assert pauses == [1.0]
    assert {row.recipient: row.attempts for row in receipts.deliveries} == {
        EVERYBODY[0]: 2,
        EVERYBODY[1]: 2,
        EVERYBODY[2]: 1,
    }


def test_a_server_that_is_away_is_tried_as_often_as_configured_and_the_rest_waits_for_the_next_call(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    pauses: list[float] = []
    box.faults = {"MAIL": ["421 4.3.2 shutting down"] * 9}
    receipts = deliver(office(by_mail, pause=pauses.append), edition, in_force(by_mail), USUAL)
    assert pauses == [2.0, 4.0]
    assert {row.attempts for row in receipts.deliveries} == {3}
    assert receipts.undelivered[0] == "ann@house.example (Daily): planned: 421 4.3.2 shutting down"
    assert states(sent_out(by_mail, edition, FAILED_ONLY)) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    assert sorted(box.recipients()) == EVERYBODY


def test_a_channel_that_needs_mending_is_not_tried_for_everybody(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {"MAIL": ["550 5.7.1 not from here"]}
    receipts = sent_out(by_mail, edition)
    assert len(receipts.problems) == 1
    assert "smtp cannot be used: localhost:" in receipts.problems[0]
    assert [row.attempts for row in receipts.deliveries] == [1, 0, 0]
    assert box.accepted == []


def test_in_doubt_nothing_is_repeated_until_somebody_says_so(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {"ANSWER": [DIE]}
    assert states(sent_out(by_mail, edition)) == {"ann": "uncertain", "bob": "sent", "cem": "sent"}
    for order in (USUAL, FAILED_ONLY):
        assert states(sent_out(by_mail, edition, order))["ann"] == "uncertain"
    assert len(box.accepted) == 3
    assert states(sent_out(by_mail, edition, Order(doubt="repeat")))["ann"] == "sent"
    assert sorted(box.recipients()) == ["ann@house.example", *EVERYBODY]
    first, again = (content for recipient, content in box.accepted if recipient == "ann@house.example")
    assert first == again


def test_somebody_who_knows_that_it_arrived_can_say_so(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {"ANSWER": [DIE]}
    sent_out(by_mail, edition)
    assert sent_out(by_mail, edition, Order(doubt="sent")).undelivered == ()
    assert len(box.accepted) == 3


def test_told_to_repeat_it_repeats_at_once(by_mail: Settings, box: Postbox, edition: PublishedEdition) -> None:
    box.faults = {"ANSWER": [DIE]}
    assert sent_out(by_mail, edition, Order(doubt="repeat")).undelivered == ()
    assert sorted(box.recipients()) == ["ann@house.example", *EVERYBODY]


def abandoned(settings: Settings, edition: PublishedEdition) -> PostOffice:
    """As a sender leaves it that dies between its claim and its record."""
    post = office(settings)
    from sentinel_pipeline.delivery.planning import planned

    first = planned(edition, in_force(settings), [], "house.example").asked[0].delivery
    plan(post.ledger, [first], AT)
    assert claim(post.ledger, first.delivery_id, ["planned"], "dead", AT)
    return post


def test_what_a_dead_sender_left_is_uncertain_where_nobody_can_tell(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    abandoned(by_mail, edition)
    receipts = sent_out(by_mail, edition)
    assert states(receipts) == {"ann": "uncertain", "bob": "sent", "cem": "sent"}
    assert "died before it heard an answer" in receipts.undelivered[0]


def test_a_folder_can_tell_so_nothing_is_in_doubt(tmp_path: Path, edition: PublishedEdition) -> None:
    settings = configured(tmp_path)
    abandoned(settings, edition)
    assert states(sent_out(settings, edition)) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    mails = sorted((tmp_path / "outbox").iterdir())
    assert len(mails) == 3
    assert all(path.name.startswith("daily-2025-03-12-r1-") and path.suffix == ".eml" for path in mails)
    written = {path: path.stat().st_mtime_ns for path in mails}
    row = abandoned_after_writing(settings)
    assert states(sent_out(settings, edition)) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    assert row == "ann"
    assert {path: path.stat().st_mtime_ns for path in mails} == written


def abandoned_after_writing(settings: Settings) -> str:
    """The first row as it is when a sender dies after the file was written."""
    from sqlalchemy import text

    ledger = office(settings).ledger
    with ledger.writing() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'sending' WHERE recipient LIKE 'ann@%'"))
    with ledger.reading() as connection:
        (row,) = in_state(connection, ["sending"])
    return row.recipient.partition("@")[0]


def test_a_full_disk_is_a_failure_of_the_moment(tmp_path: Path, edition: PublishedEdition) -> None:
    settings = configured(tmp_path)
    (tmp_path / "outbox").write_text("a file in the place of the folder")
    receipts = sent_out(settings, edition)
    assert {row.state for row in receipts.deliveries} == {"planned"}
    assert "File exists" in receipts.undelivered[0]
    (tmp_path / "outbox").unlink()
    assert sent_out(settings, edition).undelivered == ()


def test_a_condition_that_does_not_hold_withholds_and_says_why(tmp_path: Path) -> None:
    settings = configured(tmp_path, DAILY + '    only_if: "alerts_critical > 0"\n')
    quiet = published(tmp_path, {"alerts_critical": 0})
    receipts = sent_out(settings, quiet)
    assert receipts.deliveries == ()
    assert receipts.withheld == ("Daily: alerts_critical is 0, not > 0",)
    loud = published(tmp_path, {"alerts_critical": 1})
    assert len(sent_out(settings, loud).deliveries) == 3


def test_a_period_of_which_nothing_is_known_is_told_all_the_same(tmp_path: Path) -> None:
    settings = configured(tmp_path, DAILY + '    only_if: "alerts_critical > 0"\n')
    assert sent_out(settings, published(tmp_path, {"alerts_critical": None})).undelivered == ()


def test_a_revision_with_the_same_figures_is_not_told_again_and_one_with_others_is(
    by_mail: Settings, box: Postbox, edition: PublishedEdition, tmp_path: Path
) -> None:
    box.unknown = frozenset({"bob@house.example"})
    sent_out(by_mail, edition)
    box.unknown = frozenset()
    repainted = published(tmp_path, files={"report.pdf": b"%PDF other paint"})
    receipts = sent_out(by_mail, repainted)
    assert [row.recipient for row in receipts.deliveries] == ["bob@house.example"]
    assert receipts.withheld == (
        "Daily: daily/2025-03-12/r2 tells the figures that an earlier revision told; nobody gets them twice",
    )
    corrected = published(tmp_path, {"total_alerts": 8})
    assert states(sent_out(by_mail, corrected)) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    told = {recipient: content.count(b"since r") for recipient, content in box.accepted[3:]}
    assert told == dict.fromkeys(EVERYBODY, 2)
    assert [b"since r2" in content for recipient, content in box.accepted[3:]] == [False, True, False]


def test_who_was_taken_off_a_subscription_gets_nothing_that_was_planned(
    by_mail: Settings, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {"MAIL": ["451 later"] * 9}
    sent_out(by_mail, edition)
    entry = SubscriptionEntry.model_validate({"name": "Daily", "cadence": "daily", "recipients": ["cem@house.example"]})
    assert states(sent_out(replace(by_mail, subscriptions=(entry,)), edition)) == {"cem": "sent"}
    assert box.recipients() == ["cem@house.example"]


def test_inactive_and_other_cadences_get_nothing(tmp_path: Path, edition: PublishedEdition) -> None:
    others = (
        DAILY.replace("cadence: daily", "cadence: weekly")
        + "  - {name: Dormant, cadence: daily, active: false, recipients: [x@y.example]}\n"
    )
    receipts = sent_out(configured(tmp_path, others), edition)
    assert (receipts.deliveries, receipts.withheld) == ((), ())


def test_a_provider_that_asks_for_time_is_left_alone_for_so_long(tmp_path: Path, edition: PublishedEdition) -> None:
    api = Api(faults=[Fault(429, (("Retry-After", "7"),)), Fault(503)])
    pauses: list[float] = []
    with serving_api(api) as address:
        (tmp_path / "key").write_text(KEY + "\n")
        settings = configured(
            tmp_path, f"delivery: {{channel: sendgrid, sendgrid: {{api_key: 'file:key', address: '{address}'}}}}{DAILY}"
        )
        receipts = deliver(office(settings, pause=pauses.append), edition, in_force(settings), USUAL)
    assert states(receipts) == {"ann": "sent", "bob": "sent", "cem": "sent"}
    assert sorted(api.recipients()) == EVERYBODY
    assert pauses == [7.0, 1.0]
    assert api.seen == 5


def test_a_provider_that_asks_for_hours_is_left_for_the_next_call(tmp_path: Path, edition: PublishedEdition) -> None:
    api = Api(faults=[Fault(429, (("Retry-After", "7200"),))])
    pauses: list[float] = []
    with serving_api(api) as address:
        (tmp_path / "key").write_text(KEY)
        settings = configured(
            tmp_path, f"delivery: {{channel: sendgrid, sendgrid: {{api_key: 'file:key', address: '{address}'}}}}{DAILY}"
        )
        receipts = deliver(office(settings, pause=pauses.append), edition, in_force(settings), USUAL)
    assert (pauses, api.seen) == ([], 1)
    assert {row.state for row in receipts.deliveries} == {"planned"}


def test_a_secret_that_is_not_there_stops_the_channel_in_one_line(tmp_path: Path, edition: PublishedEdition) -> None:
    settings = configured(tmp_path, f"delivery: {{channel: sendgrid, sendgrid: {{api_key: 'file:nokey'}}}}{DAILY}")
    receipts = sent_out(settings, edition)
    assert len(receipts.problems) == 1
    assert "cannot read the file that 'file:nokey' refers to" in receipts.problems[0]
    assert {row.state for row in receipts.deliveries} == {"planned"}


def test_every_step_is_on_record(by_mail: Settings, box: Postbox, edition: PublishedEdition) -> None:
    box.faults = {"RCPT": ["450 later"]}
    sent_out(by_mail, edition)
    with office(by_mail).ledger.reading() as connection:
        entries = list(history(connection))
    assert first_break(entries) is None
    assert [entry.act for entry in entries].count("sending") == 4
    assert [entry.act for entry in entries].count("sent") == 3
    assert write is office(by_mail).write
