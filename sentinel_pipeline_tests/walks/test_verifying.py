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


def manifest_of(days: Path, key: str) -> Path:
    return days / key / "r1" / "manifest.json"


def edit_the_middle(days: Path) -> None:
    manifest = manifest_of(days, "2025-01-02")
    manifest.write_text(manifest.read_text().replace("Europe/Berlin", "Europe/London"))


def remove_the_middle(days: Path) -> None:
    shutil.rmtree(days / "2025-01-02")


def exchange_the_oldest(days: Path) -> None:
    first, second = days / "2025-01-01", days / "2025-01-02"
    first.rename(days / "kept")
    second.rename(first)
    (days / "kept").rename(second)


def exchange_signatures(days: Path) -> None:
    """The middle edition has the signature of the oldest, and the oldest that of the middle one."""
    places = [manifest_of(days, key) for key in ("2025-01-01", "2025-01-02")]
    texts = [place.read_text() for place in places]
    values = [json.loads(text)["signature"]["value"] for text in texts]
    for place, text, own, other in zip(places, texts, values, values[::-1], strict=True):
        place.write_text(text.replace(own, other))


MIDDLE_CHANGED = "chain: the manifest of daily/2025-01-02/r1 is not the one that daily/2025-01-03/r1 names"


@pytest.mark.parametrize(
    ("harm", "line", "of_the_middle"),
    [
        (edit_the_middle, MIDDLE_CHANGED, "manifest.json: was changed after it was signed"),
        (
            remove_the_middle,
            "chain: cut: daily/2025-01-02/r1 is missing, which daily/2025-01-03/r1 follows,"
            " though older editions are here",
            "is no published edition: it has no manifest.json",
        ),
        (exchange_the_oldest, MIDDLE_CHANGED, "manifest.json: belongs to daily/2025-01-01/r1, not to this folder"),
        (exchange_signatures, MIDDLE_CHANGED, "manifest.json: its signature was changed: the key "),
    ],
)
def test_on_a_copy_with_the_public_key_alone_the_first_broken_link_is_named(
    harm: Callable[[Path], None], line: str, of_the_middle: str, data: Path, tmp_path: Path
) -> None:
    copy, empty = tmp_path / "copy", tmp_path / "empty"
    shutil.copytree(data / "editions" / "daily", copy / "daily")
    empty.mkdir()
    (key,) = (data / "editions").glob("signing-*.pub")
    newest = str(copy / "daily" / "2025-01-03" / "r1")
    whole = sentinel(empty, "verify", newest, "--public-key", str(key))
    assert (whole.code, whole.err) == (0, "")
    assert whole.last.endswith("2 links back to daily/2025-01-01/r1")
    harm(copy / "daily")
    said = sentinel(empty, "verify", newest, "--public-key", str(key))
    assert (said.code, said.complaints) == (1, [f"sentinel: {line}"])
    middle = sentinel(empty, "verify", str(copy / "daily" / "2025-01-02" / "r1"), "--public-key", str(key))
    assert middle.code == (2 if harm is remove_the_middle else 1)
    assert any(of_the_middle in complaint for complaint in middle.complaints), middle.complaints
    assert list(empty.iterdir()) == []


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
