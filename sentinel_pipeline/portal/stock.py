"""What lies there when Prometheus asks: editions, deliveries, exports, requests, and the disk.

Labels are names that we give (cadences, states, formats, figures), never what a system or a person wrote.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Column, Connection, Table, func, select

from sentinel_pipeline.domain.delivery import STATES
from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.export_order import EXPORT_STATES
from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.domain.request import STATES as REQUEST_STATES
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.ledger.schema import DELIVERIES, EXPORTS, REQUESTS
from sentinel_pipeline.portal.downloads import SAVED, SHOWN
from sentinel_pipeline.portal.shelf import Shelved, shelf
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.rendering.edition_folder import told

OTHER: Final = "other"
LATELY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Work:
    """Something that waits in the ledger, is begun and settled: its table and states, and which of these wait."""

    name: str
    table: Table
    states: Sequence[str]
    waiting: tuple[str, ...]
    filed: Column[Any]

    @property
    def settled(self) -> Column[Any]:
        return self.table.c.settled_at


WORK: Final = (
    Work("deliveries", DELIVERIES, STATES, ("planned", "sending"), DELIVERIES.c.planned_at),
    Work("exports", EXPORTS, EXPORT_STATES, ("queued", "running"), EXPORTS.c.created_at),
    Work("requests", REQUESTS, REQUEST_STATES, ("requested", "running"), REQUESTS.c.requested_at),
)


@dataclass(frozen=True)
class Published:
    """What an edition's folder says of it: numbers by figure, bytes and files by format."""

    is_complete: bool
    unread: int
    quarantined: int
    figures: tuple[tuple[str, float], ...]
    sizes: tuple[tuple[str, int], ...]
    files: tuple[tuple[str, int], ...]


class Stock(Collector):
    """What lies there."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def collect(self) -> Iterator[Metric]:
        yield from self._editions()
        now = self.site.clock()
        with self.site.ledger.reading() as connection:
            for work in WORK:
                yield _by_state(connection, work)
            yield _waiting(connection, now)
            yield from _lately(connection, now)
            stored = select(func.coalesce(func.sum(EXPORTS.c.bytes), 0)).where(EXPORTS.c.state == "completed")
            kept = connection.scalar(stored)
        yield GaugeMetricFamily("sentinel_exports_stored_bytes", "Size of exports that can be downloaded.", kept)
        disk = shutil.disk_usage(self.site.data)
        yield GaugeMetricFamily("sentinel_disk_free_bytes", "Free space of the data folder's disk.", disk.free)
        yield GaugeMetricFamily("sentinel_disk_size_bytes", "Size of the data folder's disk.", disk.total)

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked up before somebody asks."""
        return iter(())

    def _editions(self) -> Iterator[Metric]:
        entries = shelf(self.site.editions, self.site.zone)
        editions = _gauge("sentinel_editions", "Periods with a published report.", "cadence")
        newest = _gauge("sentinel_newest_period_end_timestamp_seconds", "End of the newest period reported.", "cadence")
        published = _gauge(
            "sentinel_newest_published_timestamp_seconds", "When the newest period's report was published.", "cadence"
        )
        whole = _gauge("sentinel_newest_complete", "1 when nothing is missing from the newest report.", "cadence")
        unread = _gauge("sentinel_newest_unread_sources", "Sources that the newest report could not read.", "cadence")
        aside = _gauge("sentinel_newest_quarantined_records", "Records of the newest report set aside.", "cadence")
        figures = _gauge("sentinel_newest_figure", "Figures of the newest report.", "cadence", "figure")
        sizes = _gauge("sentinel_newest_size_bytes", "Size of the newest report's files.", "cadence", "format")
        files = _gauge("sentinel_newest_files", "Files of the newest report.", "cadence", "format")
        for cadence in CADENCES:
            of_cadence = [entry for entry in entries if entry.period.cadence == cadence]
            editions.add_metric([cadence], len(of_cadence))
            if not of_cadence:
                continue
            newest.add_metric([cadence], of_cadence[0].period.window.end.timestamp())
            known, at = _newest(self.site, of_cadence[0])
            published.add_metric([cadence], at)
            if known is None:
                continue
            whole.add_metric([cadence], known.is_complete)
            unread.add_metric([cadence], known.unread)
            aside.add_metric([cadence], known.quarantined)
            for family, values in ((figures, known.figures), (sizes, known.sizes), (files, known.files)):
                for name, value in values:
                    family.add_metric([cadence, name], value)
        yield from (editions, newest, published, whole, unread, aside, figures, sizes, files)


def _gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=labels)


def _newest(site: Site, entry: Shelved) -> tuple[Published | None, float]:
    """What the edition says, None when it cannot be told, and when it was published."""
    folder = site.editions / entry.name
    status = (folder / MANIFEST).stat()
    return _published(folder, (status.st_ino, status.st_mtime_ns)), status.st_mtime


@lru_cache(maxsize=64)
def _published(
    folder: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of what the cache remembers by
) -> Published | None:
    try:
        said = told(folder)
    except (SentinelError, OSError):
        return None
    sizes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    listed = read_json(folder / MANIFEST).get("files")
    for one in listed if isinstance(listed, list) else []:
        suffix = PurePosixPath(one["name"]).suffix.lower()
        form = suffix.removeprefix(".") if suffix in SHOWN or suffix in SAVED else OTHER
        sizes[form] += one["bytes"]
        files[form] += 1
    figures = [(one.id, float(one.value)) for one in said.figures if isinstance(one.value, int | float)]
    return Published(
        said.is_complete,
        len(said.unread),
        int(said.completeness["quarantined"].sum()),
        tuple(sorted(figures)),
        tuple(sorted(sizes.items())),
        tuple(sorted(files.items())),
    )


def _by_state(connection: Connection, work: Work) -> Metric:
    """How many there are of each state, of states without any too: an alert must see the first of them come."""
    table = work.table
    counted = dict.fromkeys(work.states, 0)
    for state, number in connection.execute(select(table.c.state, func.count()).group_by(table.c.state)):
        counted[state if state in counted else OTHER] = number
    found = _gauge(f"sentinel_{work.name}", f"{work.name.capitalize()} by state.", "state")
    for state, number in counted.items():
        found.add_metric([state], number)
    return found


def _waiting(connection: Connection, now: datetime) -> Metric:
    found = _gauge("sentinel_queue_oldest_seconds", "How long the oldest waits that is not settled.", "queue")
    for work in WORK:
        query = select(func.min(work.filed)).where(work.table.c.state.in_(work.waiting))
        oldest = connection.scalar(query)
        found.add_metric([work.name], max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
    return found


def _lately(connection: Connection, now: datetime) -> Iterator[Metric]:
    """What was settled in the last day: how many, and how long from filing it to its end."""
    number = _gauge("sentinel_settled_last_day", "What was settled in the last 24 hours.", "queue")
    longest = _gauge("sentinel_settled_last_day_longest_seconds", "Longest time from filing to its end.", "queue")
    mean = _gauge("sentinel_settled_last_day_mean_seconds", "Mean time from filing to its end.", "queue")
    for work in WORK:
        query = select(work.filed, work.settled).where(work.settled > now - LATELY)
        took = [max(0.0, (settled - filed).total_seconds()) for filed, settled in connection.execute(query)]
        number.add_metric([work.name], len(took))
        longest.add_metric([work.name], max(took, default=0.0))
        mean.add_metric([work.name], sum(took) / len(took) if took else 0.0)
    yield from (number, longest, mean)
