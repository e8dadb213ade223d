"""`sentinel verify` as somebody types it: one line for each way in which an edition is not what was published."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.publishing.signing_keys import KEYS, hand_out, signing_key
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.walks.household import sentinel

KEY = "[0-9a-f]{16}"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the editions of three days."""
    (tmp_path / "rendered").write_text("report")
    for key in ("2025-01-01", "2025-01-02", "2025-01-03"):
        publish(tmp_path / "data" / "editions", day(key), {"summary.txt": tmp_path / "rendered"}, {}, {})
    return tmp_path / "data"


def edition(data: Path) -> Path:
    return data / "editions" / "daily" / "2025-01-03" / "r1"


def rewrite(data: Path, pattern: str, replacement: str) -> None:
    manifest = edition(data) / "manifest.json"
    written, number = re.subn(pattern, replacement, manifest.read_text(encoding="utf-8"))
    assert number == 1
    manifest.write_text(written, encoding="utf-8")


def tamper_with_a_file(data: Path) -> None:
    (edition(data) / "summary.txt").write_text("rePort")


def tamper_with_the_manifest(data: Path) -> None:
    rewrite(data, "Europe/Berlin", "Europe/London")


def tamper_with_the_signature(data: Path) -> None:
    signature = json.loads((edition(data) / "manifest.json").read_bytes())["signature"]["value"]
    rewrite(data, re.escape(signature), ("B" if signature[0] == "A" else "A") + signature[1:])


def remove_the_signature(data: Path) -> None:
    rewrite(data, r'"signature": \{[^}]*\}', '"signature": null')


def lose_the_keys(data: Path) -> None:
    shutil.rmtree(data / KEYS)
    hand_out(signing_key(data / KEYS).public_key(), [data / KEYS])


def cut_the_chain(data: Path) -> None:
    shutil.rmtree(edition(data).parents[1] / "2025-01-02")


def rewrite_the_past(data: Path) -> None:
    manifest = edition(data).parents[1] / "2025-01-01" / "r1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")


def test_an_edition_is_verified_with_the_keys_of_the_data_folder(data: Path) -> None:
    said = sentinel(data, "verify", str(edition(data)))
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(
        rf"daily/2025-01-03/r1: 1 file, 0 faults; signed with the key {KEY};"
        r" follows daily/2025-01-02/r1, 2 links back to daily/2025-01-01/r1",
        said.last,
    )


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (tamper_with_a_file, r"summary\.txt: its content is not what was published"),
        (tamper_with_the_manifest, r"manifest\.json: was changed after it was signed"),
        (tamper_with_the_signature, rf"manifest\.json: its signature was changed: the key {KEY} did not make it"),
        (remove_the_signature, r"manifest\.json: is not signed: its signature was removed, or never there"),
        (lose_the_keys, rf"manifest\.json: is signed with the key {KEY}, not with {KEY}"),
        (
            cut_the_chain,
            r"chain: cut: daily/2025-01-02/r1 is missing, which daily/2025-01-03/r1 follows,"
            r" though older editions are here",
        ),
        (
            rewrite_the_past,
            r"chain: the manifest of daily/2025-01-01/r1 is not the one that daily/2025-01-02/r1 names",
        ),
    ],
)
def test_every_kind_of_harm_has_its_own_line(harm: Callable[[Path], None], line: str, data: Path) -> None:
    harm(data)
    said = sentinel(data, "verify", str(edition(data)))
    assert said.code == 1
    (complaint,) = said.err.splitlines()
    assert re.fullmatch(f"sentinel: {line}", complaint), complaint
    assert "1 fault;" in said.last


def test_a_recipient_needs_the_public_key_alone(data: Path, tmp_path: Path) -> None:
    there = tmp_path / "there" / "daily" / "2025-01-03" / "r1"
    shutil.copytree(edition(data), there)
    (key,) = (data / "editions").glob("signing-*.pub")
    empty = tmp_path / "empty"
    empty.mkdir()
    unchecked = sentinel(empty, "verify", str(there))
    assert unchecked.code == 1
    assert unchecked.complaints == [
        f"sentinel: signature not checked: {empty / 'keys'} holds no public key; name one: --public-key"
    ]
    assert "0 faults; signature not checked; previous edition daily/2025-01-02/r1 is not here" in unchecked.last
    checked = sentinel(empty, "verify", str(there), "--public-key", str(key))
    assert (checked.code, checked.err) == (0, "")
    assert list(empty.iterdir()) == []


def test_a_key_that_is_named_is_the_only_one_that_counts(data: Path, tmp_path: Path) -> None:
    other = signing_key(tmp_path / "other").public_key()
    hand_out(other, [tmp_path])
    (key,) = tmp_path.glob("signing-*.pub")
    said = sentinel(data, "verify", str(edition(data)), "--public-key", str(key))
    assert said.code == 1
    assert re.fullmatch(rf"sentinel: manifest\.json: is signed with the key {KEY}, not with {KEY}\n", said.err)
    for wrong in (edition(data) / "manifest.json", data / KEYS / "signing.key", data / "none.pub"):
        refused = sentinel(data, "verify", str(edition(data)), "--public-key", str(wrong))
        assert (refused.code, len(refused.complaints)) == (2, 1)
