"""Dagster's instance as `dagster.yaml` loads it: our storage, and a lock held by whoever executes a run.

The lock is taken with the event that makes a run "started" and given up with the event that ends it, so it covers the
workers of the daemon, `dg launch`, `materialize` and `execute_in_process` alike; none of them has to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dagster import AssetMaterialization, AssetRecordsFilter, DagsterEventType, DagsterInstance
from dagster._core.instance import InstanceRef
from dagster._serdes import ConfigurableClassData

from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.orchestration import run_leases, run_locks
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.settings import Settings, celery_broker_url, use_dagster_home

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._core.events import DagsterEventBatchMetadata

# A run of a month plans and makes two thousand partitions; Dagster hands those of a step over together.
EVENTS_TOGETHER = 500
ENDS = frozenset({DagsterEventType.RUN_SUCCESS, DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_CANCELED})


class SentinelInstance(DagsterInstance):
    """An instance whose runs are provably alive or dead."""

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        # Only here is the instance folder known; `dagster.yaml` itself cannot name it.
        storage = ConfigurableClassData(
            "sentinel_pipeline.orchestration.storage", "SentinelStorage", yaml.safe_dump({"base_dir": base_dir})
        )
        return {**InstanceRef.config_defaults(base_dir), "storage": storage}

    def _get_event_batch_size(self) -> int:
        return EVENTS_TOGETHER

    def handle_new_event(
        self, event: EventLogEntry, *, batch_metadata: DagsterEventBatchMetadata | None = None
    ) -> None:
        kind = event.dagster_event.event_type if event.dagster_event else None
        # Locked before anyone can read "started", free after anyone can read how it ended.
        if kind is DagsterEventType.RUN_START:
            run_locks.hold(locks_folder(self), event.run_id)
            self._lease(event.run_id)
        super().handle_new_event(event, batch_metadata=batch_metadata)
        if kind in ENDS:
            run_locks.release(locks_folder(self), event.run_id)
            run_leases.release(event.run_id)
            if celery_broker_url():
                run_leases.sweep(event.run_id)

    @staticmethod
    def _lease(run_id: str) -> None:
        """Where workers on other machines execute runs, one that this very process executes is leased like theirs."""
        if celery_broker_url():
            run_leases.hold(run_id)

    def delete_run(self, run_id: str) -> None:
        """Deletes a run and its events, but reports again what it made last: a partition stays what it is on disk."""
        kept = newest_made_by(self, run_id)
        super().delete_run(run_id)
        for made in kept:
            self.report_runless_asset_event(made)


@contextmanager
def instance_of(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's instance of a data folder, made when there is none."""
    home = prepare_home(settings.data)
    use_dagster_home(home)
    with alone(home / ".opening.lock"):  # two processes that open a new storage at once both make its tables
        opened = DagsterInstance.get()
    with opened as instance:
        yield instance


def newest_made_by(instance: DagsterInstance, run_id: str) -> list[AssetMaterialization]:
    """The materializations of a run that are still the newest of their partition."""
    records = instance.get_records_for_run(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION).records
    made = [event.asset_materialization for event in (record.event_log_entry for record in records)]
    return [known for known in made if known is not None and _is_newest(instance, known, run_id)]


def _is_newest(instance: DagsterInstance, made: AssetMaterialization, run_id: str) -> bool:
    partitions = None if made.partition is None else [made.partition]
    newest = instance.fetch_materializations(AssetRecordsFilter(made.asset_key, asset_partitions=partitions), limit=1)
    return bool(newest.records) and newest.records[0].event_log_entry.run_id == run_id


def locks_folder(instance: DagsterInstance) -> Path:
    """Where the lock files of an instance's runs are."""
    return Path(instance.root_directory) / "run_locks"
