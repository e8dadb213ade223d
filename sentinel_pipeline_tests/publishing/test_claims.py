import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from sentinel_pipeline.domain.errors import StoreError
from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake import objects as objects_module
from sentinel_pipeline.lake.mirror import Mirror
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.lake.working_copy import look_again
from sentinel_pipeline.publishing import claims
from sentinel_pipeline.publishing.editions import Edition, damage, previous_edition, published_keys, revisions
from sentinel_pipeline.publishing.signing_keys import signing_key
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.publishing.test_editions import published
from sentinel_pipeline_tests.s3 import copy_at, harmful

FOLDER = Path("daily") / "2025-10-26"
CLAIM = "editions/.revisions/daily/2025-10-26.r1"


def machines(folder: Path, store: Store, *names: str) -> list[Path]:
    """Folders of editions on machines that share a bucket and a signing key."""
    for name in names:
        copy_at(folder / name, store)
        (folder / name / "keys").mkdir(exist_ok=True)
        (folder / name / "keys" / "signing.key").write_bytes(_key(folder))
        (folder / name / "keys" / "signing.key").chmod(0o600)
    return [folder / name / "editions" for name in names]


def _key(folder: Path) -> bytes:
    signing_key(folder / "handed out")
    return (folder / "handed out" / "signing.key").read_bytes()


def test_an_edition_is_found_from_an_empty_copy(store: Store, tmp_path: Path) -> None:
    here, there = machines(tmp_path, store, "here", "there")
    first = published(here, {"report.pdf": b"pdf", "facts.json": b"{}", "tables/a.csv": b"a"})
    assert published_keys(there, "daily") == ["2025-10-26"]
    assert revisions(there / FOLDER) == [1]
    assert damage(there / FOLDER / "r1") == []
    files = sorted(path for path in (there / FOLDER / "r1").rglob("*") if path.is_file())
    for path in files:
        assert path.read_bytes() == (first.folder / path.relative_to(there / FOLDER / "r1")).read_bytes()
        assert path.stat().st_mtime == (first.folder / path.relative_to(there / FOLDER / "r1")).stat().st_mtime
    assert len(files) == 4


def test_what_has_no_manifest_is_no_edition(store: Store, tmp_path: Path) -> None:
    here, there = machines(tmp_path, store, "here", "there")
    published(here, {"report.pdf": b"pdf"})
    copy_at(tmp_path / "here", store).delete(["editions/daily/2025-10-26/r1/manifest.json"])
    assert revisions(there / FOLDER) == []
    assert published_keys(there, "daily") == []


def test_the_same_bytes_from_another_machine_publish_nothing(store: Store, tmp_path: Path) -> None:
    here, there = machines(tmp_path, store, "here", "there")
    published(here, {"report.pdf": b"pdf"})
    again = published(there, {"report.pdf": b"pdf"})
    assert (again.revision, again.is_new) == (1, False)
    other = published(there, {"report.pdf": b"other"})
    assert (other.revision, other.is_new) == (2, True)
    look_again(here)
    assert revisions(here / FOLDER) == [1, 2]
    chain = json.loads((other.folder / "manifest.json").read_bytes())["previous_edition"]
    assert chain == previous_edition(here, day("2025-10-26"), 2)


def test_of_several_machines_with_the_same_bytes_one_publishes(store: Store, tmp_path: Path) -> None:
    editions = machines(tmp_path, store, *"abcd")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda one: published(one, {"report.pdf": b"pdf", "b": b"b"}), editions))
    assert {edition.revision for edition in made} == {1}
    assert [seen.key for seen in Objects(store).below("editions/daily") if seen.key.endswith("manifest.json")] == [
        "editions/daily/2025-10-26/r1/manifest.json"
    ]


def test_of_several_machines_with_other_bytes_each_gets_a_number(store: Store, tmp_path: Path) -> None:
    names = "abc"
    editions = machines(tmp_path, store, *names)

    def publish(number: int) -> Edition:
        return published(editions[number], {"report.pdf": names[number].encode(), f"{number}": b"x"})

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(publish, range(3)))
    assert sorted(edition.revision for edition in made) == [1, 2, 3]
    (empty,) = machines(tmp_path, store, "empty")
    for number, edition in enumerate(made):
        folder = empty / FOLDER / f"r{edition.revision}"
        assert damage(folder) == []
        assert sorted(path.name for path in folder.iterdir()) == [f"{number}", "manifest.json", "report.pdf"]


