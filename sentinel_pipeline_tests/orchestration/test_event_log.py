"""Events written together tell the same as events written one by one."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import text
from sqlalchemy.event import listen, remove
from sqlalchemy.pool import Pool

from sentinel_pipeline.orchestration.event_log import KeptOpenEventLog
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.instance import SentinelInstance
from sentinel_pipeline.orchestration.runs import RANGE_END, RANGE_START

DAYS = ("2025-03-10", "2025-03-11", "2025-03-12")
KEY, OTHER = dg.AssetKey(["made", "first"]), dg.AssetKey(["made", "second"])


Results = Iterator[dg.MaterializeResult[object] | dg.AssetCheckResult]


def assets() -> list[dg.AssetsDefinition]:
    days = dg.DailyPartitionsDefinition("2025-03-01", end_date="2025-04-01")
    policy = dg.BackfillPolicy.single_run()

    @dg.asset(key=KEY, partitions_def=days, backfill_policy=policy, check_specs=[dg.AssetCheckSpec("sound", asset=KEY)])
    def first(context: dg.AssetExecutionContext) -> Results:
        for day in context.partition_keys:
            context.add_asset_metadata({"day": day}, KEY, day)
        yield dg.MaterializeResult(asset_key=KEY)
        yield dg.AssetCheckResult(asset_key=KEY, passed=True, check_name="sound")

    @dg.asset(key=OTHER, deps=[KEY], partitions_def=days, backfill_policy=policy)
    def second() -> None:
        pass

    return [first, second]


def told(home: Path) -> dict[str, object]:
    """What the history says of a run of three days."""
    tags = {RANGE_START: DAYS[0], RANGE_END: DAYS[-1]}
    with dg.DagsterInstance.from_config(str(prepare_home(home))) as instance:
        result = dg.materialize(assets(), instance=instance, tags=tags)
        assert result.success
        of_run = instance.get_records_for_run(result.run_id).records
        newest = instance.fetch_materializations(KEY, limit=10, ascending=True).records
        latest = instance.get_latest_materialization_event(OTHER)
        assert latest is not None
        assert latest.asset_materialization is not None
        check = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, "sound"), limit=5)
        ended = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=5).records
        made = [record.asset_materialization for record in newest]
        return {
            "kinds": sorted(str(record.event_log_entry.dagster_event_type) for record in of_run),
            "partitions": [instance.get_materialized_partitions(key) for key in (KEY, OTHER)],
            "metadata": sorted((one.partition, one.metadata["day"].value) for one in made if one),
            "latest": latest.asset_materialization.partition,
            "keys": sorted(map(str, instance.all_asset_keys())),
            "checks": [one.status.value for one in check],
            "ended": [record.event_log_entry.run_id == result.run_id for record in ended],
            "runs": [record.event_log_entry.run_id == result.run_id for record in newest],
        }


@pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")
def test_events_written_together_tell_what_the_stock_log_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = told(tmp_path / "together")
    monkeypatch.setattr(SentinelInstance, "_get_event_batch_size", lambda _: 0)
    monkeypatch.setattr(KeptOpenEventLog, "store_event", SqliteEventLogStorage.store_event)
    assert together == told(tmp_path / "stock")
    assert together["partitions"] == [set(DAYS), set(DAYS)]
    assert (together["runs"], together["ended"]) == ([True] * 3, [True])
    assert together["metadata"] == [(day, day) for day in DAYS]


@pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")
def test_postgresql_tells_the_same_and_is_connected_to_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    on_disk = told(tmp_path / "disk")
    monkeypatch.setenv("SENTINEL_DAGSTER_POSTGRESQL_URL", postgresql_url)
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path / "server"))):
        pass  # makes the tables
    connected: list[object] = []

    def note(connection: object, _: object) -> None:
        connected.append(connection)

    listen(Pool, "connect", note)
    try:
        assert told(tmp_path / "server") == on_disk
    finally:
        remove(Pool, "connect", note)
    assert len(connected) < 15  # the stock one makes 92


def test_postgresql_gives_each_planned_event_its_own_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    monkeypatch.setenv("SENTINEL_DAGSTER_POSTGRESQL_URL", postgresql_url)
    keys = [dg.AssetKey(f"key_{number}") for number in range(30)]

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in keys])
    def many() -> Iterator[dg.MaterializeResult[object]]:
        yield from (dg.MaterializeResult(asset_key=key) for key in keys)

    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance:
        result = dg.materialize([many], instance=instance)
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        planned = instance.get_records_for_run(result.run_id, of_type=kind).records
        told = {record.storage_id: record.event_log_entry.get_dagster_event().asset_key for record in planned}
        assert sorted(map(str, told.values())) == sorted(map(str, keys))
        for key in keys:
            last = instance.get_latest_planned_materialization_info(key)
            assert last is not None
            assert (told[last.storage_id], last.run_id) == (key, result.run_id)


def test_a_table_made_later_is_found(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path))) as instance:
        log = instance.event_log_storage
        assert isinstance(log, KeptOpenEventLog)
        assert not log.has_table("made_later")
        with log.index_connection() as connection:
            connection.execute(text("CREATE TABLE made_later (id INTEGER)"))
        assert log.has_table("made_later")
        assert log.has_asset_key_col("cached_status_data")
        assert not log.has_asset_key_col("no_such_column")
