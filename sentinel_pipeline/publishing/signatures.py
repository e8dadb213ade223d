"""The signature of a manifest: over which bytes it is made, and what an examination of it finds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sentinel_pipeline.publishing.signing_keys import key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "Ed25519"
SIGNATURE = "signature"
FORMS = {
    "algorithm": re.compile(ALGORITHM),
    "key": re.compile(r"[0-9a-f]{16}"),
    "signed_sha256": re.compile(r"[0-9a-f]{64}"),
    "value": re.compile(r"[A-Za-z0-9+/]{86}=="),
}


def manifest_bytes(manifest: Mapping[str, object]) -> bytes:
    """The only form a manifest has in its file."""
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def signed_bytes(manifest: Mapping[str, object]) -> bytes:
    """What is signed: the manifest's file as it is while `signature`, its last entry, is null."""
    return manifest_bytes({**manifest, SIGNATURE: None})


def signed(manifest: Mapping[str, object], key: Ed25519PrivateKey) -> dict[str, object]:
    """The manifest with its signature; the same manifest and key give the same."""
    content = signed_bytes(manifest)
    signature = {
        "algorithm": ALGORITHM,
        "key": key_id(key.public_key()),
        "signed_sha256": hashlib.sha256(content).hexdigest(),
        "value": base64.b64encode(key.sign(content)).decode(),
    }
    return {**manifest, SIGNATURE: signature}


def signature_faults(
    content: bytes, manifest: Mapping[str, object], keys: Mapping[str, Ed25519PublicKey]
) -> tuple[str, list[str]]:
    """What an examination of a manifest, as it lies in its file and as read, says in words, and what is wrong.

    Without keys everything but the signature itself is examined, and the words say so.
    """
    fault = _fault(content, manifest, keys)
    if fault:
        return "signature broken", [fault]
    return f"signed with the key {_entry(manifest, 'key')}" if keys else "signature not checked", []


def _fault(content: bytes, manifest: Mapping[str, object], keys: Mapping[str, Ed25519PublicKey]) -> str | None:
    if manifest.get(SIGNATURE) is None:
        return "is not signed: its signature was removed, or never there"
    value = _value(manifest[SIGNATURE])
    if value is None:
        return "its signature is damaged: it has not the form of one"
    if not _is_in_form(content, manifest) or _digest(manifest) != _entry(manifest, "signed_sha256"):
        return "was changed after it was signed"
    name = _entry(manifest, "key")
    if keys and name not in keys:
        return f"is signed with the key {name}, not with {' or '.join(sorted(keys))}"
    if keys and not _is_made_by(keys[name], value, signed_bytes(manifest)):
        return f"its signature was changed: the key {name} did not make it"
    return None


def _entry(manifest: Mapping[str, object], name: str) -> str:
    signature = manifest[SIGNATURE]
    return str(signature[name]) if isinstance(signature, dict) else ""


def _value(signature: object) -> bytes | None:
    """The bytes of a signature in the one form it has; None for everything else."""
    if not isinstance(signature, dict) or list(signature) != list(FORMS):
        return None
    if not all(isinstance(signature[name], str) and form.fullmatch(signature[name]) for name, form in FORMS.items()):
        return None
    value = base64.b64decode(signature["value"])
    return value if base64.b64encode(value).decode() == signature["value"] else None


def _is_in_form(content: bytes, manifest: Mapping[str, object]) -> bool:
    """Whether a file says this and nothing else: not an entry twice, nothing between or behind."""
    try:
        return list(manifest)[-1] == SIGNATURE and content == manifest_bytes(manifest)
    except UnicodeEncodeError:  # half a character, which no manifest holds
        return False


def _digest(manifest: Mapping[str, object]) -> str:
    return hashlib.sha256(signed_bytes(manifest)).hexdigest()


def _is_made_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
