import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.publishing.signatures import manifest_bytes, signature_faults, signed
from sentinel_pipeline.publishing.signing_keys import KEYS, kept_public_keys, key_id, public_keys
from sentinel_pipeline.publishing.verification import verify
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.publishing.worlds import House, examined

TODAY = day("2025-01-02")
CHANGED = "manifest.json: was changed after it was signed"
DAMAGED = "manifest.json: its signature is damaged: it has not the form of one"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MANIFEST = signed(
    {"edition": "daily/2025-01-02/r1", "organisation": "Grün & Söhne", "hours": 25.0, "signature": None}, KEY
)
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.count(TODAY)
    return house


def rewrite(folder: Path, change: Change) -> None:
    """Changes a manifest and writes it as publishing does."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    (folder / "manifest.json").write_bytes(manifest_bytes(manifest))


def resign(manifest: dict[str, Any]) -> None:
    manifest.update(signed(manifest, KEY))


def flip_value(manifest: dict[str, Any]) -> None:
    value = bytearray(base64.b64decode(manifest["signature"]["value"]))
    value[0] ^= 1
    manifest["signature"]["value"] = base64.b64encode(value).decode()


def forge(manifest: dict[str, Any]) -> None:
    """Changes content and its hash, as somebody without the key would."""
    manifest["generator"] = "Somebody else"
    unsigned = manifest_bytes(manifest | {"signature": None})
    manifest["signature"]["signed_sha256"] = hashlib.sha256(unsigned).hexdigest()


def test_an_edition_as_published_is_signed_with_the_key_of_its_folder(house: House) -> None:
    folder = house.publish(TODAY).folder
    (name,) = kept_public_keys(house.data / KEYS)
    verdict = examined(folder)
    assert (verdict.faults, verdict.signature, verdict.is_signature_checked) == (
        (),
        f"signed with the key {name}",
        True,
    )
    assert (house.data / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_the_public_key_beside_the_editions_is_enough(house: House, tmp_path: Path) -> None:
    folder = house.publish(TODAY).folder
    there = tmp_path / "recipient" / "daily" / TODAY.key / "r1"
    shutil.copytree(folder, there)
    (key,) = house.editions.glob("signing-*.pub")
    assert verify(there, public_keys(key)).faults == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m.update(generator="Somebody else"), CHANGED),
        (lambda m: m["files"].clear(), CHANGED),
        (lambda m: m.update(more=1), CHANGED),
        (lambda m: m.update(previous_edition={"edition": "daily/2025-01-01/r1", "manifest_sha256": ""}), CHANGED),
        (lambda m: m["signature"].update(signed_sha256="0" * 64), CHANGED),
        (lambda m: m.update(signature=None), "manifest.json: is not signed: its signature was removed, or never there"),
        (lambda m: m.pop("signature"), "manifest.json: is not signed: its signature was removed, or never there"),
        (lambda m: m.update(signature="valid"), DAMAGED),
        (lambda m: m.update(signature={}), DAMAGED),
        (lambda m: m["signature"].update(algorithm="none"), DAMAGED),
        (lambda m: m["signature"].update(value=""), DAMAGED),
        (lambda m: m["signature"].update(value=7), DAMAGED),
        (lambda m: m["signature"].update(key="two\nlines"), DAMAGED),
        (lambda m: m["signature"].update(comment="valid"), DAMAGED),
    ],
)
def test_what_was_done_to_a_manifest_is_said_in_one_line_with_and_without_a_key(
    change: Change, fault: str, house: House
) -> None:
    folder = house.publish(TODAY).folder
    rewrite(folder, change)
    assert fault in examined(folder).faults
    verdict = verify(folder, {})
    assert fault in verdict.faults
    assert verdict.signature == "signature broken"


@pytest.mark.parametrize("change", [flip_value, forge])
def test_a_signature_that_the_key_did_not_make_is_said(change: Change, house: House) -> None:
    folder = house.publish(TODAY).folder
    rewrite(folder, change)
    (name,) = kept_public_keys(house.data / KEYS)
    assert examined(folder).faults == (f"manifest.json: its signature was changed: the key {name} did not make it",)


def test_a_manifest_signed_with_another_key_is_said(house: House) -> None:
    folder = house.publish(TODAY).folder
    rewrite(folder, resign)
    (name,) = kept_public_keys(house.data / KEYS)
    forger = key_id(KEY.public_key())
    assert examined(folder).faults == (f"manifest.json: is signed with the key {forger}, not with {name}",)


def test_another_key_under_the_name_of_the_right_one_is_not_believed(house: House) -> None:
    folder = house.publish(TODAY).folder
    (name,) = kept_public_keys(house.data / KEYS)
    faults = verify(folder, {name: KEY.public_key()}).faults
    assert faults == (f"manifest.json: its signature was changed: the key {name} did not make it",)


def test_without_a_key_nothing_is_pretended(house: House) -> None:
    folder = house.publish(TODAY).folder
    verdict = verify(folder, {})
    assert (verdict.faults, verdict.signature, verdict.is_signature_checked) == ((), "signature not checked", False)
    rewrite(folder, forge)
    assert verify(folder, {}).signature == "signature not checked"


def test_a_lost_key_is_made_anew_and_older_editions_verify_by_the_public_key_that_was_kept(house: House) -> None:
    first = house.publish(TODAY, {"a": b"1"})
    (old,) = house.editions.glob("signing-*.pub")
    (house.data / KEYS / "signing.key").unlink()
    assert not house.publish(TODAY, {"a": b"1"}).is_new
    second = house.publish(TODAY, {"a": b"2"})
    assert examined(first.folder).faults == examined(second.folder).faults == ()
    assert examined(first.folder).signature != examined(second.folder).signature
    assert verify(first.folder, public_keys(old)).faults == ()
    (fault,) = verify(second.folder, public_keys(old)).faults
    assert re.fullmatch(r"manifest\.json: is signed with the key [0-9a-f]{16}, not with [0-9a-f]{16}", fault)


def test_the_same_files_and_key_give_the_same_manifest_to_the_byte(house: House, tmp_path: Path) -> None:
    here = house.publish(TODAY, {"a": b"1"}).folder
    other = House(tmp_path / "other")
    other.count(TODAY)
    shutil.copytree(house.data / KEYS, other.data / KEYS)
    there = other.publish(TODAY, {"a": b"1"}).folder
    assert (there / "manifest.json").read_bytes() == (here / "manifest.json").read_bytes()


@BRIEF
@given(st.integers(0, len(manifest_bytes(MANIFEST)) - 1), st.integers(1, 255))
def test_no_byte_of_a_manifest_can_change_unseen(place: int, difference: int) -> None:
    content = bytearray(manifest_bytes(MANIFEST))
    content[place] ^= difference
    try:
        manifest = json.loads(bytes(content))
    except ValueError:
        return
    keys = {key_id(KEY.public_key()): KEY.public_key()}
    assert signature_faults(bytes(content), manifest, keys)[1] != []


@pytest.mark.parametrize(
    "spelled",
    [
        lambda content: content.replace(b"{\n", b'{\n "organisation": "Somebody else",\n', 1),
        lambda content: content + b" ",
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"25.0", b"25.00"),
        lambda content: json.dumps(json.loads(content)).encode(),
        lambda content: content.replace("ü".encode(), b"\\ud800"),
    ],
)
def test_the_same_manifest_in_other_bytes_is_a_changed_one(spelled: Callable[[bytes], bytes]) -> None:
    content = spelled(manifest_bytes(MANIFEST))
    keys = {key_id(KEY.public_key()): KEY.public_key()}
    assert signature_faults(content, json.loads(content), keys)[1] == ["was changed after it was signed"]


def test_what_the_readme_tells_to_type_checks_a_signature_without_any_of_this(house: House, tmp_path: Path) -> None:
    if not (shutil.which("openssl") and shutil.which("perl")):
        pytest.skip("needs openssl and perl")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (typed,) = re.findall(r"```sh\n(perl .*?)```", readme, re.DOTALL)
    place = shutil.copytree(house.publish(TODAY).folder, tmp_path / "copy")
    (key,) = house.editions.glob("signing-*.pub")
    shutil.copy(key, place / "signing-ID.pub")
    done = subprocess.run(["sh", "-ec", typed], cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully"), done.stderr
    rewrite(place, forge)
    assert subprocess.run(["sh", "-ec", typed], cwd=place, capture_output=True, check=False).returncode == 1
