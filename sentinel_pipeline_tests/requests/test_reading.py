"""Request files are data: small, plain, and never followed anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import RequestError
from sentinel_pipeline.requests.reading import MOST_BYTES, content_of, document


def mistakes(name: str, content: bytes) -> list[str]:
    with pytest.raises(RequestError) as error:
        document(name, content)
    return error.value.mistakes


def test_yaml_and_json_say_the_same() -> None:
    said = document("a.yaml", b"last: 7d\nwindow: {since: 2025-03-01}\n")
    assert said.content == document("a.json", b'{"last": "7d", "window": {"since": "2025-03-01"}}').content
    assert said.lines["window.since"] == 2


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.yaml", b"\xff\xfe", "a.yaml: is not UTF-8 text; save it as UTF-8"),
        ("a.yaml", b"last: [7d", "a.yaml: line 1: is not YAML"),
        ("a.yaml", b"last: 7d\nlast: 8d", "a.yaml: last: found twice; a key may stand once (line 2)"),
        ("a.yaml", b"a: &a [x]\nb: *a", "a.yaml: holds an alias (*name); write out what it stands for"),
        ("a.yaml", b"last: !!python/object/apply:os.system [id]", "a.yaml: line 1: is not YAML"),
        ("a.yaml", b"[" * 60_000, "a.yaml: is nested too deeply"),
        ("a.yaml", b"- " * 30_000, "a.yaml: is nested too deeply"),
        ("a.yaml", b"? " * 30_000, "a.yaml: is nested too deeply"),
        ("a.yaml", b"last: \x00", "a.yaml: is not YAML"),
        ("a.json", b'{"last": }', "a.json: line 1: is not JSON: Expecting value"),
        ("a.json", b'{"last": "7d", "last": "8d"}', "a.json: last: found twice; a key may stand once"),
        ("a.json", b"[" * 60_000, "a.json: is nested too deeply"),
        ("a.json", b"1" * 60_000, "a.json: is not JSON: Exceeds the limit"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(name: str, content: bytes, line: str) -> None:
    (said,) = mistakes(name, content)
    assert said.startswith(line)


def test_a_few_lines_of_aliases_do_not_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert mistakes("a.yaml", bomb.encode()) == ["a.yaml: holds an alias (*name); write out what it stands for"]


def test_a_name_full_of_control_signs_stays_on_one_line() -> None:
    (said,) = mistakes("a\n\x1b[2J.yaml", b"[")
    assert said.isprintable()


def test_what_is_no_small_file_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("last: 7d")
    (tmp_path / "link.yaml").symlink_to(secret)
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    said = {}
    for name in ("link", "folder", "pipe", "huge"):
        with pytest.raises(RequestError) as error:
            content_of(tmp_path / f"{name}.yaml")
        said[name] = str(error.value)
    assert said == {
        "link": "link.yaml: is a link; put the file itself here",
        "folder": "folder.yaml: is no file",
        "pipe": "pipe.yaml: is no file",
        "huge": "huge.yaml: is larger than 64 kB; a request is a few lines",
    }
    assert content_of(secret) == b"last: 7d"
