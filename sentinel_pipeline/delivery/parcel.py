"""A letter addressed: what a channel sends to one recipient, and how that went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sentinel_pipeline.rendering.letter import Letter


@dataclass(frozen=True)
class Attachment:
    """A published file, read only when it is sent; size and `sha256` are what its manifest lists."""

    name: str
    media_type: str
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Parcel:
    """A letter to one recipient, who alone is named in it.

    `message_id` (with its angle brackets) is derived from what is sent to whom, so a repetition has the same.
    `labels` are what a provider may show beside the mail: edition, subscription, delivery.
    """

    letter: Letter
    sender: str
    sender_name: str
    recipient: str
    message_id: str
    written_at: datetime
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sent:
    """The provider has taken the parcel on; `provider_id` is its name for it."""

    provider_id: str


@dataclass(frozen=True)
class Refused:
    """This parcel will not be taken, however often it is tried."""

    why: str


@dataclass(frozen=True)
class Failed:
    """The parcel was certainly not taken, and may be another time; `retry_after` seconds if the provider said so."""

    why: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Unusable:
    """The parcel was certainly not taken, and no other will be until a person mends the channel."""

    why: str


@dataclass(frozen=True)
class Uncertain:
    """The parcel may have been taken or not; nobody here can know."""

    why: str


Answer = Sent | Refused | Failed | Unusable | Uncertain
