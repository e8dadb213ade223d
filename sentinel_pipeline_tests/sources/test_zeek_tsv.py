from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_pipeline.sources import logblocks, logchunks
from sentinel_pipeline.sources.logblocks import read_blocks
from sentinel_pipeline_tests.sources.zeek_logs import COLUMNS, conn, instant, put, read, tsv


def test_time_is_exact_to_the_microsecond(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", tsv([conn(ts="1258531221.486539"), conn(ts="4102444799.999999"), conn(ts="1258531221")]))
    assert [str(one) for one in read(tmp_path).rows["started_at"]] == [
        "2009-11-18 08:00:21.486539+00:00",
        "2099-12-31 23:59:59.999999+00:00",
        "2009-11-18 08:00:21+00:00",
    ]


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("#separator \\x09", "#separator\t\\x09"),
        lambda text: "### a comment of somebody\n#another\n" + text,
        lambda text: "\n" + text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.split("#close")[0],
        lambda text: text.replace("#types", "# a comment\n#types"),
        lambda text: text.replace("#separator \\x09\n", ""),
        lambda text: "\t".join(COLUMNS) + "\n" + text.split("#types")[1].split("\n", 1)[1].split("#close")[0],
        lambda text: text.replace("#path\tconn", "#path\t_0_0_2"),
        lambda text: text.replace("#", "//"),
        lambda text: text.replace("#separator \\x09", "#separator \\x7c").replace("\t", "|"),
        lambda text: text.replace("#unset_field\t-", "#unset_field\tNIL").replace("\t-", "\tNIL"),
        lambda text: text.replace("id.orig_", "id_orig_").replace("id.resp_", "id_resp_"),
        lambda text: text.replace("id.orig_h", "src").replace("id.resp_h", "dst"),
        lambda text: text.replace("id.orig_h", "src_ip").replace("id.orig_p", "src_port"),
    ],
)
def test_every_way_to_write_a_header_gives_the_same_rows(tmp_path: Path, changed: object) -> None:
    assert callable(changed)
    text = tsv([conn(), conn(uid="C2", duration=None)])
    put(tmp_path, "plain/conn.log", text)
    put(tmp_path, "changed/conn.log", changed(text))
    plain, other = read(tmp_path / "plain"), read(tmp_path / "changed")
    assert other.rows.equals(plain.rows)
    assert plain.rows.height == 2
    assert other.reasons == []


def test_columns_are_found_by_name_and_strange_ones_ignored(tmp_path: Path) -> None:
    columns = ("_write_ts", "_inner.a", *reversed(COLUMNS), "site")
    put(tmp_path, "conn.log", tsv([conn(_write_ts="1", site="x")], columns))
    assert read(tmp_path).rows.equals(read(put(tmp_path, "two/conn.log", tsv([conn()]))).rows)


def test_the_dotted_name_wins(tmp_path: Path) -> None:
    row = {**conn(), "id_orig_h": "192.0.2.1"}
    put(tmp_path, "conn.log", tsv([row], ("id_orig_h", *COLUMNS)))
    assert read(tmp_path).row["device_ip"] == "192.168.1.10"


def test_a_header_in_the_middle_starts_again_with_its_own_columns(tmp_path: Path) -> None:
    text = tsv([conn(uid="C1")]) + tsv([conn(uid="C2")], tuple(reversed(COLUMNS))) + tsv([conn()], path="dns")
    put(tmp_path, "conn.log", text + tsv([conn(uid="C3")], is_closed=False))
    found = read(tmp_path)
    assert found.rows["connection_id"].to_list() == ["C1", "C2", "C3"]
    assert found.reasons == []


def test_connections_behind_another_log_are_found(tmp_path: Path) -> None:
    put(tmp_path, "dns.log", tsv([conn()], path="dns") + tsv([conn(uid="C3")]))
    assert read(tmp_path).rows["connection_id"].to_list() == ["C3"]


def test_a_header_that_straddles_two_blocks_is_one_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tsv([conn(uid=f"C{n}") for n in range(20)]) + tsv([conn(uid=f"D{n}") for n in range(20)])
    put(tmp_path, "conn.log", text)
    for size in range(80, 700, 31):
        monkeypatch.setattr(logchunks, "read_blocks", lambda path, total, block=size: read_blocks(path, total, block))
        found = read(tmp_path)
        assert (found.rows.height, found.reasons) == (40, [])


