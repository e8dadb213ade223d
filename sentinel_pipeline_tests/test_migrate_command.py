"""`sentinel migrate` as whoever outgrows one machine uses it."""

from __future__ import annotations

import pytest

from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake.objects import Objects
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.orchestration.control_room import sole_room
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline_tests.test_access_command import Terminal, sentinel

__all__ = ["sentinel"]
URL = "SENTINEL_POSTGRESQL_URL"


def test_users_and_the_record_of_acts_go_on_in_postgresql(sentinel: Terminal, postgresql_url: str) -> None:
    before = sentinel("audit", "verify")
    sentinel.patch.setenv(URL, postgresql_url)
    moved = sentinel("migrate")
    assert (moved.code, moved.last) == (
        0,
        f"2 rows moved to {open_ledger(postgresql_url).place}",
    )
    assert "users 1\n" in moved.out
    assert sentinel("audit", "verify") == before
    assert sentinel.add("ann").code == 0
    assert sentinel("migrate").last.startswith("already moved to ledger localhost/")
    assert "ann" in sentinel("users", "list").out


def test_without_the_setting_the_old_file_is_not_taken_for_the_ledger(sentinel: Terminal, postgresql_url: str) -> None:
    sentinel.patch.setenv(URL, postgresql_url)
    assert sentinel("migrate").code == 0
    sentinel.patch.delenv(URL)
    said = sentinel("users", "list")
    assert said.code == 1
    assert "was moved to ledger localhost/" in said.err
    assert "set SENTINEL_POSTGRESQL_URL to use it there" in said.err


def test_what_is_missing_for_a_move_is_said_in_a_line(sentinel: Terminal, postgresql_url: str) -> None:
    unset = sentinel("migrate")
    assert (unset.code, unset.err) == (
        2,
        "sentinel: SENTINEL_POSTGRESQL_URL is not set; it names the database to move to\n",
    )
    sentinel.patch.setenv(URL, postgresql_url)
    with sole_room(prepare_home(sentinel.data)):
        at_work = sentinel("migrate")
    assert at_work.code == 1
    assert "is at work on" in at_work.err
    (sentinel.data / "state.db").unlink()
    nothing = sentinel("migrate")
    assert nothing.code == 2
    assert "state.db does not exist; there is no ledger to move" in nothing.err


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "nonsense"])
def test_a_database_that_cannot_be_used_leaves_the_file_as_it_is(sentinel: Terminal, url: str) -> None:
    sentinel.patch.setenv(URL, url)
    said = sentinel("migrate")
    assert said.code == 1
    assert said.err.count("\n") == 1
    sentinel.patch.delenv(URL)
    assert "root" in sentinel("users", "list").out


def test_files_move_into_a_bucket_and_are_used_from_there(sentinel: Terminal, store: Store) -> None:
    (sentinel.data / "exports").mkdir()
    (sentinel.data / "exports" / "alerts.csv").write_text("alerts")
    unset = sentinel("migrate", "--store")
    assert (unset.code, unset.err) == (
        2,
        "sentinel: SENTINEL_STORE_URL is not set; it names the bucket to move to, such as s3://reports/sentinel\n",
    )
    sentinel.patch.setenv("SENTINEL_STORE_URL", store.url)
    sentinel.patch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    refused = sentinel("audit", "export")
    assert refused.code == 2
    assert "exports holds files that are not in s3://" in refused.err
    moved = sentinel("migrate", "--store")
    assert (moved.code, moved.last) == (0, f"1 file moved to {store.url}, every one compared")
    assert "exports 1 file 6 bytes\n" in moved.out
    assert sentinel("audit", "export").code == 0
    assert len([seen.key for seen in Objects(store).below("exports")]) == 2


def test_a_working_copy_is_never_taken_for_all_there_is(sentinel: Terminal, store: Store) -> None:
    """What was made without the bucket would be removed from here as soon as somebody looks with it."""
    sentinel.patch.setenv("SENTINEL_STORE_URL", store.url)
    sentinel.patch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    assert sentinel("migrate", "--store").code == 0
    sentinel.patch.delenv("SENTINEL_STORE_URL")
    forgotten = sentinel("audit", "export")
    assert forgotten.code == 2
    assert f"is the working copy of {store.url}; set SENTINEL_STORE_URL to it, or name another" in forgotten.err
    sentinel.patch.setenv("SENTINEL_STORE_URL", store.url)
    assert sentinel("audit", "export").code == 0
