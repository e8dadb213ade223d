from dataclasses import replace

import pytest

from sentinel_pipeline.domain.errors import StoreError
from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake import sightings as module
from sentinel_pipeline.lake.objects import Objects, Seen
from sentinel_pipeline.lake.sightings import Sightings
from sentinel_pipeline_tests.s3 import harmful

DAYS = [f"lake/facts/alerts/{number}" for number in range(10)]


def counted(store: Store, asked: list[str], look: str) -> None:
    """Requests of one look in words: methods by folder listed or key."""
    count: list[str] = []

    def harm(method: str, path: str) -> None:
        count.append("list" if "list-type" in path else method.lower())

    with harmful(store.endpoint, harm) as endpoint:
        seen = Sightings(Objects(replace(store, endpoint=endpoint)))
        found = [seen.of([key]) if look == "one by one" else seen.of(asked) for key in asked]
        again = seen.of(asked)
    assert sum(one is not None for one in again.values()) == len(asked)
    assert all(one is not None for some in found for one in some.values())
    assert count == (["head", "list"] if look == "one by one" else ["list"])


@pytest.mark.parametrize("look", ["one by one", "together"])
def test_however_many_are_asked_for_two_requests_tell(store: Store, look: str) -> None:
    for key in DAYS:
        Objects(store).put(key, b"x")
    counted(store, DAYS, look)


def test_what_was_put_is_known_and_what_is_gone_too(store: Store) -> None:
    seen = Sightings(Objects(store))
    tag = Objects(store).put("lake/a/b", b"x")
    seen.note_put("lake/a/b", tag, 1)
    assert (found := seen.of(["lake/a/b"])["lake/a/b"]) is not None
    assert found.tag == tag
    seen.note_gone("lake/a/b")
    assert seen.of(["lake/a/b"]) == {"lake/a/b": None}
    seen.forget("lake")
    assert list(seen.inside("lake/a")) == ["b"]


def test_what_was_seen_long_ago_is_looked_at_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Sightings(Objects(store))
    assert seen.of(["lake/a/b"]) == {"lake/a/b": None}
    Objects(store).put("lake/a/b", b"x")
    assert seen.of(["lake/a/b"]) == {"lake/a/b": None}
    monkeypatch.setattr(module, "FRESH_LAKE_SECONDS", 0.0)
    assert seen.of(["lake/a/b"])["lake/a/b"] is not None


def test_closed_days_of_all_kinds_are_looked_at_as_one(store: Store) -> None:
    Objects(store).put("lake/closed/facts/2025-01-01.json", b"{}")
    seen = Sightings(Objects(store))
    keys = ["lake/closed/facts/2025-01-01.json", "lake/closed/statistics/2025-01-01.json"]
    assert [one is None for one in seen.of(keys).values()] == [False, True]


def test_a_bucket_that_is_gone_is_not_an_empty_one(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no such bucket"):
        Sightings(Objects(replace(store, bucket="gone", prefix=""))).of(["lake/a/b"])


@pytest.mark.parametrize("asked", [["lake/a/b"], ["lake/a/b", "lake/a/c"]])
def test_what_another_thread_forgets_meanwhile_is_told_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    for key in asked:
        Objects(store).put(key, b"x")
    seen = Sightings(Objects(store))
    listed, noted = Sightings._list, Sightings._note

    def list_it(self: Sightings, folder: str) -> object:
        found = listed(self, folder)
        self.forget("lake")
        return found

    def note_it(self: Sightings, key: str, found: Seen | None) -> None:
        noted(self, key, found)
        self.forget("lake")

    monkeypatch.setattr(Sightings, "_list", list_it)
    monkeypatch.setattr(Sightings, "_note", note_it)
    assert None not in seen.of(asked).values()
    assert sorted(seen.inside("lake/a")) == [key.rpartition("/")[2] for key in asked]
