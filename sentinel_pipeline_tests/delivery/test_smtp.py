"""SMTP against a real server: what it took, what it refused, and when nobody can know."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.delivery.channels import Remembering
from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.message import message_bytes
from sentinel_pipeline.delivery.parcel import Answer, Failed, Refused, Sent, Uncertain, Unusable
from sentinel_pipeline.delivery.smtp import Smtp
from sentinel_pipeline.delivery_entries import SmtpEntry
from sentinel_pipeline_tests.delivery.mail_server import DIE, Certificate, Postbox, certificate, knows_ann, serving
from sentinel_pipeline_tests.delivery.worlds import parcel


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def plain(box: Postbox) -> Iterator[Smtp]:
    with serving(box) as port:
        yield channel(port)


def channel(port: int, **options: Any) -> Smtp:
    entry = {"host": "localhost", "port": port, "security": "none", "timeout_seconds": 20, **options}
    return Smtp(SmtpEntry.model_validate(entry), lambda reference: {"env:PASSWORD": "s3cret"}.get(reference, "wrong"))


def test_what_arrives_is_what_was_sent_dots_included(plain: Smtp, box: Postbox, edition: PublishedEdition) -> None:
    sent = parcel(edition)
    assert plain.send(sent) == Sent("2.0.0 queued as 1")
    ((recipient, content),) = box.accepted
    assert recipient == "ann@house.example"
    assert content == message_bytes(sent)
    read = message_from_bytes(content, policy=default).get_body(("plain",))
    assert read is not None
    assert "\n.\n" in read.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("stage", "said", "answer"),
    [
        ("MAIL", "451 4.3.0 come back later", Failed("451 4.3.0 come back later")),
        ("MAIL", "552 5.3.4 too large", Refused("552 5.3.4 too large")),
        ("RCPT", "450 4.2.0 greylisted", Failed("450 4.2.0 greylisted")),
        ("RCPT", "550 5.1.1 unknown", Refused("550 5.1.1 unknown")),
        ("DATA", "452 4.2.2 mailbox full", Failed("452 4.2.2 mailbox full")),
        ("DATA", "554 5.7.1 spam", Refused("554 5.7.1 spam")),
    ],
)
def test_what_the_server_says_decides(
    stage: str, said: str, answer: Answer, plain: Smtp, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {stage: [said]}
    assert plain.send(parcel(edition)) == answer
    assert box.accepted == []
    assert isinstance(plain.send(parcel(edition)), Sent)


def test_a_refused_sender_is_ours_to_mend(plain: Smtp, box: Postbox, edition: PublishedEdition) -> None:
    box.faults = {"MAIL": ["550 5.7.1 not from here"]}
    answer = plain.send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert answer.why.endswith("refuses the sender: 550 5.7.1 not from here")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_a_connection_lost_before_the_mail_was_sent_is_a_failure(
    stage: str, plain: Smtp, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {stage: [DIE]}
    assert isinstance(plain.send(parcel(edition)), Failed)
    assert box.accepted == []


@pytest.mark.parametrize(("stage", "accepted"), [("DATA", 0), ("ANSWER", 1)])
def test_a_connection_lost_after_the_last_dot_leaves_it_open(
    stage: str, accepted: int, plain: Smtp, box: Postbox, edition: PublishedEdition
) -> None:
    box.faults = {stage: [DIE]}
    answer = plain.send(parcel(edition))
    assert isinstance(answer, Uncertain)
    assert "was given the mail and did not answer" in answer.why
    assert len(box.accepted) == accepted


def test_an_answer_that_never_comes_leaves_it_open(edition: PublishedEdition) -> None:
    class Silent(Postbox):
        async def handle_DATA(self, *arguments: Any) -> str:
            import asyncio

            await asyncio.sleep(3)
            return "250 too late"

    with serving(Silent()) as port:
        assert isinstance(channel(port, timeout_seconds=1).send(parcel(edition)), Uncertain)


def test_nobody_there_is_a_failure(edition: PublishedEdition) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = channel(unused.getsockname()[1], host="127.0.0.1").send(parcel(edition))
    assert isinstance(answer, Failed)
    assert "Connection refused" in answer.why


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_trusted_server_is_told_the_password_under_cover(
    security: str, box: Postbox, authority: Certificate, edition: PublishedEdition
) -> None:
    login = {"username": "ann", "password": "env:PASSWORD", "ca_file": str(authority.file), "security": security}
    with serving(box, **covered(security, authority), authenticator=knows_ann(box)) as port:
        assert isinstance(channel(port, **login).send(parcel(edition)), Sent)
    assert (box.logins, box.recipients()) == (["ann"], ["ann@house.example"])


def covered(security: str, authority: Certificate) -> dict[str, Any]:
    if security == "tls":
        return {"ssl_context": authority.context, "auth_require_tls": False}
    return {"tls_context": authority.context, "require_starttls": True}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_password(
    security: str, box: Postbox, authority: Certificate, edition: PublishedEdition
) -> None:
    login = {"username": "ann", "password": "env:PASSWORD", "security": security}
    with serving(box, **covered(security, authority), authenticator=knows_ann(box)) as port:
        answer = channel(port, **login).send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert "its certificate is not trusted" in answer.why
    assert (box.logins, box.accepted) == ([], [])


def test_a_certificate_of_another_name_is_not_trusted(box: Postbox, tmp_path: Path, edition: PublishedEdition) -> None:
    other = certificate(tmp_path, "mail.example")
    with serving(box, ssl_context=other.context) as port:
        answer = channel(port, security="tls", ca_file=str(other.file)).send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert "localhost" in answer.why


def test_a_server_without_starttls_is_not_spoken_to_openly(
    plain: Smtp, box: Postbox, edition: PublishedEdition
) -> None:
    answer = channel(plain.entry.port, security="starttls").send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert box.accepted == []


def test_a_wrong_password_is_ours_to_mend_and_not_told(
    box: Postbox, authority: Certificate, edition: PublishedEdition
) -> None:
    login = {"username": "ann", "password": "env:OTHER", "ca_file": str(authority.file)}
    with serving(box, **covered("starttls", authority), authenticator=knows_ann(box)) as port:
        answer = channel(port, security="starttls", **login).send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert "535" in answer.why
    assert "wrong" not in answer.why


def test_a_server_says_nothing_of_what_it_took(plain: Smtp) -> None:
    assert not isinstance(plain, Remembering)
