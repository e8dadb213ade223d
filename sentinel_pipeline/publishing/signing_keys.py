"""The key that signs editions: made on first use, and public keys by which anybody can check what it signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_pipeline.domain.errors import PublishingError, UsageError
from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.lake.whole_files import replacing, write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEYS = "keys"
PRIVATE = "signing.key"
PUBLIC = "signing-{}.pub"
ID_DIGITS = 16


def signing_key(keys: Path) -> Ed25519PrivateKey:
    """The private key in the folder `keys`, made when there is none; processes that make it at once get the same.

    Raises PublishingError for a file that is no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = keys / PRIVATE
    if not path.exists():
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise PublishingError(
            f"{path}: is no Ed25519 private key (PEM, without a passphrase); put the right one in its place, or remove"
            " it, and a new one is made"
        )
    return key


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with alone(path.with_name(".lock")):
        if path.exists():
            return
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with replacing(path) as temporary:
            temporary.touch(0o600, exist_ok=False)
            temporary.write_bytes(made)


def hand_out(key: Ed25519PublicKey, folders: Iterable[Path]) -> None:
    """Puts a public key into folders, under a name that says its id, so that it outlives its private key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    written = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for path in (folder / PUBLIC.format(key_id(key)) for folder in folders):
        if not path.is_file() or path.read_bytes() != written:
            write_whole(path, written)


def key_id(key: Ed25519PublicKey) -> str:
    """What manifests call a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:ID_DIGITS]


def public_key(path: Path) -> Ed25519PublicKey:
    """Raises UsageError for a file that is no Ed25519 public key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: the public key cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path}: is no Ed25519 public key (PEM); it is called {PUBLIC.format('ID')}")
    return key


def public_keys(*paths: Path) -> Mapping[str, Ed25519PublicKey]:
    """Public keys of files, by id. Raises UsageError for a file that is none."""
    return {key_id(key): key for key in map(public_key, paths)}


def kept_public_keys(keys: Path) -> Mapping[str, Ed25519PublicKey]:
    """All public keys that a folder keeps, by id; none where it is not. Raises UsageError for a damaged one."""
    return public_keys(*sorted(keys.glob(PUBLIC.format("*"))))
