import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import StoreError, UsageError
from sentinel_pipeline.domain.stores import Store, declare
from sentinel_pipeline.lake import copy_notes
from sentinel_pipeline.lake import objects as objects_module
from sentinel_pipeline.lake.closures import close, closed_at, in_use
from sentinel_pipeline.lake.mirror import Mirror
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.lake.sightings import Sightings
from sentinel_pipeline.lake.store import Lake, read_json, write_json
from sentinel_pipeline.lake.whole_files import appearing, replacing, replacing_folder
from sentinel_pipeline.lake.working_copy import copy_of, fresh, fresh_below, look_again, remove_below
from sentinel_pipeline_tests.lake.secrets import storage
from sentinel_pipeline_tests.publishing.test_editions import disk
from sentinel_pipeline_tests.s3 import copy_at, harmful

CLOSED_AT = datetime(2025, 6, 1, tzinfo=UTC)
ONE, TWO = pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [2]})


def lakes(folder: Path, store: Store) -> tuple[Lake, Lake]:
    """The same lake on two machines."""
    here, there = folder / "here", folder / "there"
    for data in (here, there):
        copy_at(data, store)
    return Lake(here / "lake"), Lake(there / "lake")


def test_without_a_bucket_nobody_asks_anything(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("facts/alerts", "2025-01-01", ONE)
    assert copy_of(lake.root) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake"]


def test_what_one_machine_writes_another_reads(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    path = here.write("facts/alerts", "2025-01-01", ONE)
    assert there.read("facts/alerts", "2025-01-01").equals(ONE)
    assert there.path("facts/alerts", "2025-01-01").read_bytes() == path.read_bytes()
    assert there.version("facts/alerts", "2025-01-01") == here.version("facts/alerts", "2025-01-01")


def test_a_partition_that_was_replaced_elsewhere_is_seen(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    here.write("facts/alerts", "2025-01-01", ONE)
    assert there.read("facts/alerts", "2025-01-01").equals(ONE)
    stamp = there.stamp("facts/alerts", "2025-01-01")
    here.write("facts/alerts", "2025-01-01", TWO)
    look_again(there.root)
    assert there.read("facts/alerts", "2025-01-01").equals(TWO)
    assert there.stamp("facts/alerts", "2025-01-01") != stamp


def test_what_one_wrote_oneself_is_there_at_once(store: Store, tmp_path: Path) -> None:
    here, _ = lakes(tmp_path, store)
    assert not here.exists("facts/alerts", "2025-01-01")
    assert here.partitions("facts/alerts") == []
    here.write("facts/alerts", "2025-01-01", ONE)
    assert here.exists("facts/alerts", "2025-01-01")
    assert here.partitions("facts/alerts") == ["2025-01-01"]
    assert here.stamps("facts/alerts", ["2025-01-01", "2025-01-02"])[1] is None


def test_what_was_deleted_in_the_bucket_does_not_come_back_from_a_copy(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    here.write("facts/alerts", "2025-01-01", ONE)
    assert there.has("facts/alerts", "2025-01-01")
    copy_at(tmp_path / "here", store).delete(["lake/facts/alerts/2025-01-01.parquet"])
    look_again(there.root)
    assert not there.has("facts/alerts", "2025-01-01")
    assert not there.path("facts/alerts", "2025-01-01").exists()
    assert there.read_all("facts/alerts", ["2025-01-01"], ONE.schema).is_empty()
    assert not here.path("facts/alerts", "2025-01-01").exists()


def test_many_days_come_from_an_empty_copy(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    days = [f"2025-01-{number:02}" for number in range(1, 13)]
    for number, day in enumerate(days):
        here.write("facts/alerts", day, pl.DataFrame({"n": [number]}))
    found = there.read_all("facts/alerts", ["2024-12-31", *days], ONE.schema)
    assert found["n"].to_list() == list(range(12))
    assert there.partitions("facts/alerts") == days


def test_superseded_versions_are_read_elsewhere(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    here.write_keeping("statistics/hours", "2025-01-01", ONE)
    first = here.version("statistics/hours", "2025-01-01")
    here.write_keeping("statistics/hours", "2025-01-01", TWO)
    here.write_keeping("statistics/hours", "2025-01-01", TWO)
    kept = there.read_version("statistics/hours", "2025-01-01", first)
    assert kept is not None
    assert kept.equals(ONE)
    assert there.read("statistics/hours", "2025-01-01").equals(TWO)
    versions = [seen.key for seen in Objects(store).below("lake/statistics/hours/superseded")]
    assert versions == [f"lake/statistics/hours/superseded/2025-01-01.{first[:16]}.parquet"]


def test_what_is_being_written_and_locks_stay_here(store: Store, tmp_path: Path) -> None:
    here, _ = lakes(tmp_path, store)
    with in_use(here), replacing(here.root / ".reading-1" / "x.parquet") as temporary:
        temporary.write_bytes(b"x")
    write_json(tmp_path / "here" / "exports" / ".states" / "s.json", {"a": 1})
    assert list(Objects(store).below("")) == []


def test_a_file_that_cannot_be_put_there_is_not_here_either(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects_module, "TRIES", 1)
    is_down = [False]
    with harmful(store.endpoint, lambda *_: 500 if is_down[0] else None) as endpoint:
        copy_at(tmp_path / "here", replace(store, endpoint=endpoint))
        lake = Lake(tmp_path / "here" / "lake")
        lake.write("facts/alerts", "2025-01-01", ONE)
        is_down[0] = True
        with pytest.raises(StoreError, match="answered 500"):
            lake.write("facts/alerts", "2025-01-01", TWO)
        with pytest.raises(StoreError):
            lake.write("facts/alerts", "2025-01-02", TWO)
        is_down[0] = False
        assert lake.read("facts/alerts", "2025-01-01").equals(ONE)
        assert lake.partitions("facts/alerts") == ["2025-01-01"]
    folder = lake.path("facts/alerts", "2025-01-01").parent
    assert [path.name for path in folder.iterdir()] == ["2025-01-01.parquet"]


def test_whoever_takes_the_lake_sees_which_days_were_closed_elsewhere(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    with in_use(there):
        assert closed_at(there, "facts", "2025-01-01") is None
    close(here, "facts", "2025-01-01", CLOSED_AT)
    with in_use(there):
        assert closed_at(there, "facts", "2025-01-01") == CLOSED_AT
        assert closed_at(there, "statistics", "2025-01-01") is None


def test_a_new_file_takes_a_name_that_is_free_in_the_bucket(store: Store, tmp_path: Path) -> None:
    lakes(tmp_path, store)
    names = []
    for machine in ("here", "there", "here"):
        with appearing(tmp_path / machine / "exports" / "alerts.csv", is_new=True) as file:
            file.temporary.write_text(machine)
        names.append(file.path.name)
    assert names == ["alerts.csv", "alerts_2.csv", "alerts_3.csv"]
    assert fresh(tmp_path / "here" / "exports" / "alerts_2.csv").read_text() == "there"


def test_a_folder_is_replaced_whole_its_note_last(store: Store, tmp_path: Path) -> None:
    lakes(tmp_path, store)
    here, there = (tmp_path / machine / "editions" / ".drafts" / "daily" for machine in ("here", "there"))
    for names in (("a", "b"), ("b", "c")):
        with replacing_folder(here, last=(".made_from",)) as folder:
            for name in (*names, ".made_from"):
                (folder / name).write_text(" ".join(names))
        fresh_below(there)
        assert sorted(path.name for path in there.iterdir()) == [".made_from", *names]
    remove_below(here)
    fresh_below(there)
    assert list(there.iterdir()) == []


def test_times_of_what_is_downloaded_are_one_on_all_machines(store: Store, tmp_path: Path) -> None:
    lakes(tmp_path, store)
    with replacing(tmp_path / "here" / "exports" / "a.csv") as temporary:
        temporary.write_bytes(b"a")
        os.utime(temporary, (1, 1))
    here = (tmp_path / "here" / "exports" / "a.csv").stat()
    there = fresh(tmp_path / "there" / "exports" / "a.csv").stat()
    assert (here.st_mtime, here.st_size) == (there.st_mtime, there.st_size)
    assert there.st_mtime > 1


def test_a_new_copy_may_be_locked_before_it_is_looked_at(store: Store, tmp_path: Path) -> None:
    declare(tmp_path, store)
    with in_use(Lake(tmp_path / "lake")):
        assert not Lake(tmp_path / "lake").exists("facts/alerts", "2025-01-01")
    declare(tmp_path, None)


def test_a_folder_of_its_own_is_not_taken_for_a_copy(store: Store, tmp_path: Path) -> None:
    Lake(tmp_path / "lake").write("facts/alerts", "2025-01-01", ONE)
    declare(tmp_path, store)
    with pytest.raises(
        UsageError, match=r"lake holds files that are not in s3://.*`sentinel migrate --store` puts them"
    ):
        Lake(tmp_path / "lake").exists("facts/alerts", "2025-01-01")
    declare(tmp_path, None)
    assert Lake(tmp_path / "lake").read("facts/alerts", "2025-01-01").equals(ONE)


def test_a_copy_of_one_bucket_is_none_of_another(store: Store, tmp_path: Path) -> None:
    copy_at(tmp_path / "here", store)
    with pytest.raises(
        UsageError, match=r"is the working copy of s3://.*; name another SENTINEL_DATA for s3://.*/other"
    ):
        copy_at(tmp_path / "here", replace(store, prefix="other"))


def test_a_copy_that_is_full_lets_go_of_what_was_used_least_lately(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = lakes(tmp_path, replace(store, kept_bytes=2_000))
    days = [f"2025-01-{number:02}" for number in range(1, 6)]
    for day in days:
        here.write("facts/alerts", day, ONE)
    monkeypatch.setattr(copy_notes, "LOOKED_SECONDS", -1.0)
    (there.root / "facts" / "alerts").mkdir(parents=True)
    (there.root / "facts" / "alerts" / "own.txt").write_bytes(b"x" * 10_000)
    for number, day in enumerate(days):
        assert there.read("facts/alerts", day).equals(ONE)
        long_ago = time.time() - 2 * copy_notes.IN_USE_SECONDS + number
        path = there.path("facts/alerts", day)
        os.utime(path, ns=(int(long_ago * 1e9), path.stat().st_mtime_ns))
    kept = sorted(path.stem for path in (there.root / "facts" / "alerts").glob("*.parquet"))
    size = here.path("facts/alerts", days[0]).stat().st_size
    assert kept == days[-(2_000 // size) :]
    assert (there.root / "facts" / "alerts" / "own.txt").exists()
    assert there.read_all("facts/alerts", days, ONE.schema).height == 5


def test_once_a_day_copies_of_what_is_gone_go_too(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    for day in ("2025-01-01", "2025-01-02"):
        here.write("facts/alerts", day, ONE)
        there.read("facts/alerts", day)
    copy_at(tmp_path / "here", store).delete(["lake/facts/alerts/2025-01-01.parquet"])
    copy = copy_at(tmp_path / "there", store)
    copy.sweep()
    assert there.path("facts/alerts", "2025-01-01").exists()
    os.utime(tmp_path / "there" / ".store" / "swept", (1, 1))
    copy.sweep()
    assert [path.stem for path in (there.root / "facts" / "alerts").iterdir()] == ["2025-01-02"]


def test_what_another_process_of_the_copy_just_wrote_is_not_taken_for_gone(store: Store, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "here" / "lake")
    copy = copy_at(tmp_path / "here", store)
    assert lake.partitions("facts/alerts") == []
    objects = Objects(store)
    other = Mirror(copy.data, objects, copy.notes, Sightings(objects))
    path = lake.path("facts/alerts", "2025-01-01")
    path.parent.mkdir(parents=True)
    ONE.write_parquet(tmp_path / "written")
    other.send(tmp_path / "written", path)
    (tmp_path / "written").replace(path)
    assert not copy.sightings.inside("lake/facts/alerts"), "seen a moment ago"
    fresh(path)
    assert path.exists()


def test_json_is_read_as_it_is_there(store: Store, tmp_path: Path) -> None:
    here, there = lakes(tmp_path, store)
    write_json(here.folder("daily/corrections", "x.json"), {"a": 1})
    assert read_json(there.folder("daily/corrections", "x.json")) == {"a": 1}
    assert read_json(there.folder("daily/corrections", "y.json")) == {}


def test_an_encrypted_lake_goes_up_as_it_lies(store: Store, tmp_path: Path) -> None:
    lakes(tmp_path, store)
    here, there = (Lake(tmp_path / machine / "lake", storage("env:NEW")) for machine in ("here", "there"))
    path = here.write("facts/alerts", "2025-01-01", ONE)
    found = Objects(store).read("lake/facts/alerts/2025-01-01.parquet")
    assert found is not None
    assert found[0] == path.read_bytes()
    assert found[0].endswith(b"PARE")
    assert there.read("facts/alerts", "2025-01-01").equals(ONE)
    assert there.version("facts/alerts", "2025-01-01") == here.version("facts/alerts", "2025-01-01")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_one_line_and_leaves_nothing_half_fetched(store: Store, tmp_path: Path) -> None:
    Objects(store).put("exports/large.csv", bytes(400_000))
    with disk(tmp_path / "disk") as small:
        copy_at(small, store)
        with pytest.raises(StoreError, match=r"large.csv: cannot be fetched: No space left on device$"):
            fresh(small / "exports" / "large.csv")
        assert list((small / "exports").iterdir()) == []
        declare(small, None)
