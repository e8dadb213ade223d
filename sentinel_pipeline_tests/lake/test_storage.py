"""Tables of every type through encrypted files and back, what such files show, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars._typing import PolarsDataType

from sentinel_pipeline.domain.errors import DamagedFileError, UsageError
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.lake.encryption import LABEL_BYTES, MARK, file_key, label_of
from sentinel_pipeline.lake.keys import Key
from sentinel_pipeline.lake.storage import CLEAR, sha256
from sentinel_pipeline_tests.lake.secrets import storage

COLUMNS: tuple[tuple[str, PolarsDataType], ...] = (
    ("name", pl.String),
    ("at", INSTANT),
    ("count", pl.Int64),
    ("share", pl.Float64),
    ("is_on", pl.Boolean),
    ("types", pl.List(pl.String)),
)
SCHEMA = pl.Schema(COLUMNS)
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
        st.none() | st.datetimes(timezones=st.just(UTC), allow_imaginary=False),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
        st.none() | st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=3),
    ),
    max_size=30,
)
NAME = "Klartext-4711-unverwechselbar"
LEVEL = 3


def many(rows: int) -> pl.DataFrame:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "name": [f"{NAME} {number}" for number in range(rows)],
            "at": [start + timedelta(seconds=number) for number in range(rows)],
            "count": range(rows),
            "share": [number / 3 for number in range(rows)],
            "is_on": [number % 2 == 0 for number in range(rows)],
            "types": [[f"t{number % 3}"] for number in range(rows)],
        },
        schema=SCHEMA,
    )


@given(ROWS)
def test_any_table_comes_back_as_it_was_whoever_wrote_it(rows: list[tuple[object, ...]]) -> None:
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    lake = storage("env:NEW")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        lake.write(table, path, LEVEL)
        assert lake.scan(path).collect().equals(table)
        lake.sink(table.lazy(), path, LEVEL)
        assert lake.scan(path).collect().equals(table)
        arrow = table.to_arrow()
        with lake.writer(path, arrow.schema, 1) as writer:
            writer.write_table(arrow)
        assert lake.scan(path).collect().equals(table)
        assert lake.scan(path).collect_schema() == SCHEMA


@pytest.mark.parametrize("writer", ["write", "sink", "grow"])
def test_many_row_groups_can_be_narrowed_sliced_and_numbered(writer: str, tmp_path: Path) -> None:
    table, lake, path = many(5_000), storage("env:NEW"), tmp_path / "a.parquet"
    if writer == "grow":
        arrow = table.to_arrow()
        with lake.writer(path, arrow.schema, 1, use_dictionary=["name"]) as growing:
            growing.write_table(arrow, row_group_size=500)
    elif writer == "write":
        lake.write(table, path, LEVEL)
    else:
        lake.sink(table.lazy(), path, LEVEL)
    rows = lake.scan(path)
    assert rows.filter(pl.col("count") == 4_321).collect().equals(table[4_321:4_322])
    assert rows.filter(pl.col("name") == "nobody").collect().is_empty()
    assert rows.slice(2_222, 3).collect().equals(table[2_222:2_225])
    assert rows.with_row_index("row").filter(pl.col("row") == 777).drop("row").collect().equals(table[777:778])
    assert rows.select(pl.len(), pl.col("share").sum()).collect(engine="streaming").row(0) == (
        5_000,
        pytest.approx(table["share"].sum()),
    )


def test_nothing_of_a_table_can_be_read_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = many(1_000)
    lake = storage("env:NEW")
    for is_streamed in (False, True):
        lake.sink(table.lazy(), path, LEVEL) if is_streamed else lake.write(table, path, LEVEL)
        content = path.read_bytes()
        for shown in (b"PAR1", NAME.encode(), b"ARROW", b"share", b"sentinel.data_version"):
            assert shown not in content
        with pytest.raises(pl.exceptions.ComputeError, match="encrypted"):
            pl.read_parquet(path)
        with pytest.raises(OSError, match="encrypted"):
            pq.read_table(path)


def test_a_reader_of_encrypted_parquet_needs_only_the_file_key(tmp_path: Path) -> None:
    path, table = tmp_path / "a.parquet", many(10)
    storage("env:NEW").write(table, path, LEVEL)
    label = label_of(path)
    assert label is not None
    assert (label.startswith(MARK), len(label)) == (True, LABEL_BYTES)
    key = file_key(Key(bytes(range(32))), label)
    read = pq.read_table(path, decryption_properties=key.arrow_decryption())
    assert pl.DataFrame(read).equals(table)


def test_every_file_has_a_key_of_its_own(tmp_path: Path) -> None:
    lake = storage("env:NEW")
    labels = set()
    for number in range(5):
        lake.write(many(3), tmp_path / f"{number}.parquet", LEVEL)
        labels.add(label_of(tmp_path / f"{number}.parquet"))
    assert len(labels) == 5
    assert len({file_key(Key(bytes(range(32))), label).secret for label in labels if label}) == 5


def test_the_data_version_is_that_of_the_file_in_clear(tmp_path: Path) -> None:
    clear, sealed = tmp_path / "clear.parquet", tmp_path / "sealed.parquet"
    CLEAR.write(many(1_000), clear, LEVEL)
    lake = storage("env:NEW")
    for _ in range(2):
        lake.write(many(1_000), sealed, LEVEL)
        assert lake.digest(sealed) == CLEAR.digest(clear) == sha256(clear)
    lake.write(many(999), sealed, LEVEL)
    assert lake.digest(sealed) != CLEAR.digest(clear)


def test_old_keys_read_and_the_newest_writes(tmp_path: Path) -> None:
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    storage("env:OLD").write(many(2), old, LEVEL)
    both = storage("env:NEW", "env:OLD")
    both.write(many(3), new, LEVEL)
    assert both.scan_all([old, new]).collect().height == 5
    assert storage("env:NEW").scan(new).collect().height == 3
    for without in (storage("env:NEW"), CLEAR):
        for read in (without.scan, without.digest, without.require_key):
            with pytest.raises(UsageError, match="is encrypted"):
                read(old)


def test_files_in_clear_and_encrypted_are_read_as_one(tmp_path: Path) -> None:
    clear, sealed = tmp_path / "clear.parquet", tmp_path / "sealed.parquet"
    CLEAR.write(pl.DataFrame({"n": [1], "gone": ["x"]}), clear, LEVEL)
    lake = storage("env:NEW")
    lake.write(pl.DataFrame({"later": ["y"], "n": [2]}), sealed, LEVEL)
    schema = pl.Schema({"n": pl.Int64, "later": pl.String})
    assert lake.scan_all([clear, sealed], schema).collect().rows() == [(1, None), (2, "y")]
    with pytest.raises(pl.exceptions.PolarsError):
        lake.scan_all([clear, sealed]).collect()


@pytest.mark.parametrize("where", ["magic", "label", "footer", "data", "cut"])
def test_a_damaged_file_is_never_read_as_if_it_were_whole(where: str, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    lake = storage("env:NEW")
    lake.write(many(1_000), path, LEVEL)
    content = bytearray(path.read_bytes())
    mark = content.index(MARK)
    place = {"magic": len(content) - 1, "label": mark, "footer": mark + LABEL_BYTES + 100, "data": 100, "cut": 0}[where]
    content[place] ^= 1
    path.write_bytes(content[:-100] if where == "cut" else content)
    with pytest.raises((DamagedFileError, pl.exceptions.ComputeError)):
        lake.scan(path).collect()


def test_a_footer_that_was_changed_has_no_version(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    lake = storage("env:NEW")
    lake.write(many(10), path, LEVEL)
    content = bytearray(path.read_bytes())
    content[content.index(MARK) + LABEL_BYTES + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"a\.parquet: is damaged, .*remove it, and publish again"):
        lake.digest(path)
