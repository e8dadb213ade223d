from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel_pipeline.sources import logblocks
from sentinel_pipeline.sources.logblocks import Block, Lines, read_blocks
from sentinel_pipeline.sources.logfiles import find_log_files, fingerprint_of
from sentinel_pipeline_tests.sources.zeek_logs import put


def names(location: Path | str) -> list[str]:
    return [file.name for file in find_log_files(str(location))]


def blocks_of(path: Path, block: int = 16) -> list[Block]:
    return list(read_blocks(str(path), path.stat().st_size, block))


def test_a_folder_is_searched_recursively_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.log", "2026-05-02/a.log", "2026-05-01/z.log", "2026-05-01/deep/er/a.log"):
        put(tmp_path, name, "x")
    assert names(tmp_path) == ["2026-05-01/deep/er/a.log", "2026-05-01/z.log", "2026-05-02/a.log", "b.log"]


def test_a_location_is_a_folder_a_file_or_a_glob(tmp_path: Path) -> None:
    for name in ("a/conn.log", "b/conn.log", "b/dns.log"):
        put(tmp_path, name, "x")
    assert names(tmp_path / "a/conn.log") == ["conn.log"]
    assert names(tmp_path / "*/conn*") == ["a/conn.log", "b/conn.log"]
    assert names(tmp_path / "**/*.log") == ["a/conn.log", "b/conn.log", "b/dns.log"]
    assert names(tmp_path / "[b]") == ["b/conn.log", "b/dns.log"]
    assert names(tmp_path / "c*") == []


def test_a_name_with_glob_characters_is_itself(tmp_path: Path) -> None:
    put(tmp_path, "[conn] 13:00:00-14:00:00.log", "x")
    assert names(tmp_path / "[conn] 13:00:00-14:00:00.log") == ["[conn] 13:00:00-14:00:00.log"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    put(tmp_path, "spool/conn.log", "x")
    (tmp_path / "spool/again").symlink_to(tmp_path / "spool")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/current").symlink_to(tmp_path / "spool")
    assert names(tmp_path / "logs") == ["current/conn.log"]


def test_a_dangling_link_is_found_with_its_problem(tmp_path: Path) -> None:
    (tmp_path / "conn.log").symlink_to(tmp_path / "gone")
    assert [(file.name, file.problem) for file in find_log_files(str(tmp_path))] == [
        ("conn.log", "No such file or directory")
    ]


def test_pipes_and_sockets_and_hidden_files_are_no_logs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    put(tmp_path, ".shadow.conn.log", "x")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(tmp_path / "s"))
        assert names(tmp_path) == []


def test_a_name_that_is_no_text_becomes_text(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/conn\xff.log")).write_bytes(b"x")
    assert names(tmp_path) == ["conn\\xff.log"]


def test_the_fingerprint_changes_with_every_change(tmp_path: Path) -> None:
    def told() -> str:
        return fingerprint_of(find_log_files(str(tmp_path)))

    seen = [told()]
    log = put(tmp_path, "conn.log", "x")
    seen.append(told())
    os.utime(log, ns=(1, 1))
    seen.append(told())
    log.rename(tmp_path / "conn2.log")
    seen.append(told())
    assert len(set(seen)) == 4
    assert told() == seen[-1]


@given(st.binary(max_size=300), st.integers(3, 40), st.integers(1, 40), st.booleans())
def test_blocks_hold_every_line_once_with_its_number(data: bytes, size: int, step: int, is_packed: bool) -> None:
    data = data.replace(b"x", b"\n") or b"\n"
    stored = gzip.compress(data) if is_packed else data
    pieces = (stored[at : at + step] for at in range(0, len(stored), step))
    unpacked = logblocks.inflated(pieces) if is_packed else pieces
    assume(not data.startswith(logblocks.BYTE_ORDER_MARK))
    lines = [(b.line + n, one) for b in Lines(size).blocks(unpacked) for n, one in enumerate(b.data.split(b"\n"))]
    told = data.split(b"\n")
    expected = list(enumerate(told if told[-1] else told[:-1], start=1))
    assert lines == expected


def test_gzip_is_known_by_its_content_and_may_have_many_members(tmp_path: Path) -> None:
    path = put(tmp_path, "conn.log", gzip.compress(b"a\nb") + gzip.compress(b"c\n") + b"\0" * 100)
    assert blocks_of(path) == [Block(1, b"a\nbc")]


def test_a_cut_gzip_gives_the_whole_lines_before_the_cut_and_one_flaw(tmp_path: Path) -> None:
    lines = b"".join(b"line %d %s\n" % (n, os.urandom(20).hex().encode()) for n in range(200))
    path = put(tmp_path, "conn.log.gz", gzip.compress(lines)[:-3_000])
    *good, flaw = blocks_of(path)
    text = b"\n".join(block.data for block in good)
    assert lines.startswith(text + b"\n" + flaw.data)
    assert text.count(b"\n") > 30
    assert (flaw.flaw, flaw.line) == ("truncated_gzip", text.count(b"\n") + 2)


def test_a_wrong_byte_in_a_gzip_does_not_cost_what_stands_before_it(tmp_path: Path) -> None:
    lines = b"".join(b"line %d %s\n" % (n, os.urandom(20).hex().encode()) for n in range(2_000))
    packed = bytearray(gzip.compress(lines))
    packed[-8] ^= 0xFF  # the checksum
    assert [block.flaw for block in blocks_of(put(tmp_path, "a.gz", bytes(packed)), 1 << 20)] == ["", "truncated_gzip"]
    middle = gzip.compress(lines[:20_000]) + b"\x1f\x8bnonsense"
    good, flaw = blocks_of(put(tmp_path, "b.gz", middle), 1 << 20)
    assert good.data + b"\n" + flaw.data == lines[:20_000]


def test_a_line_without_end_is_cut_and_reading_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logblocks, "LINE_LIMIT", 100)
    path = put(tmp_path, "conn.log", b"a\n" + b"x" * 1_000 + b"\nb\n")
    assert [(b.line, b.data[:3], b.flaw) for b in blocks_of(path)] == [
        (1, b"a", ""),
        (2, b"xxx", "line_too_long"),
        (3, b"b", ""),
    ]


def test_no_more_is_read_than_was_there_when_the_file_was_listed(tmp_path: Path) -> None:
    path = put(tmp_path, "conn.log", b"a\nb\nc\n")
    assert list(read_blocks(str(path), 4)) == [Block(1, b"a\nb")]
