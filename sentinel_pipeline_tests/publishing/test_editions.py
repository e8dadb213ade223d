import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.publishing.editions import Edition, damage, publish, revisions, upcoming_revision
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.publishing.worlds import examined

TODAY = day("2025-10-26")
PUBLISHES = """
import sys
from pathlib import Path
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline_tests.clocks import day
file = Path(sys.argv[2])
edition = publish(Path(sys.argv[1]), day("2025-10-26"), {"tables/big.csv": file}, {}, {"figures_hash": "1"})
print(edition.revision, edition.is_new)
"""
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


def published(editions: Path, files: dict[str, bytes], key: str = "2025-10-26", figures: str = "1") -> Edition:
    sources = {}
    for number, (name, content) in enumerate(files.items()):
        path = editions.parent / f"rendered-{number}"
        path.write_bytes(content)
        sources[name] = path
    return publish(editions, day(key), sources, {"tables/a.csv": 3}, {"figures_hash": figures})


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[Path]:
    """A disk of 256 kB."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_the_first_publication_is_r1_and_says_what_is_in_it(tmp_path: Path) -> None:
    edition = published(tmp_path / "editions", {"report.pdf": b"pdf", "tables/a.csv": b"a\r\n"})
    assert (edition.revision, edition.is_new, edition.name) == (1, True, "daily/2025-10-26/r1")
    assert edition.files == ("report.pdf", "tables/a.csv")
    manifest = json.loads((edition.folder / "manifest.json").read_bytes())
    assert manifest["edition"] == "daily/2025-10-26/r1"
    assert manifest["previous_edition"] is None
    assert manifest["timezone"] == "Europe/Berlin"
    assert manifest["period"] == {
        "start": "2025-10-26T00:00:00+02:00",
        "end": "2025-10-27T00:00:00+01:00",
        "hours": 25.0,
        "words": "Sunday 26 October 2025",
    }
    assert [(entry["name"], entry["bytes"], entry["rows"]) for entry in manifest["files"]] == [
        ("report.pdf", 3, None),
        ("tables/a.csv", 3, 3),
    ]
    assert edition.folder.stat().st_mode & 0o777 == 0o755


def test_the_same_bytes_publish_nothing(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"report.pdf": b"pdf"})
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = published(tmp_path / "editions", {"report.pdf": b"pdf"})
    assert (again.revision, again.is_new, again.folder) == (1, False, first.folder)
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


@pytest.mark.parametrize("files", [{"report.pdf": b"other"}, {"other.pdf": b"pdf"}, {"report.pdf": b"pdf", "b": b""}])
def test_other_bytes_are_r2_and_r1_stays_as_it_was(files: dict[str, bytes], tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"report.pdf": b"pdf"})
    manifest = (first.folder / "manifest.json").read_bytes()
    second = published(tmp_path / "editions", files)
    assert (second.revision, second.is_new) == (2, True)
    assert (first.folder / "manifest.json").read_bytes() == manifest
    assert (first.folder / "report.pdf").read_bytes() == b"pdf"
    assert examined(first.folder).faults == ()
    assert examined(second.folder).chain == "follows daily/2025-10-26/r1, 1 link back to daily/2025-10-26/r1"
    third = published(tmp_path / "editions", {"report.pdf": b"pdf"})
    assert third.revision == 3


def test_an_edition_follows_the_newest_of_the_period_before_it(tmp_path: Path) -> None:
    for key, content in (("2025-10-20", b"1"), ("2025-10-24", b"1"), ("2025-10-24", b"2"), ("2025-10-28", b"1")):
        published(tmp_path / "editions", {"a": content}, key)
    chain = examined(published(tmp_path / "editions", {"a": b"1"}).folder).chain
    assert chain == "follows daily/2025-10-24/r2, 3 links back to daily/2025-10-20/r1"


def test_a_damaged_revision_is_never_overwritten_nor_its_number_given_again(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    (first.folder / "manifest.json").unlink()
    assert revisions(first.folder.parent) == []
    assert upcoming_revision(tmp_path / "editions", TODAY, "1") == 2
    second = published(tmp_path / "editions", {"a": b"1"})
    assert (second.revision, second.is_new) == (2, True)
    assert (first.folder / "a").read_bytes() == b"1"
    assert examined(second.folder).chain == "first of its chain"


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"2"), lambda file: file.unlink()])
def test_the_same_bytes_are_published_again_when_those_of_the_newest_revision_were_damaged(
    harm: Callable[[Path], None], tmp_path: Path
) -> None:
    editions = tmp_path / "editions"
    first = published(editions, {"a": b"1", "b": b"1"})
    harm(first.folder / "a")
    before = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    assert upcoming_revision(editions, TODAY, "1") == 2
    second = published(editions, {"a": b"1", "b": b"1"})
    assert (second.revision, second.is_new) == (2, True)
    assert {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()} == before
    assert examined(second.folder).faults == ()
    assert upcoming_revision(editions, TODAY, "1") == 2
    assert not published(editions, {"a": b"1", "b": b"1"}).is_new


def test_a_file_put_beside_the_published_ones_is_no_damage(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    (first.folder / "note.txt").write_bytes(b"mine")
    assert damage(first.folder) == []
    assert not published(tmp_path / "editions", {"a": b"1"}).is_new


@pytest.mark.parametrize("manifest", [b"{", b"[]", b'{"files": 1}', b'{"files": ["a"]}', b'{"files": [{}]}'])
def test_a_manifest_that_lists_nothing_is_damage(manifest: bytes, tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    (first.folder / "manifest.json").write_bytes(manifest)
    assert damage(first.folder) == ["manifest.json: lists no files"]
    assert published(tmp_path / "editions", {"a": b"1"}).revision == 2


def test_a_manifest_changed_after_it_was_signed_is_damage(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    written = (first.folder / "manifest.json").read_bytes()
    (first.folder / "manifest.json").write_bytes(written.replace(b"Europe/Berlin", b"Europe/London"))
    assert damage(first.folder) == ["manifest.json: was changed after it was signed"]
    second = published(tmp_path / "editions", {"a": b"1"})
    assert (second.revision, examined(second.folder).faults) == (2, ())


def test_an_edition_of_before_manifests_were_signed_is_no_damage_but_does_not_verify(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    manifest = json.loads((first.folder / "manifest.json").read_bytes()) | {"signature": None}
    (first.folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    assert damage(first.folder) == []
    assert not published(tmp_path / "editions", {"a": b"1"}).is_new
    assert examined(first.folder).faults == ("manifest.json: is not signed: its signature was removed, or never there",)


def test_a_new_key_does_not_publish_the_same_bytes_again(tmp_path: Path) -> None:
    first = published(tmp_path / "editions", {"a": b"1"})
    (tmp_path / "keys" / "signing.key").unlink()
    assert not published(tmp_path / "editions", {"a": b"1"}).is_new
    assert examined(first.folder).faults == ()


def test_a_key_that_is_none_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.key").write_bytes(b"")
    with pytest.raises(PublishingError, match=r"signing\.key: is no Ed25519 private key"):
        published(tmp_path / "editions", {"a": b"1"})
    assert revisions(tmp_path / "editions" / "daily" / TODAY.key) == []


def test_the_upcoming_revision_is_told_by_the_figures(tmp_path: Path) -> None:
    editions = tmp_path / "editions"
    assert upcoming_revision(editions, TODAY, "1") == 1
    published(editions, {"a": b"1"}, figures="1")
    assert upcoming_revision(editions, TODAY, "1") == 1
    assert upcoming_revision(editions, TODAY, "2") == 2


def test_what_a_crash_left_behind_is_no_edition_and_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "editions" / "daily" / TODAY.key
    (folder / ".staging-crashed").mkdir(parents=True)
    (folder / ".staging-crashed" / "report.pdf").write_bytes(b"half")
    assert revisions(folder) == []
    published(tmp_path / "editions", {"a": b"1"})
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "r1"]


def test_two_publishers_at_once_make_one_r1(tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    file.write_bytes(os.urandom(1 << 20))
    command = [sys.executable, "-c", PUBLISHES, str(tmp_path / "editions"), str(file)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert said == ["1 False", "1 True"]
    assert revisions(tmp_path / "editions" / "daily" / TODAY.key) == [1]
    assert examined(tmp_path / "editions" / "daily" / TODAY.key / "r1").faults == ()


def test_a_file_that_is_gone_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="No such file or directory; nothing was left behind"):
        publish(tmp_path / "editions", TODAY, {"a": tmp_path / "gone"}, {}, {})
    assert revisions(tmp_path / "editions" / "daily" / TODAY.key) == []


@NEEDS_ROOT
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as small:
        (tmp_path / "big").write_bytes(bytes(1 << 20))
        (tmp_path / "little").write_bytes(b"1")
        files = {"a": tmp_path / "little", "big": tmp_path / "big"}
        with pytest.raises(PublishingError, match="No space left on device; nothing was left behind"):
            publish(small / "editions", TODAY, files, {}, {})
        folder = small / "editions" / "daily" / TODAY.key
        assert [path.name for path in folder.iterdir()] == [".lock"]
        assert publish(small / "editions", TODAY, {"a": tmp_path / "little"}, {}, {}).revision == 1


@NEEDS_ROOT
def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as small:
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        (tmp_path / "little").write_bytes(b"1")
        with pytest.raises(PublishingError) as refusal:
            publish(small / "editions", TODAY, {"a": tmp_path / "little"}, {}, {})
    assert str(refusal.value).endswith("cannot publish: Read-only file system; nothing was left behind")
    assert len(str(refusal.value).splitlines()) == 1
