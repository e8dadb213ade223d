from datetime import timedelta
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS
from sentinel_pipeline.exports.origins import Files
from sentinel_pipeline_tests.exports.test_rows import NOON
from sentinel_pipeline_tests.lake.secrets import storage
from sentinel_pipeline_tests.statistics import frames


def given(origin: Files, window: Window | None = None) -> pl.DataFrame:
    return origin.rows(ALERTS, window, Path("/nowhere"), lambda _: None).collect()


def test_files_of_the_lake_give_their_rows_in_the_tables_columns(tmp_path: Path) -> None:
    first, second = tmp_path / "1.parquet", tmp_path / "2.parquet"
    frames.alerts({"raised_at": NOON}).write_parquet(first)
    frames.alerts({"raised_at": NOON + timedelta(hours=1)}).write_parquet(second)
    rows = given(Files([first, second]))
    assert rows.schema == ALERTS.schema
    assert rows.height == 2
    narrowed = given(Files([first, second]), Window(NOON, NOON + timedelta(hours=1)))
    assert narrowed["raised_at"].to_list() == [NOON]


def test_an_encrypted_lake_gives_the_same_rows(tmp_path: Path) -> None:
    path, lake = tmp_path / "1.parquet", storage("env:NEW")
    table = frames.alerts({"raised_at": NOON})
    lake.write(table, path, 3)
    origin = Files([path], [(ALERTS, path)], lake)
    assert given(origin).equals(table.select(ALERTS.schema.names()))
    assert [(table, batch.height) for table, batch in origin.inventories()] == [(ALERTS, 1)]


def test_no_file_is_no_row() -> None:
    origin = Files([])
    assert given(origin).is_empty()
    assert origin.quarantined == 0
