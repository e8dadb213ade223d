"""The keys a lake is encrypted with: references until one is needed, then in memory only, shown as fingerprints."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sentinel_pipeline.domain.errors import UsageError

KEY_BYTES: Final = 32
IDENTIFIER_BYTES: Final = 8
OPTION: Final = "lake.encryption_key"


@dataclass(frozen=True)
class Key:
    """32 secret bytes; `identifier` stands in every file they encrypt, and tells nothing about them."""

    secret: bytes = field(repr=False)

    @cached_property
    def identifier(self) -> bytes:
        return HKDF(SHA256(), IDENTIFIER_BYTES, None, b"sentinel lake key identifier").derive(self.secret)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.identifier)


def fingerprint(identifier: bytes) -> str:
    """The first 8 hexadecimal digits of what identifies a key."""
    return identifier[:4].hex()


@dataclass(frozen=True)
class Keys:
    """Keys by their references, newest first: the first encrypts, all of them decrypt; none is a lake in clear."""

    references: tuple[str, ...] = ()
    resolve: Callable[[str], str] = field(default=str, repr=False)

    @cached_property
    def all(self) -> tuple[Key, ...]:
        """Raises UsageError for a reference that leads to no key."""
        return tuple(self._key(reference) for reference in self.references)

    def require(self) -> None:
        """Raises UsageError for a reference that leads to no key."""
        _ = self.all

    @property
    def newest(self) -> Key | None:
        return self.all[0] if self.references else None

    def of(self, identifier: bytes, path: Path) -> Key:
        """The key that the file at `path` names. Raises UsageError when it is not among them."""
        for key in self.all:
            if key.identifier == identifier:
                return key
        wanted = fingerprint(identifier)
        if not self.references:
            raise UsageError(f"{path}: is encrypted; give {OPTION} in sentinel.yaml, the key {wanted}")
        raise UsageError(
            f"{path}: is encrypted with another key, {wanted}; add it to {OPTION} in sentinel.yaml after"
            f" {', '.join(key.fingerprint for key in self.all)}"
        )

    def _key(self, reference: str) -> Key:
        text = self.resolve(reference)
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise _refused(reference, "is not base64") from None
        if len(secret) != KEY_BYTES:
            raise _refused(reference, f"has {len(secret)} bytes")
        return Key(secret)


def _refused(reference: str, wrong: str) -> UsageError:
    return UsageError(
        f"{OPTION}: the key of {reference} {wrong}; a key is the base64 of exactly {KEY_BYTES} bytes, such as"
        " `openssl rand -base64 32` makes"
    )
