from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import StoreError
from sentinel_pipeline.domain.stores import Store, declare
from sentinel_pipeline.lake.filling import Moved
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.editions import damage, published_keys
from sentinel_pipeline.publishing.filling import fill_store
from sentinel_pipeline_tests.publishing.test_editions import published
from sentinel_pipeline_tests.s3 import copy_at

TABLE = pl.DataFrame({"n": [1]})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that stands for itself."""
    data = tmp_path / "data"
    Lake(data / "lake").write("facts/alerts", "2025-10-26", TABLE)
    published(data / "editions", {"report.pdf": b"pdf", "tables/a.csv": b"a"})
    (data / "exports" / ".states").mkdir(parents=True)
    (data / "exports" / ".states" / "s.json").write_text("{}")
    (data / "exports" / "a.csv").write_text("a")
    return data


def test_a_folder_moves_whole_and_is_a_working_copy_then(data: Path, store: Store, tmp_path: Path) -> None:
    moved = fill_store(data, store)
    assert [(one.room, one.files) for one in moved] == [("lake", 1), ("editions", 4), ("exports", 1)]
    copy_at(tmp_path / "other", store)
    other = tmp_path / "other" / "editions"
    assert published_keys(other, "daily") == ["2025-10-26"]
    assert damage(other / "daily" / "2025-10-26" / "r1") == []
    assert Lake(tmp_path / "other" / "lake").read("facts/alerts", "2025-10-26").equals(TABLE)
    declare(data, store)
    again = published(data / "editions", {"report.pdf": b"pdf", "tables/a.csv": b"a"})
    assert (again.revision, again.is_new) == (1, False)
    assert (data / "exports" / ".states" / "s.json").exists()


def test_moved_twice_is_moved_once(data: Path, store: Store) -> None:
    first = fill_store(data, store)
    before = {seen.key: seen for seen in Objects(store).below("")}
    assert fill_store(data, store) == first
    assert {seen.key: seen for seen in Objects(store).below("")} == before


def test_what_the_bucket_holds_is_not_written_over(data: Path, store: Store) -> None:
    Objects(store).put("lake/facts/alerts/2025-10-26.parquet", b"of somebody else")
    with pytest.raises(
        StoreError, match=r"2025-10-26.parquet: there is something else; name a prefix that holds nothing"
    ):
        fill_store(data, store)
    found = Objects(store).read("lake/facts/alerts/2025-10-26.parquet")
    assert found is not None
    assert found[0] == b"of somebody else"
    assert fill_store(data, replace(store, prefix="empty"))[0] == Moved(
        "lake", 1, (data / "lake" / "facts" / "alerts" / "2025-10-26.parquet").stat().st_size
    )
