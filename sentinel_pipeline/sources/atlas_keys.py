"""The keys of a fleet: fetched when a source is opened, held in memory only, shown as fingerprints."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError
from sentinel_pipeline.sources.source import SourceSettings

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
SALT_BYTES = 16
ITERATIONS = 100_000
SHORTEST_PASSWORD = 4
FERNET_VERSION = 0x80
FERNET_SHORTEST = 1 + 8 + 16 + 16 + 32
Decrypted = tuple[bytes, str]
"""What was sealed, and the fingerprint of the key that opened it."""


@dataclass(frozen=True)
class PayloadKey:
    fingerprint: str
    cipher: AESGCM = field(repr=False)


@dataclass(frozen=True)
class StoreKey:
    fingerprint: str
    cipher: Fernet = field(repr=False)


@dataclass(frozen=True)
class KeyRing:
    """All keys of a source, newest first; payload keys and at-rest keys are kept apart."""

    payload: tuple[PayloadKey, ...] = ()
    store: tuple[StoreKey, ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fingerprint(self) -> str:
        """Changes with the keys; tells nothing about them."""
        secrets = [sha256(password.encode("utf-8", "surrogatepass")).hexdigest() for password in self.passwords]
        shown = [*(f"p{key.fingerprint}" for key in self.payload), *(f"s{key.fingerprint}" for key in self.store)]
        return sha256(repr((shown, secrets)).encode()).hexdigest()

    def open_payload(self, nonce: bytes, sealed: bytes) -> Decrypted | None:
        """AES-256-GCM with the first key that fits; None when none does."""
        for key in self.payload:
            try:
                return key.cipher.decrypt(nonce, sealed, None), key.fingerprint
            except InvalidTag:
                continue
        return None

    def open_token(self, token: bytes) -> Decrypted | None:
        """A Fernet token of any age with the first key that fits; None when none does."""
        for key in self.store:
            try:
                return key.cipher.decrypt(token), key.fingerprint
            except InvalidToken:
                continue
        return None

    def open_export(self, sealed: bytes) -> bytes | None:
        """An export file (salt, nonce, ciphertext and tag) with the first password that fits; None when none does."""
        salt, nonce, rest = sealed[:SALT_BYTES], sealed[SALT_BYTES:][:NONCE_BYTES], sealed[SALT_BYTES + NONCE_BYTES :]
        for password in self.passwords:
            derived = PBKDF2HMAC(SHA256(), KEY_BYTES, salt, ITERATIONS).derive(password.encode("utf-8"))
            try:
                return AESGCM(derived).decrypt(nonce, rest, None)
            except InvalidTag:
                continue
        return None


def is_token(token: bytes) -> bool:
    """Whether bytes have the form of a Fernet token, whoever sealed it."""
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return False
    return len(raw) >= FERNET_SHORTEST and raw[0] == FERNET_VERSION


def key_ring(settings: SourceSettings) -> KeyRing:
    """The keys that the options of a source refer to. Raises SourceUnreachableError with one line for a wrong one."""
    payload = (_payload_key(raw, where) for raw, where in _secrets(settings, "keys", _standard))
    store = (_store_key(raw, where) for raw, where in _secrets(settings, "database_keys", _urlsafe))
    passwords = (text for text, _ in _references(settings, "passwords"))
    return KeyRing(tuple(payload), tuple(store), tuple(passwords))


def fingerprint_of(key: bytes) -> str:
    """First 8 hexadecimal digits of SHA-256 of the key's bytes."""
    return sha256(key).hexdigest()[:8]


def _payload_key(raw: bytes, _: str) -> PayloadKey:
    return PayloadKey(fingerprint_of(raw), AESGCM(raw))


def _store_key(raw: bytes, _: str) -> StoreKey:
    return StoreKey(fingerprint_of(raw), Fernet(base64.urlsafe_b64encode(raw)))


def _standard(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _urlsafe(text: str) -> bytes:
    return base64.b64decode(text, altchars=b"-_", validate=True)


def _secrets(settings: SourceSettings, option: str, decode: Callable[[str], bytes]) -> Iterable[tuple[bytes, str]]:
    for text, reference in _references(settings, option):
        try:
            raw = decode(text)
        except (binascii.Error, ValueError):
            raise _refused(settings, option, reference, "is not base64") from None
        if len(raw) != KEY_BYTES:
            raise _refused(settings, option, reference, f"has {len(raw)} bytes")
        yield raw, reference


def _references(settings: SourceSettings, option: str) -> Iterable[tuple[str, str]]:
    """What the references of an option stand for, and the references themselves."""
    given = settings.options.get(option) or ()
    if not isinstance(given, list | tuple):
        raise UsageError(f"source '{settings.name}': {option} is a list of references such as env:ATLAS_KEY")
    for reference in given:
        try:
            yield settings.resolve(str(reference)), str(reference)
        except UsageError as error:
            raise SourceUnreachableError(f"source '{settings.name}': {option}: {error}") from None


def _refused(settings: SourceSettings, option: str, reference: str, wrong: str) -> SourceUnreachableError:
    alphabet = "standard" if option == "keys" else "URL-safe"
    return SourceUnreachableError(
        f"source '{settings.name}': {option}: the key of {reference} {wrong};"
        f" a key is the {alphabet} base64 of exactly {KEY_BYTES} bytes"
    )
