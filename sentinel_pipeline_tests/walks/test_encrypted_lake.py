"""A house whose lake is encrypted: the same editions, no record readable below the lake, keys that come and go."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, HOSTILE, make_house, sentinel

NEW = base64.b64encode(bytes(range(100, 132))).decode()
OLD = base64.b64encode(bytes(range(132, 164))).decode()
# No two equal bytes in a row, nothing that a compression could shorten.
MARKER = "q7Zk0VtXw3Jb9LsF2hRyNc8GdPm5UaTe1KxiSoBv4EjCfWzDlYgMnQuH6rIpOA"
ENCRYPTED = "lake: {encryption_key: env:LAKE_KEY}\n"
ROTATED = "lake: {encryption_key: [env:LAKE_KEY, env:LAKE_OLD_KEY]}\n"
NEXT_DAY = "2025-03-13"


def house_at(folder: Path, lake: str = "") -> Path:
    house = make_house(folder)
    with sqlite3.connect(house / "home.db") as database:
        database.execute("UPDATE alerts SET explanation = explanation || ? WHERE id % 7 = 0", (MARKER,))
        database.execute(
            "INSERT INTO alerts VALUES (9002, 'no time', '192.168.1.1', 'high', 0.5, ?, 0, NULL)", (MARKER,)
        )
    database.close()
    configure(house, lake)
    return house


def configure(house: Path, lake: str) -> None:
    (house / "config" / "sentinel.yaml").write_text(CONFIGURATION + lake)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = house_at(tmp_path_factory.mktemp("sealed") / "house", ENCRYPTED)
    said = sentinel(house, "publish", "daily", DAY, LAKE_KEY=NEW)
    assert said.code == 0, said.err
    return house


@pytest.fixture(scope="module")
def clear(sealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beside the house with the encrypted lake, and signing with its key, so that editions can be compared."""
    house = house_at(tmp_path_factory.mktemp("clear") / "house")
    shutil.copytree(sealed / "keys", house / "keys")
    assert sentinel(house, "publish", "daily", DAY).code == 0
    return house


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def published(house: Path) -> dict[str, bytes]:
    folder = house / "editions" / "daily" / DAY
    return {path.relative_to(folder).as_posix(): content for path, content in contents(folder)}


@pytest.mark.slow
def test_editions_are_the_same_to_the_byte(clear: Path, sealed: Path) -> None:
    assert len(published(clear)) > 30
    assert published(sealed) == published(clear)


def test_nothing_of_a_record_lies_open_below_the_lake(sealed: Path) -> None:
    files = dict(contents(sealed / "lake"))
    tables = [path for path in files if path.suffix == ".parquet"]
    assert len(tables) > 100
    for path, content in files.items():
        for shown in (MARKER, HOSTILE, "192.168.1.1", "Front desk"):
            assert shown.encode() not in content, path
        if path.suffix == ".parquet":
            assert content.startswith(b"PARE"), path
            assert b"PAR1" not in content, path
        else:
            assert path.suffix in {".json", ".lock"}, path


@pytest.mark.slow
def test_what_the_pipeline_remembers_of_its_runs_shows_no_record_either(clear: Path, sealed: Path) -> None:
    assert any(HOSTILE[:10].encode() in content or b"192" in content for _, content in contents(clear / "dagster"))
    for path, content in contents(sealed / "dagster"):
        assert MARKER.encode() not in content, path
        assert b"198.51.100.1" not in content, path
        assert b"198&#46;51" not in content, path
        assert NEW.encode() not in content, path


def test_one_source_gives_its_file_to_the_facts_without_a_copy(sealed: Path) -> None:
    lake = sealed / "lake"
    extract = lake / "extracts" / "office" / "incidents" / f"{DAY}.parquet"
    assert (lake / "facts" / "incidents" / f"{DAY}.parquet").samefile(extract)


