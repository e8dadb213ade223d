"""What was worked out is kept while it weighs little enough, and made once for all who ask at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.portal.remembered import Remembered


def test_what_is_known_is_not_made_again() -> None:
    kept = Remembered[bytes](100, len)
    assert kept.of("a", lambda: b"first") == b"first"
    assert kept.of("a", lambda: b"second") == b"first"
    assert kept.of("b", lambda: b"second") == b"second"


def test_what_was_used_longest_ago_goes_first() -> None:
    kept = Remembered[bytes](10, len)
    for name in ("a", "b"):
        kept.of(name, lambda: b"12345")
    kept.of("a", lambda: b"never made")
    kept.of("c", lambda: b"12345")
    assert kept.of("a", lambda: b"new") == b"12345"
    assert kept.of("b", lambda: b"new") == b"new"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=60))
def test_all_that_is_kept_never_weighs_more_than_it_may(asked: list[tuple[int, int]]) -> None:
    kept = Remembered[bytes](50, len)
    for name, size in asked:
        assert kept.of((name, size), lambda size=size: bytes(size)) == bytes(size)  # type: ignore[misc]
        assert kept.bytes <= 50


def test_what_is_too_heavy_is_told_and_not_kept() -> None:
    kept = Remembered[bytes](3, len)
    assert kept.of("a", lambda: b"heavy") == b"heavy"
    assert (kept.of("a", lambda: b"new"), kept.bytes) == (b"new", 3)


def test_who_asks_for_what_is_being_made_waits_for_it() -> None:
    kept, made = Remembered[bytes](100, len), []
    begun, go_on = Event(), Event()

    def make() -> bytes:
        made.append(1)
        begun.set()
        assert go_on.wait(30)
        return b"answer"

    with ThreadPoolExecutor(4) as people:
        first = people.submit(kept.of, "a", make)
        assert begun.wait(30)
        others = [people.submit(kept.of, "a", make) for _ in range(3)]
        assert kept.of("b", lambda: b"meanwhile") == b"meanwhile"
        go_on.set()
        assert [one.result(30) for one in (first, *others)] == [b"answer"] * 4
    assert len(made) == 1


def test_what_failed_is_told_and_tried_again() -> None:
    kept = Remembered[bytes](100, len)

    def fail() -> bytes:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        kept.of("a", fail)
    assert kept.of("a", lambda: b"there") == b"there"
