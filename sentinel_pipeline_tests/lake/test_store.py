import os
from pathlib import Path
from time import time_ns

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.lake import store
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.lake.store import Lake, read_json, write_json

ONE, TWO = pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [2]})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_partitions_are_read_back_and_missing_ones_said(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("facts/alerts", "2025-01-01", ONE)
    assert lake.has("facts/alerts", "2025-01-01")
    assert lake.read("facts/alerts", "2025-01-01").equals(ONE)
    with pytest.raises(SentinelError, match="facts/alerts has no partition 2025-01-02; materialize it first"):
        lake.read("facts/alerts", "2025-01-02")


def test_several_partitions_are_one_table_in_the_schema_asked_for(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    schema = pl.Schema({"n": pl.Int64, "later": pl.String})
    assert lake.read_all("a", ["1", "2"], schema).schema == schema
    lake.write("a", "1", ONE.with_columns(gone=pl.lit("x")))
    lake.write("a", "3", TWO.select(later=pl.lit("y"), n="n"))
    assert lake.read_all("a", ["1", "2", "3"], schema).rows() == [(1, None), (2, "y")]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_sums_over_many_partitions_are_those_over_all_their_rows(
    at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SUMMED_AT_ONCE", at_once)
    lake, schema = Lake(tmp_path), pl.Schema({"count": pl.Int64, "name": pl.String, "bytes": pl.Int64})
    days: list[list[tuple[int, str | None, int]]] = [
        [(1, "b", 2**60), (2, None, 3)],
        [(4, "a", 5)],
        [(8, "b", 7), (16, None, 9)],
    ]
    for number, rows in enumerate(days):
        lake.write("a", str(number), pl.DataFrame(rows, schema=schema, orient="row"))
    made = lake.read_all("a", ["0", "1", "missing", "2"], schema, ("count", "bytes"))
    assert made.rows() == [(18, None, 12), (4, "a", 5), (9, "b", 2**60 + 7)]


def test_a_stamp_changes_when_a_partition_is_replaced(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.stamp("a", "1") is None
    lake.write("a", "1", ONE)
    before = lake.stamp("a", "1")
    assert before is not None
    assert before == lake.stamp("a", "1")
    lake.write("a", "1", ONE)
    assert lake.stamp("a", "1") != before


def test_a_name_with_a_pattern_in_it_is_only_a_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "[a]*")
    lake.write("a", "1", ONE)
    assert lake.read("a", "1").equals(ONE)
    assert lake.read_all("a", ["1"], ONE.schema).equals(ONE)


def test_a_superseded_version_stays_readable(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_keeping("a", "1", ONE)
    first = lake.version("a", "1")
    lake.write_keeping("a", "1", ONE)
    assert names(tmp_path / "a") == ["1.parquet", "superseded"]
    assert names(tmp_path / "a" / "superseded") == []
    lake.write_keeping("a", "1", TWO)
    second = lake.version("a", "1")
    assert lake.read("a", "1").equals(TWO)
    for version, table in ((first, ONE), (second, TWO)):
        kept = lake.read_version("a", "1", version)
        assert kept is not None
        assert kept.equals(table)
    lake.write_keeping("a", "1", ONE)
    assert lake.read_version("a", "1", second) is not None
    assert lake.read_version("a", "1", "0" * 64) is None


def test_a_damaged_version_is_no_version(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_keeping("a", "1", ONE)
    first = lake.version("a", "1")
    lake.write_keeping("a", "1", TWO)
    lake.version_path("a", "1", first).write_bytes(b"damaged")
    assert lake.read_version("a", "1", first) is None


def test_json_is_sorted_and_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert read_json(path) == {}
    write_json(path, {"b": "ü", "a": 1})
    assert path.read_text(encoding="utf-8") == '{\n "a": 1,\n "b": "ü"\n}'
    assert read_json(path) == {"a": 1, "b": "ü"}
    for damage in (b"[1]", b"{", b"\xff"):
        path.write_bytes(damage)
        assert read_json(path) == {}


def test_a_version_is_the_sha256_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_is_settled_once_it_was_left_alone_and_changes_with_any_partition(tmp_path: Path) -> None:
    lake, now = Lake(tmp_path), time_ns()
    assert lake.settled("a", now) is None
    lake.write("a", "2025-01-01", pl.DataFrame({"n": [1]}))
    later = time_ns() + 10**10
    assert lake.settled("a", time_ns()) is None
    first = lake.settled("a", later)
    assert first == lake.settled("a", later)
    os.utime(tmp_path / "a", (1, 1))
    quiet = lake.settled("a", time_ns())
    assert quiet is not None
    lake.write("a", "2025-01-01", pl.DataFrame({"n": [2]}))
    assert lake.settled("a", time_ns()) is None
    assert lake.settled("a", time_ns() + 10**10) not in (first, quiet)
