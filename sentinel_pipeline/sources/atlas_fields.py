"""Sealed fields of the fleet's store: one verdict a field, because a key change leaves tables mixed."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.sources.atlas_envelopes import (
    AUTH_FAILED,
    DOWNGRADE,
    MALFORMED,
    MALFORMED_PLAINTEXT,
    OK,
    PLAINTEXT,
)
from sentinel_pipeline.sources.atlas_keys import KeyRing, is_token

LOST = (AUTH_FAILED, MALFORMED, MALFORMED_PLAINTEXT, DOWNGRADE)


@dataclass(frozen=True)
class Sealed:
    """A field's text (None: empty or lost), what became of its seal, and the key that opened it."""

    text: str | None
    verdict: str
    fingerprint: str | None = None

    @property
    def is_lost(self) -> bool:
        return self.verdict in LOST


EMPTY = Sealed(None, OK)


def plain_field(text: str | None, ring: KeyRing) -> Sealed:
    """A field in plain text; where keys are configured nothing proves who wrote it."""
    if not ring.store:
        return Sealed(text, PLAINTEXT)
    return Sealed(None, DOWNGRADE) if text else EMPTY


def sealed_field(token: str | None, ring: KeyRing) -> Sealed:
    """What a Fernet token holds; nothing for none. Other text where a token should be is malformed."""
    if not token:
        return EMPTY
    data = token.strip().encode()
    if not is_token(data):
        return Sealed(None, MALFORMED)
    opened = ring.open_token(data)
    if opened is None:
        return Sealed(None, AUTH_FAILED)
    plain, fingerprint = opened
    try:
        return Sealed(plain.decode(), OK, fingerprint)
    except UnicodeDecodeError:
        return Sealed(None, MALFORMED_PLAINTEXT, fingerprint)


def worst(*fields: Sealed) -> str:
    """The verdict on a row: that of the first field that is lost, else that of its fields."""
    lost = [field.verdict for field in fields if field.is_lost]
    if lost:
        return lost[0]
    return PLAINTEXT if all(field.verdict == PLAINTEXT for field in fields) else OK
