from __future__ import annotations

import json
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.redaction import Names, Redaction, token

KEY = b"0123456789abcdef"


def redaction(*names: str) -> Redaction:
    return Redaction(Names(names), lambda _: "WHO", lambda _: "WHERE", lambda _: "MAIL")


@pytest.mark.parametrize(
    ("names", "text", "kept"),
    [
        (["Alice"], "ALICE's disk, malice, /home/alice/x", "WHO's disk, malice, /home/WHO/x"),
        (["Living room TV"], "living Room tv spoke; living room stays", "WHO spoke; living room stays"),
        (["alice@example.com"], "alice wrote to bob@example.org", "WHO wrote to MAIL"),
        (["CORP\\alice"], "session_alice_7 of corp\\ALICE", "session_WHO_7 of WHO"),
        (["pc-7.example.com"], "pc-7 and PC-7.example.com", "WHO and WHO"),
        (["Jörg", "Jo"], "Jo\u0308rg, Jo", "WHO, WHO"),
        (["王伟"], "用户王伟登录", "用户WHO登录"),
        (["=HYPERLINK(1)"], "name =hyperlink(1)!", "name WHO!"),
        (["cam-10.0.0.5"], "cam-10.0.0.5 and 10.0.0.5", "WHO and WHERE"),
        (["7", "443", "-", "unknown"], "7 of 443 - unknown", "7 of 443 - unknown"),
        (["1234567"], "1234567 of 12345678", "WHO of 12345678"),
        (["Ann", "Ann Lee"], "Ann Lee, Ann", "WHO, WHO"),
    ],
)  # fmt: skip
def test_names_are_found_as_whole_words(names: list[str], text: str, kept: str) -> None:
    assert redaction(*names)(text) == kept


def test_json_stays_json_whatever_is_escaped_in_it() -> None:
    text = (
        r'{"who": "J\u00fcrgen", "n": 1.50, "id": 1234567, "in": "{\"ip\": \"10.0.0.5\"}", "x": null, "J\u00fcrgen": 1}'
    )
    assert redaction("jürgen", "1234567")(text) == (
        '{"who": "WHO", "n": 1.50, "id": "WHO", "in": "{\\"ip\\": \\"WHERE\\"}", "x": null, "WHO": 1}'
    )


def test_what_holds_nothing_is_kept_to_the_letter() -> None:
    text = r'{"a":  "\u00e9\/", "b": [1e3, "\ud800"]}'
    assert redaction("alice")(text) == text


def test_a_pseudonym_is_the_same_for_every_spelling_and_only_for_one_key() -> None:
    assert token(KEY, "::ffff:10.0.0.5") == token(KEY, "10.0.0.5") != token(KEY, "10.0.0.6")
    assert token(KEY, " Alice ") == token(KEY, "ALICE") != token(b"fedcba9876543210", "alice")
    assert re.fullmatch("mac-[0-9a-f]{16}", token(KEY, "AA-BB-CC-DD-EE-FF"))


def test_a_pseudonym_is_the_documented_digest() -> None:
    # printf 'id\0alice' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert token(KEY, "alice") == "id-c0979a8babbc7234"


NAME = st.text(alphabet="abcÄß.-_ @", min_size=3, max_size=8)


@given(st.lists(NAME, max_size=4), st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=6))
def test_json_never_breaks(names: Iterable[str], value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        json.loads(redaction(*names)(text))


@given(NAME, st.text(max_size=20), st.text(max_size=20))
def test_a_known_name_between_spaces_is_never_left(name: str, before: str, after: str) -> None:
    if not any(sign.isalpha() for sign in name) or name.strip().lower() in ("n/a", "unknown"):
        return
    assert f" {name.strip()} " not in f" {redaction(name)(f'{before} {name.strip()} {after}')} ".replace("WHO", "")