def test_figures_are_traced_through_the_encrypted_lake(sealed: Path) -> None:
    edition = sealed / "editions" / "daily" / DAY / "r1"
    confirmed = sentinel(sealed, "trace", str(edition), "total_alerts", LAKE_KEY=NEW)
    assert confirmed.code == 0, confirmed.err
    assert "total_alerts is confirmed" in confirmed.out
    for environment, said in (
        ({}, "the environment variable LAKE_KEY is not set; the configuration refers to it as 'env:LAKE_KEY'"),
        ({"LAKE_KEY": OLD}, "is encrypted with another key"),
    ):
        refused = sentinel(sealed, "trace", str(edition), "total_alerts", **environment)
        assert refused.code == 2
        assert len(refused.complaints) == 1
        assert said in refused.err


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "the environment variable LAKE_KEY is not set"),
        ("dG9vIHNob3J0", "lake.encryption_key: the key of env:LAKE_KEY has 9 bytes"),
        ("no base64", "lake.encryption_key: the key of env:LAKE_KEY is not base64"),
        (OLD, "is encrypted with another key"),
    ],
)
@pytest.mark.parametrize("command", [("check",), ("publish", "daily", DAY), ("encrypt",)])
@pytest.mark.slow
def test_a_missing_or_wrong_key_is_one_clear_line(
    command: tuple[str, ...], key: str | None, said: str, sealed: Path
) -> None:
    before = published(sealed)
    refused = sentinel(sealed, *command, **({} if key is None else {"LAKE_KEY": key}))
    assert refused.code == 2
    (line,) = refused.complaints
    assert said in line
    assert "Traceback" not in refused.err
    assert key is None or key not in refused.err + refused.out
    assert published(sealed) == before


def test_an_encrypted_lake_without_a_key_in_the_configuration_is_one_clear_line(sealed: Path, tmp_path: Path) -> None:
    house = shutil.copytree(sealed, tmp_path / "house")
    configure(house, "")
    for command in (("check",), ("publish", "daily", DAY)):
        refused = sentinel(house, *command)
        assert refused.code == 2
        assert "is encrypted; give lake.encryption_key in sentinel.yaml" in refused.complaints[0]
    assert len(refused.complaints) == 1


@pytest.mark.slow
def test_a_lake_in_clear_is_switched_over_and_its_keys_turned(clear: Path, tmp_path: Path) -> None:
    house = shutil.copytree(clear, tmp_path / "house")
    edition = house / "editions" / "daily" / DAY / "r1"
    assert "lake: not encrypted" in sentinel(house, "check").out
    configure(house, ENCRYPTED)
    again = sentinel(house, "publish", "daily", NEXT_DAY, LAKE_KEY=OLD)
    assert again.code == 0, again.err
    mixed = {content[:4] for path, content in contents(house / "lake") if path.suffix == ".parquet"}
    assert mixed == {b"PAR1", b"PARE"}
    assert "in clear from before" in sentinel(house, "check", LAKE_KEY=OLD).out
    configure(house, ROTATED)
    keys = {"LAKE_KEY": NEW, "LAKE_OLD_KEY": OLD}
    said = sentinel(house, "encrypt", **keys)
    assert said.code == 0, said.err
    assert said.last.startswith("lake: encrypted with AES-256-GCM, key ")
    assert ";" not in said.last
    configure(house, ENCRYPTED)
    assert all(content[:4] == b"PARE" for path, content in contents(house / "lake") if path.suffix == ".parquet")
    assert sentinel(house, "trace", str(edition), "total_connections", LAKE_KEY=NEW).code == 0
    unchanged = sentinel(house, "publish", "daily", NEXT_DAY, "--json", LAKE_KEY=NEW)
    assert unchanged.code == 0, unchanged.err
    assert json.loads(unchanged.last)["revision"] == 1


def test_a_key_in_the_configuration_itself_is_a_mistake_and_not_repeated(tmp_path: Path) -> None:
    house = house_at(tmp_path / "house", f"lake: {{encryption_key: '{NEW}'}}\n")
    refused = sentinel(house, "check")
    assert refused.code == 2
    assert "lake.encryption_key[0]: found a value; allowed: a reference, env:NAME or file:PATH" in refused.err
    assert NEW not in refused.err
