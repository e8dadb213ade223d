from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.lake.key_rotation import encrypt_all, standing
from sentinel_pipeline.lake.keys import Key
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline_tests.lake.secrets import storage

NEW, OLD = (Key(bytes(range(start, start + 32))).fingerprint for start in (0, 32))
TABLE = pl.DataFrame({"n": [1, 2, 3], "text": ["a", None, "ü"]})


def lake_at(root: Path, *references: str) -> Lake:
    return Lake(root, storage(*references))


def test_a_lake_says_how_it_lies(tmp_path: Path) -> None:
    assert standing(lake_at(tmp_path)).startswith(f"not encrypted: whoever reads {tmp_path} reads every record")
    assert standing(lake_at(tmp_path, "env:NEW")) == f"encrypted with AES-256-GCM, key {NEW}"
    lake_at(tmp_path).write("facts/alerts", "1", TABLE)
    lake_at(tmp_path, "env:OLD").write("facts/alerts", "2", TABLE)
    lake_at(tmp_path, "env:NEW").write("facts/alerts", "3", TABLE)
    assert standing(lake_at(tmp_path, "env:NEW", "env:OLD")) == (
        f"encrypted with AES-256-GCM, key {NEW}; 1 file in clear from before; 1 file under the older key {OLD};"
        " `sentinel encrypt` encrypts all with the newest key"
    )
    for keys in ((), ("env:NEW",)):
        with pytest.raises(UsageError, match=f"2.parquet: is encrypted.* {OLD}"):
            standing(lake_at(tmp_path, *keys))


def test_everything_comes_under_the_newest_key_and_says_what_it_said(tmp_path: Path) -> None:
    clear, lake = lake_at(tmp_path), lake_at(tmp_path, "env:NEW", "env:OLD")
    clear.write_keeping("statistics/hours", "1", TABLE)
    first = clear.version("statistics/hours", "1")
    clear.write_keeping("statistics/hours", "1", TABLE.head(1))
    second = clear.version("statistics/hours", "1")
    lake_at(tmp_path, "env:OLD").write("statistics/hours", "2", TABLE)
    lake.write("statistics/hours", "3", TABLE)
    assert encrypt_all(lake) == 3
    assert encrypt_all(lake) == 0
    assert standing(lake) == f"encrypted with AES-256-GCM, key {NEW}"
    newest_only = lake_at(tmp_path, "env:NEW")
    for partition, version, table in (("1", first, TABLE), ("1", second, TABLE.head(1)), ("2", first, TABLE)):
        read = newest_only.read_version("statistics/hours", partition, version)
        assert read is not None
        assert read.equals(table)
    assert all(b"PAR1" not in path.read_bytes() for path in tmp_path.rglob("*.parquet"))


def test_two_names_of_one_file_stay_one(tmp_path: Path) -> None:
    lake = lake_at(tmp_path, "env:NEW")
    lake_at(tmp_path).write("extracts/home/alerts", "1", TABLE)
    extract, fact = lake.path("extracts/home/alerts", "1"), lake.path("facts/alerts", "1")
    fact.parent.mkdir(parents=True)
    fact.hardlink_to(extract)
    assert encrypt_all(lake) == 2
    assert extract.samefile(fact)
    assert lake.read("facts/alerts", "1").equals(TABLE)


def test_without_a_key_nothing_is_encrypted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no key to encrypt with; give lake\.encryption_key"):
        encrypt_all(lake_at(tmp_path))


def test_a_file_that_somebody_replaces_meanwhile_is_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_at(tmp_path, "env:NEW")
    lake_at(tmp_path).write("a", "1", TABLE)
    scan = type(lake.storage).scan

    def replaced(self: object, path: Path) -> pl.LazyFrame:
        lake_at(tmp_path).write("a", "1", TABLE.head(2))
        return scan(lake.storage, path)

    monkeypatch.setattr(type(lake.storage), "scan", replaced)
    with pytest.raises(SentinelError, match=r"1\.parquet was replaced meanwhile; encrypt when nothing else is running"):
        encrypt_all(lake)
    monkeypatch.undo()
    assert lake.read("a", "1").equals(TABLE.head(2))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1.parquet"]
