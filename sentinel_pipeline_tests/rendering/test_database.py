import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from sentinel_pipeline.rendering.database import write_sqlite
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.rendering.hostile import shared_texts
from sentinel_pipeline_tests.statistics.frames import utc

NOON = utc("2025-07-01T10:00:00")


def written(table: pl.DataFrame, path: Path, title: str = "alerts") -> Path:
    assert write_sqlite(table, path, Spelling(BERLIN, title)) == table.height
    return path


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_columns_have_types_and_values_keep_theirs(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "source": ["home", None],
            "raised_at": [NOON, NOON + timedelta(microseconds=5)],
            "count": [2**63 - 1, None],
            "score": [0.1, float("nan")],
            "is_open": [True, False],
            "labels": [["b", None], None],
        },
        schema_overrides={"raised_at": pl.Datetime("us", "UTC")},
    )
    path = written(table, tmp_path / "a.sqlite")
    columns = asked(path, "SELECT name, type FROM pragma_table_info('alerts')")
    assert columns == [
        ("source", "TEXT"),
        ("raised_at", "TEXT"),
        ("count", "INTEGER"),
        ("score", "REAL"),
        ("is_open", "INTEGER"),
        ("labels", "TEXT"),
    ]
    assert asked(path, "SELECT * FROM alerts") == [
        ("home", "2025-07-01T10:00:00+00:00", 2**63 - 1, 0.1, 1, '["b",null]'),
        (None, "2025-07-01T10:00:00.000005+00:00", None, None, 0, None),
    ]
    assert asked(path, "SELECT name FROM sqlite_schema") == [("alerts",)]


def test_hostile_text_and_names_are_text_and_names(tmp_path: Path) -> None:
    texts = [text for text in shared_texts() if text.isprintable() or "\0" not in text]
    name = 'a"; DROP TABLE alerts; --'
    path = written(pl.DataFrame({name: texts}), tmp_path / "a.sqlite", 'al"erts')
    assert [row[0] for row in asked(path, 'SELECT * FROM "al""erts"')] == texts
    assert json.loads(json.dumps(asked(path, "SELECT name FROM sqlite_schema"))) == [['al"erts']]


def test_no_rows_are_a_table(tmp_path: Path) -> None:
    path = written(pl.DataFrame(schema={"a": pl.String}), tmp_path / "a.sqlite")
    assert asked(path, "SELECT count(*) FROM alerts") == [(0,)]
