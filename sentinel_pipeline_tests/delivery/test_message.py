"""A mail as others read it: every part is what it says, and nothing from outside becomes a header."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.message import message_bytes
from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline_tests.delivery.worlds import FILES, parcel


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_every_part_comes_back_as_it_was_written(edition: PublishedEdition) -> None:
    sent = parcel(edition)
    message = read(message_bytes(sent))
    assert message["From"] == "Böse & Söhne <reports@house.example>"
    assert message["To"] == "ann@house.example"
    assert message["Subject"] == "Zwei kritische Alarme – Größe"
    assert message["Message-ID"] == sent.message_id
    assert message["Date"] == "Thu, 13 Mar 2025 07:00:00 +0000"
    assert (message["Auto-Submitted"], message["List-Unsubscribe"]) == tuple(value for _, value in sent.headers)
    assert body(message, "plain") == sent.letter.text + "\n"
    assert body(message, "html") == sent.letter.html + "\n"
    (report,) = message.iter_attachments()
    assert (report.get_filename(), report.get_content_type()) == ("daily-2025-03-12-r1-report.pdf", "application/pdf")
    assert report.get_content() == FILES["report.pdf"]
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<chart@report>", "inline")


def test_the_same_parcel_gives_the_same_bytes_seven_bits_wide_in_short_lines(edition: PublishedEdition) -> None:
    content = message_bytes(parcel(edition))
    assert content == message_bytes(parcel(edition))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_subject_from_outside_stays_a_subject(edition: PublishedEdition) -> None:
    hostile = Letter("Hello\r\nBcc: eve@evil.example\x00\u2028x", "<p>x</p>", "x")
    message = read(message_bytes(replace(parcel(edition), letter=hostile)))
    assert message["Subject"] == "Hello Bcc: eve@evil.example x"
    assert message["Bcc"] is None


def test_a_sender_whose_name_holds_signs_of_addresses_is_still_one(edition: PublishedEdition) -> None:
    message = read(message_bytes(replace(parcel(edition), sender_name='Smith, "Ann" <x@y.example>')))
    assert [one.addr_spec for one in message["From"].addresses] == ["reports@house.example"]


def test_a_file_that_changed_since_it_was_published_is_not_sent(edition: PublishedEdition) -> None:
    sent = parcel(edition)
    sent.attachments[0].path.write_bytes(b"other")
    with pytest.raises(PublishingError, match="its content is not what was published"):
        message_bytes(sent)
    sent.attachments[0].path.unlink()
    with pytest.raises(PublishingError, match="is gone"):
        message_bytes(sent)