def test_too_few_and_too_many_fields_are_told_with_their_line(tmp_path: Path) -> None:
    good = tsv([conn()], is_closed=False)
    put(tmp_path, "conn.log", good + "1780000000.1\tC2\n" + good.split("\n")[8] + "\tx\n\n" + good.split("\n")[8])
    found = read(tmp_path)
    assert found.rows.height == 2
    assert found.reasons == [("conn.log:10", "too_few_fields"), ("conn.log:11", "too_many_fields")]
    assert found.bad["record"][0] == "1780000000.1\tC2"


def test_a_conn_log_without_what_it_must_have_is_kept_aside_whole(tmp_path: Path) -> None:
    put(tmp_path, "a.log", tsv([]))
    put(tmp_path, "conn.log", "uid\tservice\thistory\nC1\thttp\tShADad\n")
    put(tmp_path, "late.log", tsv([conn()]) + tsv([conn()], ("ts", "uid", "id.orig_h", "id.resp_h")))
    found = read(tmp_path)
    assert found.rows.height == 1
    assert found.reasons == [
        ("conn.log", "missing_columns: ts, id.orig_h, id.resp_h, proto"),
        ("late.log:17", "missing_columns: proto"),
    ]


def test_a_header_cut_before_its_columns_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.log", tsv([]))
    put(tmp_path, "conn.log", tsv([]).split("#fields")[0])
    put(tmp_path, "rows.log", tsv([]).split("#fields")[0] + "1\t2\n3\t4\n")
    assert read(tmp_path).reasons == [("conn.log", "no_fields"), ("rows.log", "no_fields")]


@pytest.mark.parametrize(
    ("logged", "read_as"),
    [
        (b"caf\\xc3\\xa9", "café"),
        (b"\\xff\\xfe", "\\xff\\xfe"),
        (b"\xff", "\\xff"),
        ("naïve".encode(), "naïve"),
        (b"\\x2d", "-"),
        (b"a\x00b", "a\x00b"),
        (b"\\x09tab", "\ttab"),
        (b'"quoted', '"quoted'),
        (b"=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        (b"x" * 3_000_000, "x" * 3_000_000),
        ("\u202e\u2028".encode(), "\u202e\u2028"),
    ],
)
def test_hostile_texts_stay_data(tmp_path: Path, logged: bytes, read_as: str) -> None:
    put(tmp_path, "conn.log", tsv([conn(uid="@@"), conn()]).encode().replace(b"@@", logged))
    found = read(tmp_path)
    assert found.rows["connection_id"].to_list() == [read_as, "CExample1"]
    assert found.reasons == []


def test_services_may_have_a_separator_of_their_own(tmp_path: Path) -> None:
    text = tsv([conn(service="ssl;http")]).replace("#set_separator\t,", "#set_separator\t;")
    put(tmp_path, "conn.log", text)
    assert read(tmp_path).row["service"] == "http,ssl"


def test_many_blocks_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "conn.log", tsv([conn(uid=f"C{n}", id_orig_p=str(65_500 + n)) for n in range(99)]), packed=True)
    whole = read(tmp_path)
    monkeypatch.setattr(logblocks, "PIECE", 37)
    monkeypatch.setattr(logchunks, "read_blocks", lambda path, total, *_: read_blocks(path, total, 400))
    parts = read(tmp_path)
    assert parts.rows.equals(whole.rows)
    assert parts.bad.sort("location").equals(whole.bad.sort("location"))
    assert whole.rows["started_at"][0] == instant("2026-05-28T20:26:40.123456")


def test_a_folder_of_logs_that_cannot_be_used_is_reachable_and_says_so(tmp_path: Path) -> None:
    put(tmp_path, "conn.log", "uid\tservice\thistory\nC1\thttp\tShADad\n")
    found = read(tmp_path)
    assert found.rows.is_empty()
    assert [reason.split(":")[0] for _, reason in found.reasons] == ["missing_columns"]
