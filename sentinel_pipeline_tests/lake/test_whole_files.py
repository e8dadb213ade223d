import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sentinel_pipeline.lake.whole_files import appearing, replacing, replacing_folder, write_whole

DIES = """
import os, sys
from pathlib import Path
from sentinel_pipeline.lake.whole_files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    os._exit(9)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_process_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and whole")
    died = subprocess.run([sys.executable, "-c", DIES, str(path)], check=False)
    assert died.returncode == 9
    assert path.read_bytes() == b"old and whole"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def broken() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "c", b"x")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"x"


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "taken", b"new")
    assert names(tmp_path) == ["taken"]


def test_of_many_new_files_of_one_name_none_replaces_another(tmp_path: Path) -> None:
    many = 8
    together = Barrier(many)

    def written(content: int) -> Path:
        with appearing(tmp_path / "alerts.csv", is_new=True) as file:
            file.temporary.write_text(str(content))
            together.wait()
        return file.path

    with ThreadPoolExecutor(many) as writers:
        paths = list(writers.map(written, range(many)))
    assert [path.read_text() for path in paths] == [str(content) for content in range(many)]
    assert names(tmp_path) == sorted(["alerts.csv", *(f"alerts_{number}.csv" for number in range(2, many + 1))])


def test_a_new_file_that_fails_takes_no_name(tmp_path: Path) -> None:
    def broken() -> None:
        with appearing(tmp_path / "alerts.csv", is_new=True) as file:
            file.temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert names(tmp_path) == []


def test_writing_files_whole_needs_no_polars() -> None:
    said = "import sys, sentinel_pipeline.lake.whole_files; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0


def test_a_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    charts = tmp_path / "charts" / "1"
    with replacing_folder(charts) as folder:
        (folder / "old").write_bytes(b"")

    def broken() -> None:
        with replacing_folder(charts) as folder:
            (folder / "new").write_bytes(b"")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert names(charts) == ["old"]
    with replacing_folder(charts) as folder:
        (folder / "new").write_bytes(b"")
    assert names(charts) == ["new"]
    assert names(tmp_path / "charts") == ["1"]