def test_a_publication_that_died_is_ended_by_the_next_try_elsewhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever died before the manifest was there: nothing is published, and the same number is published then."""
    monkeypatch.setattr(objects_module, "TRIES", 1)
    files = {f"{number}.csv": f"{number}".encode() for number in range(20)}
    puts = iter(range(10_000))

    def harm(method: str, path: str) -> int | None:
        return 500 if method == "PUT" and "/r1/" in path and next(puts) > 8 else None

    with harmful(store.endpoint, harm) as endpoint:
        (here,) = machines(tmp_path, replace(store, endpoint=endpoint), "here")
        with pytest.raises(StoreError, match="answered 500"):
            published(here, files)
        assert revisions(here / FOLDER) == []
        assert list((here / FOLDER).rglob("*.csv")) == []
    (there,) = machines(tmp_path, store, "there")
    assert revisions(there / FOLDER) == []
    edition = published(there, files)
    assert (edition.revision, edition.is_new) == (1, True)
    assert damage(edition.folder) == []


def left_by_who_died(store: Store, monkeypatch: pytest.MonkeyPatch) -> Objects:
    """A number that somebody took, and two of his files; he is given up soon."""
    monkeypatch.setattr(claims, "GIVEN_UP_SECONDS", 0.2)
    monkeypatch.setattr(claims, "WATCHED_SECONDS", 0.05)
    objects = Objects(store)
    objects.put(CLAIM, b"of somebody who died")
    objects.put("editions/daily/2025-10-26/r1/left.csv", b"left")
    objects.put("editions/daily/2025-10-26/r1/report.pdf", b"another")
    return objects


def test_a_number_is_taken_over_from_who_died_with_other_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = left_by_who_died(store, monkeypatch)
    (here,) = machines(tmp_path, store, "here")
    edition = published(here, {"report.pdf": b"pdf"})
    assert (edition.revision, edition.is_new) == (1, True)
    names = [seen.key.rpartition("/")[2] for seen in objects.below("editions/daily")]
    assert sorted(names) == ["manifest.json", "report.pdf"]
    assert damage(edition.folder) == []


def test_nothing_is_put_over_what_was_published(store: Store, tmp_path: Path) -> None:
    """Somebody slow, whose claim was taken over, comes with his files when the number is published."""
    here, slow = machines(tmp_path, store, "here", "slow")
    edition = published(here, {"report.pdf": b"pdf"})
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "manifest.json").write_bytes(b"{}")
    assert not claims.put_edition(staging, slow / FOLDER / "r1", "of another")
    assert damage(edition.folder) == []


def test_who_died_after_taking_a_number_over_gets_on_with_it_the_next_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is ours already, and what lies there is still another's."""
    objects = left_by_who_died(store, monkeypatch)
    (here,) = machines(tmp_path, store, "here")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Mirror, "delete", dies)
        with pytest.raises(StoreError, match="killed"):
            published(here, {"report.pdf": b"pdf", "b": b"b"})
    edition = published(here, {"report.pdf": b"pdf", "b": b"b"})
    assert (edition.revision, edition.is_new) == (1, True)
    names = [seen.key.rpartition("/")[2] for seen in objects.below("editions/daily")]
    assert sorted(names) == ["b", "manifest.json", "report.pdf"]


def dies(*_: object) -> None:
    raise StoreError("killed")


def test_who_was_taken_over_while_he_paused_makes_no_edition_of_mixed_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "GIVEN_UP_SECONDS", 0.2)
    monkeypatch.setattr(claims, "WATCHED_SECONDS", 0.05)
    slow, there = machines(tmp_path, store, "slow", "there")
    objects, put, pauses = Objects(store), Mirror.send_finals, iter([True])

    def paused(copy: Mirror, files: Mapping[Path, Path]) -> None:
        put(copy, files)
        if next(pauses, False):
            objects.put(CLAIM, b"of another")
            objects.put("editions/daily/2025-10-26/r1/report.pdf", b"of another")

    monkeypatch.setattr(Mirror, "send_finals", paused)
    edition = published(slow, {"report.pdf": b"pdf", "b": b"b"})
    assert edition.is_new
    assert revisions(there / FOLDER) == [1]
    assert damage(there / FOLDER / "r1") == []


def test_a_service_that_was_away_is_no_death_of_who_claimed_before(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits could not look either, and the other one gets on as soon as he can."""
    monkeypatch.setattr(claims, "GIVEN_UP_SECONDS", 0.5)
    monkeypatch.setattr(claims, "WATCHED_SECONDS", 0.1)
    slow, here = machines(tmp_path, store, "slow", "here")
    objects, looks, read = Objects(store), iter(range(10_000)), Objects.read
    objects.put(CLAIM, b"of who is slow")
    objects.put("editions/daily/2025-10-26/r1/report.pdf", b"slow")

    def away(self: Objects, key: str) -> object:
        look = next(looks) if key == CLAIM else 0
        if look == 2:
            sleep(1)
        if look == 3:
            objects.put("editions/daily/2025-10-26/r1/manifest.json", b"{}")
        return read(self, key)

    monkeypatch.setattr(Objects, "read", away)
    edition = published(here, {"report.pdf": b"pdf"})
    assert (edition.revision, edition.is_new) == (2, True)
    assert revisions(slow / FOLDER) == [1, 2]


def test_what_tells_of_an_edition_is_not_what_somebody_put_who_died(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal looks at any moment: also while there are files of a revision that is published with others."""
    monkeypatch.setattr(claims, "GIVEN_UP_SECONDS", 0.2)
    monkeypatch.setattr(claims, "WATCHED_SECONDS", 0.05)
    here, portal = machines(tmp_path, store, "here", "portal")
    objects = Objects(store)
    objects.put(CLAIM, b"of somebody who died")
    objects.put("editions/daily/2025-10-26/r1/facts.json", b"of somebody who died")
    assert revisions(portal / FOLDER) == []
    published(here, {"facts.json": b"{}"})
    look_again(portal)
    assert published_keys(portal, "daily") == ["2025-10-26"]
    assert (portal / FOLDER / "r1" / "facts.json").read_bytes() == b"{}"


@pytest.mark.parametrize("first", ["a file of it is asked for", "its chain is verified"])
def test_an_edition_is_told_whole_whatever_of_it_was_looked_at_first(store: Store, tmp_path: Path, first: str) -> None:
    here, portal = machines(tmp_path, store, "here", "portal")
    published(here, {"facts.json": b"{}", "words.json": b"{}"})
    if first == "its chain is verified":
        claims.fetch_manifests(portal / "daily")
    else:
        assert claims.is_edition(portal / FOLDER / "r1")
    assert revisions(portal / FOLDER) == [1]
    assert sorted(path.name for path in (portal / FOLDER / "r1").iterdir()) == [
        "facts.json",
        "manifest.json",
        "words.json",
    ]
