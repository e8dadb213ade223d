import os
from pathlib import Path

from sentinel_pipeline.lake.copy_notes import CopyNotes


def noted(data: Path, key: str, tag: str = '"one"') -> CopyNotes:
    path = data / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    notes = CopyNotes(data, 1_000)
    notes.write(key, tag, path)
    return notes


def test_a_file_is_of_the_object_it_was_noted_of(tmp_path: Path) -> None:
    notes = noted(tmp_path, "lake/a/.withdrawn.json")
    assert notes.is_of("lake/a/.withdrawn.json", '"one"')
    assert notes.holds("lake/a/.withdrawn.json")
    assert not notes.is_of("lake/a/.withdrawn.json", '"two"')
    assert not notes.is_of("lake/a/.withdrawn.json", None)
    assert notes.is_of("lake/b", None)
    assert not notes.is_of("lake/b", '"one"')
    assert list(notes.below("lake")) == ["lake/a/.withdrawn.json"]


def test_a_file_that_was_written_over_or_touched_is_of_none(tmp_path: Path) -> None:
    notes = noted(tmp_path, "lake/a")
    os.utime(tmp_path / "lake/a", ns=(0, 1))
    assert not notes.holds("lake/a")
    notes = noted(tmp_path, "lake/a")
    other = tmp_path / "lake/other"
    other.write_text("content")
    other.replace(tmp_path / "lake/a")
    assert not notes.holds("lake/a")


def test_what_is_removed_leaves_no_note(tmp_path: Path) -> None:
    notes = noted(tmp_path, "lake/a")
    notes.become_copy_of("s3://reports")
    notes.remove("lake/a")
    assert list(notes.below("")) == []
    assert not (tmp_path / "lake/a").exists()
    assert notes.address == "s3://reports"
