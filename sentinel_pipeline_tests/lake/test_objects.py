from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from sentinel_pipeline.domain.errors import StoreError
from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake import objects as module
from sentinel_pipeline.lake.objects import PART, Objects
from sentinel_pipeline_tests.s3 import harmful


def test_what_is_put_is_seen_fetched_listed_and_deleted(store: Store, tmp_path: Path) -> None:
    objects = Objects(store)
    name = "lake/a b/ü %20#+.csv"
    tag = objects.put(name, b"hello")
    assert [(seen.key, seen.bytes, seen.tag) for seen in objects.below("lake")] == [(name, 5, tag)]
    assert objects.fetch(name, tmp_path / "x") == objects.look(name)
    assert (tmp_path / "x").read_bytes() == b"hello"
    objects.delete([name, "lake/never there"])
    assert objects.look(name) is None
    assert objects.fetch(name, tmp_path / "y") is None
    assert not (tmp_path / "y").exists()


def test_an_empty_object_is_one_too(store: Store, tmp_path: Path) -> None:
    Objects(store).put("lake/empty", b"")
    seen = Objects(store).fetch("lake/empty", tmp_path / "x")
    assert seen is not None
    assert (tmp_path / "x").read_bytes() == b""


def test_a_large_object_goes_and_comes_in_parts(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * (PART // 256 + 300)
    (tmp_path / "large").write_bytes(content)
    Objects(store).put("lake/large", tmp_path / "large")
    seen = Objects(store).fetch("lake/large", tmp_path / "back")
    assert seen is not None
    assert seen.bytes == len(content)
    assert (tmp_path / "back").read_bytes() == content


def test_of_many_who_put_it_as_new_exactly_one_does(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        tags = list(pool.map(lambda number: Objects(store).put_new("editions/m", f"{number}".encode()), range(8)))
    assert sum(tag is not None for tag in tags) == 1
    found = Objects(store).read("editions/m")
    assert found is not None
    assert found[0] == f"{[tag is not None for tag in tags].index(True)}".encode()


def test_it_is_replaced_only_while_it_is_what_was_seen(store: Store) -> None:
    objects = Objects(store)
    tag = objects.put("editions/claim", b"one")
    assert objects.put_instead("editions/claim", b"two", tag)
    assert not objects.put_instead("editions/claim", b"three", tag)
    assert not objects.put_instead("editions/gone", b"three", tag)
    found = objects.read("editions/claim")
    assert found is not None
    assert found[0] == b"two"


def test_a_bucket_that_is_not_there_is_told_from_an_object_that_is_not(store: Store) -> None:
    with pytest.raises(StoreError, match=r"^s3://none-such: there is no such bucket; make it, or mend SENTINEL_STORE"):
        Objects(replace(store, bucket="none-such", prefix="")).require()
    Objects(store).require()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "access is denied; check the AWS_\\* credentials"),
        (503, "answered 503 Service Unavailable again and again"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_check(
    store: Store, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    monkeypatch.setattr(module, "TRIES", 1)
    with harmful(store.endpoint, lambda *_: status) as endpoint, pytest.raises(StoreError, match=said) as raised:
        Objects(replace(store, endpoint=endpoint)).put("lake/x", b"x")
    assert "\n" not in str(raised.value)


def test_nobody_waits_long_to_read_that_an_address_is_wrong(store: Store) -> None:
    nobody = Objects(replace(store, endpoint="http://127.0.0.1:1"))
    with pytest.raises(StoreError, match=r"^s3://.*: http://127.0.0.1:1 cannot be reached; check AWS_ENDPOINT_URL"):
        nobody.require()


def test_what_fails_in_passing_is_tried_again(store: Store, tmp_path: Path) -> None:
    """Every second request is refused, cut off or slow, and all comes as it was."""
    count = iter(range(10_000))
    harms = (500, None, 0, None, 503, None, "slow", None)

    def harm(method: str, path: str) -> int | None:
        what = harms[next(count) % len(harms)]
        if what == "slow":
            sleep(0.2)
        return what if isinstance(what, int) else None

    with harmful(store.endpoint, harm) as endpoint:
        objects = Objects(replace(store, endpoint=endpoint))
        for number in range(8):
            objects.put(f"lake/{number}", f"content {number}".encode())
        assert objects.put_new("lake/0", b"another") is None
        assert [seen.key for seen in objects.below("lake")] == [f"lake/{number}" for number in range(8)]
        for number in range(8):
            objects.fetch(f"lake/{number}", tmp_path / "back")
            assert (tmp_path / "back").read_bytes() == f"content {number}".encode()


def test_an_upload_that_is_cut_off_leaves_the_object_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRIES", 1)
    (tmp_path / "large").write_bytes(b"x" * (PART + 1))
    Objects(store).put("lake/large", b"as it was")

    def cut(method: str, path: str) -> int | None:
        return 0 if method == "PUT" and "partNumber=2" in path else None

    with harmful(store.endpoint, cut) as endpoint, pytest.raises(StoreError):
        Objects(replace(store, endpoint=endpoint)).put("lake/large", tmp_path / "large")
    found = Objects(store).read("lake/large")
    assert found is not None
    assert found[0] == b"as it was"
