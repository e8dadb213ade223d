"""A household and an office in a bucket: published on one machine, verified, traced and downloaded on an empty one."""

from __future__ import annotations

import filecmp
import json
import shutil
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from time import sleep

import pytest

from sentinel_pipeline.domain.stores import Store, declare
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.portal.downloads import published_file
from sentinel_pipeline_tests.s3 import copy_at, harmful
from sentinel_pipeline_tests.walks.household import Said, sentinel

LASTING = ("config", "keys", "systems")


def machine(folder: Path, like: Path) -> Path:
    """An empty data folder with what a deployment hands out."""
    folder.mkdir()
    for name in LASTING:
        if name == "systems":
            (folder / name).symlink_to(like / name)
        else:
            shutil.copytree(like / name, folder / name)
    return folder


def demo_at(data: Path) -> list[tuple[str, str]]:
    """A demo whose sources all machines find at one place; cadence and key of its last day and its last full week."""
    done(sentinel(data, "demo", "--days", "16", "--scale", "0.05"))
    file = data / "config" / "sentinel.yaml"
    text = file.read_text().replace("sqlite:///systems", f"sqlite:///{data}/systems")
    file.write_text(text.replace("location: systems", f"location: {data}/systems"))
    last = date.fromisoformat(text.partition("first_day: ")[2].split()[0]) + timedelta(days=15)
    monday = last - timedelta(days=(last.weekday() + 1) % 7 + 6)
    return [("daily", last.isoformat()), ("weekly", monday.isoformat())]


def done(said: Said) -> Said:
    assert said.code == 0, said.err
    return said


def same(one: Path, other: Path) -> None:
    """Every published file is byte for byte the same; locks and copies are no part of it."""
    files = {
        path.relative_to(one)
        for path in one.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(one).parts)
    }
    assert files
    _, differing, missing = filecmp.cmpfiles(one, other, map(str, files), shallow=False)
    assert (differing, missing) == ([], [])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, without a bucket: its last day and its last full week published."""
    data = tmp_path_factory.mktemp("demo") / "plain"
    for cadence, key in demo_at(data):
        done(sentinel(data, "publish", cadence, key))
    return data


def periods_of(data: Path) -> list[tuple[str, str]]:
    return sorted((path.parent.parent.name, path.parent.name) for path in (data / "editions").glob("[a-z]*/*/r1"))


@pytest.mark.slow
def test_what_one_machine_publishes_into_a_bucket_is_the_same_and_whole_from_an_empty_one(
    plain: Path, store: Store, tmp_path: Path
) -> None:
    periods = periods_of(plain)
    day = periods[0][1]
    bucket = {"SENTINEL_STORE_URL": store.url, "AWS_ENDPOINT_URL": store.endpoint}
    first = machine(tmp_path / "first", plain)
    for cadence, key in periods:
        said = done(sentinel(first, "publish", cadence, key, **bucket))
        assert said.last == str(first / "editions" / cadence / key / "r1")
        assert f"it lies at {store.url}/editions/{cadence}/{key}/r1" in said.err
    same(plain / "editions", first / "editions")

    second = machine(tmp_path / "second", plain)
    for cadence, key in periods:
        address = f"{store.url}/editions/{cadence}/{key}/r1"
        assert "0 faults" in done(sentinel(second, "verify", address, **bucket)).last
        assert "is confirmed by" in done(sentinel(second, "trace", address, "total_alerts", **bucket)).last
        again = done(sentinel(second, "publish", cadence, key, "--json", **bucket))
        assert json.loads(again.last)["revision"] == 1
        assert f"unchanged: {cadence}/{key}/r1" in again.err
        same(plain / "editions" / cadence / key, second / "editions" / cadence / key)

    stranger = tmp_path / "stranger"
    public = next((plain / "keys").glob("*.pub"))
    address = f"{store.url}/editions/daily/{day}/r1"
    alone = {"AWS_ENDPOINT_URL": store.endpoint}
    assert "0 faults" in done(sentinel(stranger, "verify", address, "--public-key", str(public), **alone)).last
    assert not (stranger / "editions").exists()

    third = tmp_path / "third"
    copy_at(third, store)
    for path in sorted((plain / "editions" / "daily" / day / "r1").glob("*.*")):
        found = published_file(third, f"editions/daily/{day}/r1/{path.name}")
        assert found is not None
        assert found.read_bytes() == path.read_bytes()
    declare(third, None)
    keys = [seen.key for seen in Objects(store).below("")]
    assert not [key for key in keys if key.startswith(("keys", "config", "state")) or key.endswith(".lock")]


@pytest.mark.slow
def test_a_service_that_is_slow_fails_and_hangs_up_changes_no_byte(plain: Path, store: Store, tmp_path: Path) -> None:
    """One request in ten is refused, one in fifteen cut off, one in twenty late."""
    numbers = count(1)

    def harm(method: str, path: str) -> int | None:
        number = next(numbers)
        if number % 20 == 0:
            sleep(0.3)
        return 500 if number % 10 == 0 else 0 if number % 15 == 0 else None

    data, (cadence, key) = machine(tmp_path / "data", plain), periods_of(plain)[0]
    with harmful(store.endpoint, harm) as endpoint:
        done(sentinel(data, "publish", cadence, key, SENTINEL_STORE_URL=store.url, AWS_ENDPOINT_URL=endpoint))
    same(plain / "editions" / cadence / key, data / "editions" / cadence / key)
    other = {"SENTINEL_STORE_URL": store.url, "AWS_ENDPOINT_URL": store.endpoint}
    verified = sentinel(
        machine(tmp_path / "other", plain), "verify", f"{store.url}/editions/{cadence}/{key}/r1", **other
    )
    assert "0 faults" in done(verified).last


@pytest.mark.slow
def test_while_the_service_is_away_a_command_ends_with_one_line(plain: Path, store: Store, tmp_path: Path) -> None:
    cadence, key = periods_of(plain)[0]
    data = machine(tmp_path / "data", plain)
    copy_at(data, store)
    declare(data, None)
    away = {"SENTINEL_STORE_URL": store.url, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    said = sentinel(data, "publish", cadence, key, **away)
    assert said.code == 1
    assert len(said.complaints) == 1
    assert "http://127.0.0.1:1 cannot be reached; check AWS_ENDPOINT_URL and the network" in said.complaints[0]
    said = sentinel(data, "publish", cadence, key, **{**away, "SENTINEL_STORE_URL": "s3://"})
    assert (said.code, said.complaints) == (
        2,
        ["sentinel: SENTINEL_STORE_URL: s3:// is no address of a bucket; write s3://bucket or s3://bucket/prefix"],
    )
