from pathlib import Path

import dagster as dg
import pytest
from dagster_postgres import DagsterPostgresStorage

from sentinel_pipeline.ledger.database import with_driver
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.storage import SentinelStorage
from sentinel_pipeline.settings import PROJECT

URL = "SENTINEL_DAGSTER_POSTGRESQL_URL"


@dg.asset
def number() -> int:
    return 1


@pytest.fixture(autouse=True)
def no_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL, raising=False)


def test_the_home_is_made_once_and_follows_the_projects_file(tmp_path: Path) -> None:
    home = prepare_home(tmp_path)
    assert home == tmp_path / "dagster"
    place = home / "dagster.yaml"
    first = place.stat().st_ino
    assert prepare_home(tmp_path) == home
    assert place.stat().st_ino == first
    place.write_text("old")
    prepare_home(tmp_path)
    assert place.read_bytes() == (PROJECT / "dagster.yaml").read_bytes()
    assert [file.name for file in home.iterdir()] == ["dagster.yaml"]


def test_history_lies_below_the_home_and_nowhere_else(tmp_path: Path) -> None:
    home = prepare_home(tmp_path)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert dg.materialize([number], instance=instance).success
        assert instance.get_runs_count() == 1
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
    assert (home / "history" / "runs.db").exists()
    assert (home / "storage").is_dir()
    assert [file.name for file in tmp_path.iterdir()] == ["dagster"]


def test_history_lies_in_postgresql_when_its_address_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    monkeypatch.setenv(URL, postgresql_url)
    home = prepare_home(tmp_path)
    for _ in range(2):
        with dg.DagsterInstance.from_config(str(home)) as instance:
            assert isinstance(instance.get_ref().storage, DagsterPostgresStorage)
            assert dg.materialize([number], instance=instance).success
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == 2
        assert "postgresql" not in str(instance.get_ref().to_dict())
    assert not (home / "history").exists()


def test_sqlite_is_the_storage_without_an_address(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance:
        assert isinstance(instance.get_ref().storage, SentinelStorage)


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg2://u@h/d"),
        ("postgres://u@h/d", "postgresql+psycopg2://u@h/d"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg2://u@h/d"),
        ("postgresql:///d?host=/run/pg", "postgresql+psycopg2:///d?host=/run/pg"),
    ],
)
def test_every_way_to_write_the_address_gets_the_driver(written: str, used: str) -> None:
    assert with_driver(written) == used
