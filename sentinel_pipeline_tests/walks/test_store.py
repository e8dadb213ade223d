"""A household and an office in a bucket: published on one machine, verified, traced and downloaded on an empty one."""

from __future__ import annotations

import filecmp
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.stores import Store, declare
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.portal.downloads import published_file
from sentinel_pipeline_tests.s3 import copy_at
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


def demo_at(data: Path) -> tuple[str, str]:
    """A demo whose sources all machines find at one place; its last day, and the Monday of its last full week."""
    done(sentinel(data, "demo", "--days", "16", "--scale", "0.2"))
    file = data / "config" / "sentinel.yaml"
    text = file.read_text().replace("sqlite:///systems", f"sqlite:///{data}/systems")
    file.write_text(text.replace("location: systems", f"location: {data}/systems"))
    last = date.fromisoformat(text.partition("first_day: ")[2].split()[0]) + timedelta(days=15)
    return last.isoformat(), (last - timedelta(days=(last.weekday() + 1) % 7 + 6)).isoformat()


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


@pytest.mark.slow
def test_what_one_machine_publishes_into_a_bucket_is_the_same_and_whole_from_an_empty_one(
    store: Store, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    day, week = demo_at(plain)
    periods = (("daily", day), ("weekly", week))
    for cadence, key in periods:
        done(sentinel(plain, "publish", cadence, key))
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
    same(plain / "editions", second / "editions")

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
