"""A parcel as a mail: the bytes that SMTP carries and an `.eml` file holds."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sentinel_pipeline.delivery.parcel import Attachment, Parcel
from sentinel_pipeline.domain.errors import PublishingError

POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


def message_bytes(parcel: Parcel) -> bytes:
    """The mail, lines ending in CRLF, 7-bit; the same parcel gives the same bytes.

    Raises PublishingError when an attachment is no longer what was published.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(parcel.sender_name, addr_spec=parcel.sender)
    message["To"] = Address(addr_spec=parcel.recipient)
    message["Subject"] = one_line(parcel.letter.subject)
    message["Date"] = format_datetime(parcel.written_at)
    message["Message-ID"] = parcel.message_id
    for name, value in parcel.headers:
        message[name] = value
    message.set_content(parcel.letter.text)
    message.add_alternative(parcel.letter.html, subtype="html")
    _add_pictures(message, parcel)
    for attachment in parcel.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(content_of(attachment), maintype=main, subtype=sub, filename=attachment.name)
    _set_boundaries(message, parcel.message_id)
    return message.as_bytes()


def _add_pictures(message: EmailMessage, parcel: Parcel) -> None:
    page = message.get_body(("html",))
    if page is None:
        raise ValueError("a letter without HTML")
    for picture in parcel.letter.inline:
        main, _, sub = picture.media_type.partition("/")
        page.add_related(
            picture.content,
            maintype=main,
            subtype=sub,
            cid=f"<{picture.cid}>",
            filename=picture.name,
            disposition="inline",
        )


def content_of(attachment: Attachment) -> bytes:
    """The file as it was published. Raises PublishingError when it was changed or taken away."""
    try:
        content = attachment.path.read_bytes()
    except FileNotFoundError:
        raise PublishingError(f"{attachment.path}: is gone") from None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise PublishingError(f"{attachment.path}: its content is not what was published")
    return content


def one_line(text: str) -> str:
    """Without anything that could end a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _set_boundaries(message: EmailMessage, message_id: str) -> None:
    """Boundaries of the mail's own making: those of the library are random."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            digest = hashlib.sha256(f"{message_id} {number}".encode()).hexdigest()
            part.set_boundary(f"=_{digest[:32]}")
