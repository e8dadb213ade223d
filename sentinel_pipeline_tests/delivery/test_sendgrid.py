"""SendGrid's client against a server made from SendGrid's description of its API, through a proxy that fails."""

from __future__ import annotations

import socket
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.parcel import Answer, Failed, Refused, Sent, Uncertain, Unusable
from sentinel_pipeline.delivery.sendgrid import SendGrid
from sentinel_pipeline.delivery_entries import SendGridEntry
from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline_tests.delivery.api_server import KEY, Api, Fault, serving
from sentinel_pipeline_tests.delivery.worlds import FILES, parcel


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def address(api: Api) -> Iterator[str]:
    with serving(api) as where:
        yield where


def channel(address: str, key: str = KEY, **options: Any) -> SendGrid:
    entry = SendGridEntry.model_validate({"api_key": "env:KEY", "address": address, "timeout_seconds": 20, **options})
    return SendGrid(entry, lambda reference: key if reference == "env:KEY" else "")


def test_the_api_takes_what_we_send_and_gets_all_of_it(address: str, api: Api, edition: PublishedEdition) -> None:
    sent = parcel(edition)
    assert channel(address).send(sent) == Sent("sg-1")
    (mail,) = api.accepted
    (personalization,) = mail["personalizations"]
    assert personalization["to"] == [{"email": "ann@house.example"}]
    assert personalization["custom_args"] == dict(sent.labels)
    assert "custom_args" not in mail
    assert personalization["headers"]["Message-ID"] == sent.message_id
    assert personalization["headers"]["Auto-Submitted"] == "auto-generated"
    assert mail["from"] == {"email": "reports@house.example", "name": "Böse & Söhne"}
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    picture, report = mail["attachments"]
    assert (picture["disposition"], picture["content_id"]) == ("inline", "chart@report")
    assert (report["filename"], report["type"]) == ("daily-2025-03-12-r1-report.pdf", "application/pdf")
    assert b64decode(report["content"]) == FILES["report.pdf"]
    assert mail["tracking_settings"]["open_tracking"] == {"enable": False}


def test_a_mail_without_files_is_allowed(address: str, edition: PublishedEdition) -> None:
    bare = replace(parcel(edition), attachments=(), letter=Letter("Hello", "<p>x</p>", "x"))
    assert isinstance(channel(address).send(bare), Sent)


def test_the_sandbox_sends_nothing(address: str, api: Api, edition: PublishedEdition) -> None:
    assert channel(address, sandbox=True).send(parcel(edition)) == Sent("sandbox")
    assert (api.seen, api.accepted) == (1, [])


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(429, (("Retry-After", "7"),)), Failed("429 the proxy says so", 7.0)),
        (Fault(429, (("Retry-After", "Thu, 13 Mar 2025 08:00:00 GMT"),)), Failed("429 the proxy says so", None)),
        (Fault(500), Failed("500 the proxy says so")),
        (Fault(503, (("Retry-After", "120"),)), Failed("503 the proxy says so", 120.0)),
        (Fault(400), Refused("400 the proxy says so")),
        (Fault(413), Refused("413 the proxy says so")),
        (Fault(401), Unusable("401 the proxy says so")),
        (Fault(403), Unusable("403 the proxy says so")),
    ],
)
def test_what_the_api_says_decides(
    fault: Fault, answer: Answer, address: str, api: Api, edition: PublishedEdition
) -> None:
    api.faults = [fault]
    assert channel(address).send(parcel(edition)) == answer
    assert api.accepted == []
    assert isinstance(channel(address).send(parcel(edition)), Sent)


@pytest.mark.parametrize("reaches", [False, True])
def test_a_line_cut_after_the_request_leaves_it_open(
    reaches: bool, address: str, api: Api, edition: PublishedEdition
) -> None:
    api.faults = [Fault(reaches=reaches)]
    assert isinstance(channel(address).send(parcel(edition)), Uncertain)
    assert len(api.accepted) == int(reaches)


def test_an_answer_that_never_comes_leaves_it_open(address: str, api: Api, edition: PublishedEdition) -> None:
    api.faults = [Fault(reaches=True, stalls=True)]
    assert isinstance(channel(address, timeout_seconds=1).send(parcel(edition)), Uncertain)
    assert len(api.accepted) == 1


def test_an_answer_of_another_kind_leaves_it_open(address: str, api: Api, edition: PublishedEdition) -> None:
    api.faults = [Fault(200)]
    answer = channel(address).send(parcel(edition))
    assert isinstance(answer, Uncertain)
    assert "answered 200, which is neither yes nor no" in answer.why


def test_nobody_there_is_a_failure(edition: PublishedEdition) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = channel(f"http://127.0.0.1:{unused.getsockname()[1]}").send(parcel(edition))
    assert isinstance(answer, Failed)
    assert "Connection refused" in answer.why
    unknown = channel("https://api.sendgrid.invalid").send(parcel(edition))
    assert isinstance(unknown, Failed)


def test_a_connection_that_never_comes_about_is_a_failure(edition: PublishedEdition) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        where = full.getsockname()
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(where)
        before = channel(f"http://127.0.0.1:{where[1]}", timeout_seconds=1).send(parcel(edition))
        for one in waiting:
            one.close()
    assert isinstance(before, Failed)


def test_a_wrong_key_is_ours_to_mend_and_not_told(address: str, edition: PublishedEdition) -> None:
    answer = channel(address, key="SG.s3cret").send(parcel(edition))
    assert isinstance(answer, Unusable)
    assert answer.why.startswith("401 ")
    assert "s3cret" not in answer.why


def test_the_server_refuses_what_the_description_does_not_allow() -> None:
    api = Api()
    assert api.answer("POST", "/v3/mail/send", f"Bearer {KEY}", b'{"personalizations": [{}]}')[0] == 400
    assert api.answer("POST", "/v3/mail", f"Bearer {KEY}", b"{}")[0] == 404


def test_a_file_that_changed_is_not_sent(address: str, api: Api, edition: PublishedEdition) -> None:
    sent = parcel(edition)
    sent.attachments[0].path.write_bytes(b"other")
    with pytest.raises(PublishingError):
        channel(address).send(sent)
    assert api.seen == 0
