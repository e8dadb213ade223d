"""The ways mail leaves, by the name a subscription gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from sentinel_pipeline.delivery.directory import Directory
from sentinel_pipeline.delivery.parcel import Answer, Parcel
from sentinel_pipeline.delivery.sendgrid import SendGrid
from sentinel_pipeline.delivery.smtp import Smtp
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.settings import Settings, resolved


class Channel(Protocol):
    """Sends a parcel; SentinelError from it means that nothing was sent."""

    def send(self, parcel: Parcel) -> Answer:
        """Hands a parcel over and says what became of it."""


@runtime_checkable
class Remembering(Protocol):
    """A channel that can be asked afterwards: no mail server and no provider can."""

    def took(self, message_id: str) -> bool:
        """Whether the mail of that id was taken on."""


@dataclass(frozen=True)
class ChannelKind:
    """A channel by name and how it is made from the settings."""

    name: str
    made: Callable[[Settings], Channel]


def _directory(settings: Settings) -> Channel:
    return Directory(settings.outbox)


def _smtp(settings: Settings) -> Channel:
    if settings.delivery.smtp is None:
        raise UsageError(f"{settings.file}: delivery.smtp: missing; mail waits for it")
    return Smtp(settings.delivery.smtp, partial(resolved, data=settings.data))


def _sendgrid(settings: Settings) -> Channel:
    if settings.delivery.sendgrid is None:
        raise UsageError(f"{settings.file}: delivery.sendgrid: missing; mail waits for it")
    return SendGrid(settings.delivery.sendgrid, partial(resolved, data=settings.data))


CHANNELS = (
    ChannelKind("directory", _directory),
    ChannelKind("smtp", _smtp),
    ChannelKind("sendgrid", _sendgrid),
)


def channel(name: str, settings: Settings) -> Channel:
    """Raises UsageError when it is not configured."""
    return next(kind for kind in CHANNELS if kind.name == name).made(settings)
