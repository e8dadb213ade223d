import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.publishing.editions import Edition, publish
from sentinel_pipeline.publishing.signatures import manifest_bytes, signed
from sentinel_pipeline.publishing.signing_keys import KEYS, signing_key
from sentinel_pipeline.publishing.verification import Verdict
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.publishing.worlds import examined

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
LAST = "daily/2025-01-04/r1"


def edition(editions: Path, key: str, content: str = "1") -> Edition:
    rendered = editions.parent / "rendered"
    rendered.write_text(content)
    return publish(editions, day(key), {"a": rendered}, {}, {"figures_hash": content})


@pytest.fixture
def editions(tmp_path: Path) -> Path:
    for key in DAYS:
        edition(tmp_path / "editions", key)
    return tmp_path / "editions"


def place(editions: Path, key: str) -> Path:
    return editions / "daily" / key / "r1"


def bend(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a manifest and signs it with the right key: only the chain can tell."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    key = signing_key(folder.parents[3] / KEYS)
    (folder / "manifest.json").write_bytes(manifest_bytes(signed(manifest, key)))


def rename(folder: Path) -> None:
    bend(folder, lambda manifest: manifest.update(generator="Somebody else"))


def last(editions: Path) -> Verdict:
    return examined(editions / LAST)


def test_a_whole_chain_is_walked_to_its_first_edition(editions: Path) -> None:
    assert last(editions).faults == ()
    assert last(editions).chain == "follows daily/2025-01-03/r1, 3 links back to daily/2025-01-01/r1"
    assert examined(place(editions, "2025-01-01")).chain == "first of its chain"


@pytest.mark.parametrize(("bent", "naming"), [("2025-01-03", "04"), ("2025-01-02", "03"), ("2025-01-01", "02")])
def test_the_link_to_a_changed_manifest_is_named_however_far_back(bent: str, naming: str, editions: Path) -> None:
    rename(place(editions, bent))
    assert examined(place(editions, bent)).faults == ()
    assert last(editions).chain == "broken"
    assert last(editions).faults == (
        f"chain: the manifest of daily/{bent}/r1 is not the one that daily/2025-01-{naming}/r1 names",
    )


def test_of_several_broken_links_the_first_is_named(editions: Path) -> None:
    for key in DAYS[:3]:
        rename(place(editions, key))
    assert last(editions).faults == (
        "chain: the manifest of daily/2025-01-03/r1 is not the one that daily/2025-01-04/r1 names",
    )


@pytest.mark.parametrize(("taken", "naming"), [("2025-01-03", "04"), ("2025-01-02", "03")])
def test_a_chain_that_was_cut_is_said(taken: str, naming: str, editions: Path) -> None:
    shutil.rmtree(place(editions, taken).parent)
    assert last(editions).chain == "broken"
    assert last(editions).faults == (
        f"chain: cut: daily/{taken}/r1 is missing, which daily/2025-01-{naming}/r1 follows,"
        " though older editions are here",
    )


def test_a_revision_taken_from_between_others_cuts_the_chain(tmp_path: Path) -> None:
    for content in "123":
        newest = edition(tmp_path / "editions", "2025-01-01", content)
    assert newest.revision == 3
    shutil.rmtree(newest.folder.with_name("r2"))
    assert examined(newest.folder).faults == (
        "chain: cut: daily/2025-01-01/r2 is missing, which daily/2025-01-01/r3 follows, though older editions are here",
    )


def test_a_chain_whose_oldest_editions_were_put_away_holds_as_far_as_it_goes(editions: Path) -> None:
    shutil.rmtree(place(editions, "2025-01-01").parent)
    assert last(editions).faults == ()
    assert last(editions).chain == (
        "follows daily/2025-01-03/r1, 2 links back to daily/2025-01-02/r1;"
        " daily/2025-01-01/r1 before it is not here to check"
    )
    for key in DAYS[1:3]:
        shutil.rmtree(place(editions, key).parent)
    assert (last(editions).faults, last(editions).chain) == (
        (),
        "previous edition daily/2025-01-03/r1 is not here to check",
    )


def test_manifests_alone_keep_a_chain_whole(editions: Path) -> None:
    for key in DAYS[:3]:
        (place(editions, key) / "a").unlink()
    assert last(editions).faults == ()


def test_days_published_out_of_their_order_are_one_chain_each(tmp_path: Path) -> None:
    for key in ("2025-01-01", "2025-01-03", "2025-01-02", "2025-01-04"):
        edition(tmp_path / "editions", key)
    chains = [examined(place(tmp_path / "editions", key)).chain for key in DAYS]
    assert chains == [
        "first of its chain",
        "follows daily/2025-01-01/r1, 1 link back to daily/2025-01-01/r1",
        "follows daily/2025-01-01/r1, 1 link back to daily/2025-01-01/r1",
        "follows daily/2025-01-03/r1, 2 links back to daily/2025-01-01/r1",
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "r1",
        {},
        {"edition": "daily/2025-01-03/r1"},
        {"edition": 7, "manifest_sha256": ""},
        {"edition": "../../../etc/r1", "manifest_sha256": ""},
        {"edition": "daily/../r1", "manifest_sha256": ""},
    ],
)
def test_what_is_no_reference_is_not_followed(reference: object, editions: Path) -> None:
    bend(editions / LAST, lambda manifest: manifest.update(previous_edition=reference))
    assert last(editions).faults == (f"chain: previous_edition of {LAST} is not a reference",)
