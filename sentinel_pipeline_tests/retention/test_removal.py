"""Files are deleted below the data folder and nowhere else, whatever was put in their way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake.whole_files import write_whole
from sentinel_pipeline.lake.working_copy import fresh, look_again
from sentinel_pipeline.retention.removal import remove, remove_empty
from sentinel_pipeline.retention.stock import File, files_below
from sentinel_pipeline_tests.retention.worlds import files, write
from sentinel_pipeline_tests.s3 import copy_at


def seen(data: Path, root: str = "exports") -> list[File]:
    return sorted(files_below(data, root), key=lambda file: file.path)


def test_files_that_were_seen_are_deleted_and_what_that_frees_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "exports/a.csv", "12345")
    write(tmp_path, "exports/deep/b.csv", "123")
    (tmp_path / "exports/c.csv").hardlink_to(tmp_path / "exports/a.csv")
    (tmp_path / "kept").hardlink_to(tmp_path / "exports/deep/b.csv")
    assert remove(tmp_path, seen(tmp_path)) == (3, 5), "two names of one file free it once, one of two not at all"
    assert files(tmp_path) == {"kept"}


def test_what_is_gone_or_was_replaced_since_is_left(tmp_path: Path) -> None:
    first, second, third = (write(tmp_path, f"exports/{name}.csv") for name in "abc")
    found = seen(tmp_path)
    first.unlink()
    second.unlink()
    write(tmp_path, "exports/b.csv", "new")
    os.utime(third, (1, 1))
    assert remove(tmp_path, found) == (0, 0)
    assert files(tmp_path) == {"exports/b.csv", "exports/c.csv"}


def test_links_are_neither_seen_nor_followed(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/precious.csv")
    data = tmp_path / "data"
    write(data, "exports/own.csv")
    (data / "exports/file.csv").symlink_to(outside)
    (data / "exports/folder").symlink_to(outside.parent)
    (data / "outbox").symlink_to(outside.parent)
    assert [file.path for file in seen(data)] == ["exports/own.csv"]
    assert seen(data, "outbox") == []


@pytest.mark.parametrize("step", ["exports", "exports/day"])
def test_a_folder_that_becomes_a_link_in_between_is_not_entered(step: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data, "exports/day/a.csv")
    found = seen(data)
    (data / step).rename(tmp_path / "moved")
    (data / step).symlink_to(tmp_path / "moved")
    with pytest.raises(SentinelError, match="cannot be deleted from"):
        remove(data, found)
    assert len(files(tmp_path / "moved")) == 1


def test_a_file_that_becomes_a_link_in_between_is_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file = write(data, "exports/a.csv")
    found = seen(data)
    file.rename(tmp_path / "precious.csv")
    file.symlink_to(tmp_path / "precious.csv")
    assert remove(data, found) == (0, 0)
    assert (tmp_path / "precious.csv").exists()
    assert file.is_symlink()


def test_no_path_leads_out_of_the_data_folder(tmp_path: Path) -> None:
    outside = write(tmp_path, "precious.csv")
    status = outside.stat()
    climbing = File("exports/../../precious.csv", 1, status.st_ino, status.st_mtime_ns)
    (tmp_path / "data/exports").mkdir(parents=True)
    with pytest.raises(SentinelError, match="leads elsewhere"):
        remove(tmp_path / "data", [climbing])
    assert outside.exists()


def test_a_folder_that_may_not_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    write(tmp_path, "exports/a.csv")
    found = seen(tmp_path)
    (tmp_path / "exports").rename(tmp_path / "moved")
    (tmp_path / "exports").write_text("a file")
    with pytest.raises(SentinelError, match=r"exports: cannot be deleted from: Not a directory"):
        remove(tmp_path, found)


def test_only_empty_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    write(tmp_path, "a/file")
    remove_empty(tmp_path, ["a", "a/b", "a/b/c", "a/gone"])
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_in_a_bucket_what_was_seen_is_deleted_there_and_from_the_copy(store: Store, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for data in (here, there):
        copy_at(data, store)
    for name in "abc":
        write_whole(here / "exports" / f"{name}.csv", name.encode() * 5)
    assert fresh(there / "exports" / "a.csv").read_text() == "aaaaa"
    found = seen(there)
    assert [(file.path, file.bytes) for file in found] == [(f"exports/{name}.csv", 5) for name in "abc"]
    write_whole(here / "exports" / "b.csv", b"replaced")
    assert remove(there, found) == (2, 10)
    assert [file.path for file in seen(there)] == ["exports/b.csv"]
    assert list((there / "exports").iterdir()) == []
    assert files(here / "exports") == {"a.csv", "b.csv", "c.csv"}, "until somebody asks for them there"
    look_again(here / "exports")
    assert not fresh(here / "exports" / "c.csv").exists()
