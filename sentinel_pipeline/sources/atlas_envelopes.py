"""One encrypted payload of a fleet agent: what it says, or why it cannot be believed.

The envelope is a JSON object with `encrypted`, `version`, `nonce` and `ciphertext`; the sealed text is a JSON object
with `machine_id` and `logs`. A verdict is one of VERDICTS; what is odd but proven is a flag.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sentinel_pipeline.sources.atlas_json import Lenient, text_of
from sentinel_pipeline.sources.atlas_keys import NONCE_BYTES, TAG_BYTES, KeyRing

OK = "ok"
PLAINTEXT = "plaintext"
AUTH_FAILED = "auth_failed"
NO_KEY = "no_key"
MALFORMED = "malformed"
MALFORMED_PLAINTEXT = "malformed_plaintext"
INCOMPLETE = "incomplete"
DOWNGRADE = "downgrade"
REPLAY = "replay"
READABLE = (OK, PLAINTEXT)
VERDICTS = (*READABLE, AUTH_FAILED, NO_KEY, MALFORMED, MALFORMED_PLAINTEXT, INCOMPLETE, DOWNGRADE, REPLAY)

NONCE_REUSE = "nonce_reuse"
# Long enough that among ten million envelopes no two are taken for one.
USED_BYTES = 12
DIGEST_BYTES = 12


@dataclass(frozen=True)
class Opened:
    """What became of an envelope. `machine_id` is claimed, not proven: all agents share one key.

    `seal` is its nonce and the hash of its ciphertext.
    """

    verdict: str
    flags: frozenset[str] = frozenset()
    machine_id: str | None = None
    logs: tuple[object, ...] = ()
    fingerprint: str | None = None
    seal: tuple[bytes, bytes] | None = None


@dataclass
class Seals:
    """The nonces met so far, to tell a replay and a nonce used twice; hashes only, so that they can be noted."""

    _known: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    _met: bytearray = field(default_factory=bytearray)

    def judged(self, opened: Opened) -> Opened:
        """The same, or what it is in the light of those before it."""
        if opened.seal is None or opened.verdict != OK:
            return opened
        nonce, digest = opened.seal
        used = sha256(f"{opened.fingerprint} ".encode() + nonce).digest()[:USED_BYTES]
        self._met += used + digest
        before = self._known.get(used, ())
        if not self._is_new(used, digest):
            return replace(opened, verdict=REPLAY)
        return replace(opened, flags=opened.flags | {NONCE_REUSE}) if before else opened

    def noted(self) -> str:
        """All that was judged since this was asked last, for `recall`."""
        met, self._met = self._met, bytearray()
        return base64.b64encode(met).decode()

    def recall(self, noted: str) -> None:
        """Meets again what was noted, where its file need not be read."""
        met = base64.b64decode(noted)
        for start in range(0, len(met), USED_BYTES + DIGEST_BYTES):
            one = met[start : start + USED_BYTES + DIGEST_BYTES]
            self._is_new(one[:USED_BYTES], one[USED_BYTES:])

    def _is_new(self, used: bytes, digest: bytes) -> bool:
        before = self._known.get(used, ())
        if digest in before:
            return False
        self._known[used] = (*before, digest)
        return True


def open_envelope(found: object, ring: KeyRing) -> Opened:
    """What one record of an inbox holds."""
    if not isinstance(found, dict):
        return Opened(MALFORMED)
    if not found.get("encrypted"):
        plain = _payload(found, PLAINTEXT)
        return Opened(DOWNGRADE, machine_id=plain.machine_id) if ring.payload else plain
    nonce, nonce_flags = _bytes(found.get("nonce"))
    sealed, sealed_flags = _bytes(found.get("ciphertext"))
    if nonce is None or sealed is None or len(nonce) != NONCE_BYTES or len(sealed) < TAG_BYTES:
        return Opened(MALFORMED)
    seal = (nonce, sha256(sealed).digest()[:DIGEST_BYTES])
    decrypted = ring.open_payload(nonce, sealed)
    if decrypted is None:
        return Opened(AUTH_FAILED if ring.payload else NO_KEY, seal=seal)
    text, fingerprint = decrypted
    lenient = Lenient(nonce_flags | sealed_flags | _header_flags(found))
    return replace(_unsealed(text, lenient), fingerprint=fingerprint, seal=seal)


def _unsealed(text: bytes, lenient: Lenient) -> Opened:
    try:
        value = lenient.value(text.decode())
    except ValueError:
        return Opened(MALFORMED_PLAINTEXT, frozenset(lenient.flags))
    if not isinstance(value, dict):
        return Opened(MALFORMED_PLAINTEXT, frozenset(lenient.flags))
    opened = _payload(value, OK)
    return replace(opened, flags=opened.flags | lenient.flags)


def _payload(value: dict[str, Any], verdict: str) -> Opened:
    machine, logs = text_of(value.get("machine_id")), value.get("logs")
    if machine is None or not isinstance(logs, list) or not logs:
        return Opened(INCOMPLETE, machine_id=machine)
    return Opened(verdict, machine_id=machine, logs=tuple(logs))


def _header_flags(found: dict[str, object]) -> set[str]:
    flags = set() if found.get("version") == "1" else {"version"}
    return flags if found["encrypted"] is True else flags | {"encrypted_not_true"}


def _bytes(value: object) -> tuple[bytes | None, set[str]]:
    """What base64 text stands for, and the flag `encoding` where it holds other characters; None for no base64."""
    if not isinstance(value, str):
        return None, set()
    try:
        return base64.b64decode(value, validate=True), set()
    except (binascii.Error, ValueError):
        pass
    try:
        return base64.b64decode(value.encode("ascii", "ignore")), {"encoding"}
    except binascii.Error:
        return None, set()
