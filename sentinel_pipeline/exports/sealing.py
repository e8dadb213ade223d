"""Export files that open with a password, as the fleet's own tools write and read them (`.enc`, `.fernet.enc`).

A file is salt 16 ‖ nonce 12 ‖ AES-256-GCM ciphertext and tag under a key that PBKDF2 makes of the password; with the
fleet's key that whole is a Fernet token, and both secrets are needed. What is sealed never lies on disk in clear.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentinel_pipeline.domain.errors import TooLargeError, UsageError
from sentinel_pipeline.settings import REFERENCE, Settings, resolved

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SEALED: Final = ".enc"
SEALED_TWICE: Final = ".fernet.enc"
SHORTEST: Final = 12
SHORTEST_WITH_KEY: Final = 16
# The fleet's format has one tag for the whole, so that whoever opens it holds all of it in memory.
LARGEST: Final = 64 << 20


@dataclass(frozen=True)
class Sealing:
    """The secrets a file opens with: the password, and the fleet's key where there is one."""

    password: str = field(repr=False)
    key: Fernet | None = field(default=None, repr=False)

    @property
    def suffix(self) -> str:
        return SEALED_TWICE if self.key else SEALED

    def sealed(self, content: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

        salt, nonce = os.urandom(16), os.urandom(12)
        key = PBKDF2HMAC(SHA256(), 32, salt, 100_000).derive(self.password.encode())
        once = salt + nonce + AESGCM(key).encrypt(nonce, content, None)
        return self.key.encrypt(once) if self.key else once


def asked_sealing(output: Path | None, password: str | None, key: str | None, settings: Settings) -> Sealing | None:
    """What the references and the end of the output's name ask for. Raises UsageError where they do not fit."""
    name = output.name.lower() if output else ""
    if password is None and key is None:
        if name.endswith(SEALED):
            raise UsageError(f"{output}: a file that ends in {SEALED} needs --password env:NAME or file:PATH")
        return None
    if password is None:
        raise UsageError(f"--fleet-key makes {SEALED_TWICE} files, which need --password env:NAME or file:PATH too")
    ending = SEALED_TWICE if key else SEALED
    if output and (not name.endswith(ending) or (key is None and name.endswith(SEALED_TWICE))):
        needs = "--password and --fleet-key make" if key else "--password alone makes"
        raise UsageError(f"{output}: {needs} a file that ends in {ending}; name it so")
    secret, least = _secret("--password", password, settings), SHORTEST_WITH_KEY if key else SHORTEST
    if len(secret) < least:
        raise UsageError(f"the password of {password} has {len(secret)} characters; {ending} files need {least}")
    return Sealing(secret, _fleet_key(key, settings) if key else None)


def unsealed_name(output: Path | None) -> Path | None:
    """The output without the end that says it is sealed."""
    if output is None or not output.name.lower().endswith(SEALED):
        return output
    ending = SEALED_TWICE if output.name.lower().endswith(SEALED_TWICE) else SEALED
    return output.with_name(output.name[: -len(ending)])


@contextmanager
def sealing_into(path: Path, sealing: Sealing | None) -> Iterator[Path]:
    """Where to write what `path` is to hold: there, or in memory until it is sealed. Raises TooLargeError."""
    if sealing is None:
        yield path
        return
    memory = os.memfd_create("export")
    try:
        yield Path(f"/proc/self/fd/{memory}")
        size = os.fstat(memory).st_size
        if size > LARGEST:
            most = f"{sealing.suffix} files hold up to {LARGEST:,}"
            raise TooLargeError(f"{size:,} bytes, and {most}; ask for less at a time")
        path.write_bytes(sealing.sealed(os.pread(memory, size, 0)))
    finally:
        os.close(memory)


def _fleet_key(reference: str, settings: Settings) -> Fernet:
    from cryptography.fernet import Fernet

    try:
        return Fernet(_secret("--fleet-key", reference, settings))
    except ValueError:
        raise UsageError(f"the key of {reference} is not the URL-safe base64 of exactly 32 bytes") from None


def _secret(option: str, reference: str, settings: Settings) -> str:
    if not REFERENCE.fullmatch(reference):
        raise UsageError(f"{option} takes env:NAME or file:PATH, never the secret itself, which others could read")
    return resolved(reference, settings.data)
