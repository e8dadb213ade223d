from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sentinel_pipeline.domain.errors import PublishingError, UsageError
from sentinel_pipeline.publishing.signing_keys import hand_out, kept_public_keys, key_id, public_key, signing_key

# The first key of RFC 8032, 7.1; its id is what `xxd -r -p | sha256sum` says of the public key printed there.
RFC_8032 = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_8032_ID = "21fe31dfa154a261"
ROUNDS = 20
ED25519 = Ed25519PrivateKey.from_private_bytes(RFC_8032)
NOT_ED25519 = generate_private_key(SECP256R1())


def pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey, secret: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    keys = tmp_path / "data" / "keys"
    made = signing_key(keys)
    assert keys.stat().st_mode & 0o777 == 0o700
    assert (keys / "signing.key").stat().st_mode & 0o777 == 0o600
    before = (keys / "signing.key").read_bytes()
    assert signing_key(keys).private_bytes_raw() == made.private_bytes_raw()
    assert (keys / "signing.key").read_bytes() == before
    assert sorted(path.name for path in keys.iterdir()) == [".lock", "signing.key"]


def test_a_folder_that_others_could_enter_is_closed_before_a_key_is_put_there(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    signing_key(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def make_keys(folder: Path, start: Barrier, said: Queue[tuple[int, str]]) -> None:
    for number in range(ROUNDS):
        start.wait()
        said.put((number, key_id(signing_key(folder / str(number)).public_key())))


def test_processes_that_make_a_key_at_once_end_with_one(tmp_path: Path) -> None:
    context = get_context("spawn")
    start, said = context.Barrier(3, timeout=120), context.Queue()
    several = [context.Process(target=make_keys, args=(tmp_path, start, said)) for _ in range(3)]
    for process in several:
        process.start()
    made = [said.get(timeout=120) for _ in range(ROUNDS * len(several))]
    for process in several:
        process.join(timeout=120)
    assert len(set(made)) == ROUNDS
    assert set(made) == {(n, key_id(signing_key(tmp_path / str(n)).public_key())) for n in range(ROUNDS)}


def test_a_key_has_the_id_that_anybody_can_compute() -> None:
    assert key_id(ED25519.public_key()) == RFC_8032_ID


def test_a_key_made_elsewhere_is_used(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(pem(ED25519))
    assert signing_key(tmp_path).private_bytes_raw() == RFC_8032


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        pem(NOT_ED25519),
        pem(ED25519, b"passphrase"),
        pem(ED25519)[:60],
    ],
    ids=("empty", "text", "of another kind", "with a passphrase", "cut off"),
)
def test_a_file_that_is_no_signing_key_is_refused_and_stays(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(content)
    with pytest.raises(PublishingError, match=r"signing\.key: is no Ed25519 private key \(PEM, without a passphrase\)"):
        signing_key(tmp_path)
    assert (tmp_path / "signing.key").read_bytes() == content


def test_public_keys_are_handed_out_under_their_id_and_outlive_their_private_key(tmp_path: Path) -> None:
    keys, published = tmp_path / "keys", tmp_path / "editions"
    ids = set()
    for _ in range(2):
        key = signing_key(keys).public_key()
        hand_out(key, (keys, published))
        hand_out(key, (keys, published))
        ids.add(key_id(key))
        (keys / "signing.key").unlink()
    assert len(ids) == 2
    assert set(kept_public_keys(keys)) == ids
    assert {path.name for path in published.iterdir()} == {f"signing-{one}.pub" for one in ids}


def test_a_damaged_public_key_is_mended_when_it_is_handed_out_again(tmp_path: Path) -> None:
    key = ED25519.public_key()
    place = tmp_path / f"signing-{RFC_8032_ID}.pub"
    place.write_bytes(b"")
    with pytest.raises(UsageError, match="is no Ed25519 public key"):
        kept_public_keys(tmp_path)
    hand_out(key, (tmp_path,))
    assert list(kept_public_keys(tmp_path)) == [RFC_8032_ID]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pem(ED25519),
        NOT_ED25519.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=("empty", "private", "of another kind"),
)
def test_a_file_that_is_no_public_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.pub: is no Ed25519 public key \(PEM\)"):
        public_key(tmp_path / "a.pub")
    with pytest.raises(UsageError, match=r"b\.pub: the public key cannot be read: No such file or directory"):
        public_key(tmp_path / "b.pub")
