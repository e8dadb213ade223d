"""Where Dagster's history lies: SQLite under the instance folder, or PostgreSQL when its URL is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory

from sentinel_pipeline.ledger.database import with_driver
from sentinel_pipeline.orchestration.event_log import KeptOpenEventLog
from sentinel_pipeline.settings import dagster_postgresql_url

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData


class SentinelStorage(DagsterSqliteStorage):
    """What `dagster.yaml` cannot say: the storage depends on the environment. Config: `base_dir`, for SQLite."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage.dispose()
        self._event_log_storage = KeptOpenEventLog(_event_logs_directory(base_dir))

    @classmethod
    def from_config_value(  # type: ignore[override] # the stock one promises SQLite for ever; a storage is all it needs
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        url = dagster_postgresql_url()
        if url is None:
            return cls.from_local(config_value["base_dir"], inst_data=inst_data)
        from sentinel_pipeline.orchestration.postgresql_storage import PooledStorage

        return PooledStorage(with_driver(url), inst_data)
