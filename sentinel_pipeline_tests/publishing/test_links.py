"""A link says what it was signed for, and nothing else."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.publishing.links import PREFIX, is_genuine, link_id, link_key, link_path, named_in

KEY = bytes(range(32))
ENDS = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
FILE = "editions/daily/2026-10-28/r1/report.pdf"
NAME = link_id(KEY, "one")


def token(key: bytes = KEY, bound_to: str = "user 1", file: str = FILE, ends: datetime = ENDS) -> str:
    return link_path(key, NAME, bound_to, file, ends).removeprefix(f"{PREFIX}/").partition("/")[0]


def test_a_link_is_genuine_for_what_it_was_made_for_only() -> None:
    assert named_in(token()) == NAME
    assert is_genuine(KEY, token(), "user 1", FILE, ENDS)
    assert not is_genuine(KEY, token(), "user 2", FILE, ENDS)
    assert not is_genuine(KEY, token(), "recipient 1", FILE, ENDS)
    assert not is_genuine(KEY, token(), "user 1", FILE + "x", ENDS)
    assert not is_genuine(KEY, token(), "user 1", FILE, ENDS + timedelta(days=1))
    assert not is_genuine(bytes(32), token(), "user 1", FILE, ENDS)


@given(st.integers(0, len(token()) - 1), st.characters(codec="utf-8"))
def test_a_link_with_any_sign_changed_is_none(place: int, sign: str) -> None:
    changed = token()[:place] + sign + token()[place + 1 :]
    # The last sign of the code has bits to spare.
    if changed != token() and place < len(token()) - 1:
        assert not (named_in(changed) == NAME and is_genuine(KEY, changed, "user 1", FILE, ENDS))


@given(st.text(max_size=200))
def test_what_is_no_token_names_nothing(text: str) -> None:
    assert named_in(text) is None


def test_the_same_words_make_the_same_id_and_others_another() -> None:
    assert link_id(KEY, "a", "b") == link_id(KEY, "a", "b")
    assert len({link_id(KEY, "a", "b"), link_id(KEY, "ab"), link_id(bytes(32), "a", "b")}) == 3


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: link_key(tmp_path / "keys"), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "keys" / "links.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "links.key").write_bytes(b"short")
    with pytest.raises(PublishingError, match="is no key of 32 bytes"):
        link_key(tmp_path)


def test_names_are_written_for_addresses() -> None:
    assert link_path(KEY, NAME, "user 1", "exports/a b?.csv", ENDS).endswith("/a%20b%3F.csv")
