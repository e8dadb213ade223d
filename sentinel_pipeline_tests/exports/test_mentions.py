"""A text that is passed over holds nothing: whatever is told of columns, reading every text tells the same."""

from __future__ import annotations

import json

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_pipeline.domain.redaction import Names, Redaction
from sentinel_pipeline.exports.mentions import mentioning
from sentinel_pipeline_tests.clocks import PATIENT

NAMES = (
    *("Alice", "Living room TV", "CORP\\bob", "pc-7.example.com", "Jörg", "王伟", "1234567", "=cmd", "Straße 7"),
    *("carol@example.com", "İpek", "K9", "aabbccddeeff"),
)
PIECES = (
    *("10.0.0.5", "10-0-0-5", "10_000_00_05", "::1", "fe80::1", "2001:db8:1:2:3:4:5:6", "1:2:3:4:5:6:7.8.9.10", "::"),
    *("02:00:5e:10:00:01", "02-00-5E-10-00-01", "02.00.5e.10.00.01", "0200.5e10.0001", "0200_5e10_0001", "14:30:00"),
    *("5.0.0.10.in-addr.arpa", ".".join("f" * 32) + ".IP6.arpa", "1:2:3:4:5:6", "aabbccddeeff", "AABBCCDDEEFF"),
    *("ALICE", "malice", "living Room tv", "bob", "Jo\u0308rg", "JÖRG", "用户王伟", "1234567", "12345678", "STRASSE 7"),
    *("x@y", "carol", "Carol@Example.com", "İPEK", "i\u0307pek", "\u212a9", "k9", "\\u0041lice", '"', "{", "}", "\\"),
    *(" ", ".", ":", "-", "_", "a", "0", "'", "\n", "\x1c", "é", "{}", "[]", ","),
)
pieces = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
texts = pieces | st.text(max_size=20)
objects = st.recursive(texts | st.integers(0, 9_999_999), lambda inner: st.dictionaries(texts, inner, max_size=3))
documents = st.builds(json.dumps, objects, ensure_ascii=st.booleans())


@PATIENT
@given(st.lists(texts | documents, min_size=1), st.booleans(), st.sets(st.sampled_from(NAMES)))
@example(["2001:db8:1:2:3:4:5:6", "x::", "1:2:3:4:5:6:7.8.9.10"], False, set())
@example(["aabbccddeeff", "ALICE", "k9"], True, set(NAMES))
def test_whatever_a_redaction_would_change_is_read(values: list[str], has_mail: bool, names: set[str]) -> None:
    mail = (lambda _: "MAIL") if has_mail else None
    redaction = Redaction(Names(names), lambda _: "WHO", lambda _: "WHERE", mail)
    found = set(mentioning(pl.Series("text", values, pl.String), redaction))
    assert [value for value in values if value not in found and redaction(value) != value] == []


def test_what_plainly_mentions_nothing_is_not_read() -> None:
    redaction = Redaction(Names(["Alice"]), str, lambda _: "WHERE", None)
    values = ["C000000000000002a", "14:30:00", '{"rssi": -40, "version": "1.2"}', "2026-11-20T09:00:00", "x@y"]
    assert mentioning(pl.Series("text", values), redaction).to_list() == []


@PATIENT
@given(documents)
def test_parts_known_from_before_become_what_they_would_have(document: str) -> None:
    redaction, fresh = (Redaction(Names(NAMES), str.upper, lambda one: one.short, str.title) for _ in range(2))
    redaction(document)
    assert redaction(document) == fresh(document)
