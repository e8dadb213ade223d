"""Which files of an edition a mail takes along, and which are too much for it."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from sentinel_pipeline.delivery.edition import PublishedEdition, PublishedFile
from sentinel_pipeline.delivery.parcel import Attachment
from sentinel_pipeline.delivery.subscriptions import Subscription
from sentinel_pipeline.publishing.what_changed import SECTION
from sentinel_pipeline.rendering.letter import Enclosure

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
}
DOCUMENTS = ("report.pdf", "report.html", "workbook.xlsx", "summary.txt")
MEGABYTE = 1_000_000
LINE, ENCODED_LINE = 57, 78


def encoded_bytes(size: int) -> int:
    """Bytes of a file in a mail: base64 in lines of 76 signs and a line break."""
    return -(-size // LINE) * ENCODED_LINE


def enclose(
    edition: PublishedEdition, subscription: Subscription, budget: int, base_url: str | None
) -> tuple[tuple[Enclosure, ...], tuple[Attachment, ...]]:
    """What the mail says of each file, and those that go with it; `budget` is in bytes as encoded.

    When they are too many, the biggest stay behind: behind a link where there is a `base_url`, held back otherwise.
    """
    wanted = [file for file in edition.files if _is_wanted(file, subscription)]
    attached = set() if subscription.is_linked else _within(wanted, budget)
    enclosures = tuple(_enclosure(edition, file, file.name in attached, base_url, subscription) for file in wanted)
    attachments = tuple(
        Attachment(mail_name(edition, file), MEDIA_TYPES[_format(file)], file.path, file.sha256, file.bytes)
        for file in wanted
        if file.name in attached
    )
    return enclosures, attachments


def _is_wanted(file: PublishedFile, subscription: Subscription) -> bool:
    """Documents are of all sections; of tables and charts those of the sections asked for, and of what changed."""
    place = PurePosixPath(file.name)
    if _format(file) not in subscription.formats:
        return False
    if place.parts[0] not in ("tables", "charts"):
        return file.name in DOCUMENTS
    return not subscription.sections or place.stem in (*subscription.sections, SECTION.name)


def _format(file: PublishedFile) -> str:
    return PurePosixPath(file.name).suffix.lstrip(".")


def _within(files: list[PublishedFile], budget: int) -> set[str]:
    """Names of the files that fit, smallest first, so that only the biggest stay behind."""
    left, fitting = budget, set()
    for file in sorted(files, key=lambda file: (file.bytes, file.name)):
        left -= encoded_bytes(file.bytes)
        if left < 0:
            break
        fitting.add(file.name)
    return fitting


def mail_name(edition: PublishedEdition, file: PublishedFile) -> str:
    """A name that still says what a file is when it lies in a folder of downloads."""
    return f"{edition.cadence}-{edition.key}-r{edition.revision}-{PurePosixPath(file.name).name}"


def _enclosure(
    edition: PublishedEdition, file: PublishedFile, is_attached: bool, base_url: str | None, subscription: Subscription
) -> Enclosure:
    name = mail_name(edition, file)
    if is_attached:
        return Enclosure(name, file.bytes, "attached")
    reason = "" if subscription.is_linked else "too large to attach"
    if base_url is not None:
        return Enclosure(
            name, file.bytes, "linked", link=f"{edition_link(edition, base_url)}/{quote(file.name)}", reason=reason
        )
    return Enclosure(name, file.bytes, "held", reason=reason)


def edition_link(edition: PublishedEdition, base_url: str) -> str:
    """Where the files of an edition can be downloaded."""
    return f"{base_url}/files/editions/{edition.name}"
