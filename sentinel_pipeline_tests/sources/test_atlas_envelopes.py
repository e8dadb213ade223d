"""Envelopes: every verdict of the reader's rules, and what is odd but proven."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.sources.atlas_envelopes import (
    AUTH_FAILED,
    DOWNGRADE,
    INCOMPLETE,
    MALFORMED,
    MALFORMED_PLAINTEXT,
    NO_KEY,
    NONCE_REUSE,
    OK,
    PLAINTEXT,
    REPLAY,
    Opened,
    Seals,
    open_envelope,
)
from sentinel_pipeline.sources.atlas_keys import KeyRing, key_ring
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline_tests.clocks import BRIEF
from sentinel_pipeline_tests.sources.fleets import NEW, OLD, SECRETS, STRANGE, fingerprint, log, payload, sealed, text


def ring(*references: str) -> KeyRing:
    options: dict[str, object] = {"keys": list(references or ("env:NEW", "env:OLD"))}
    return key_ring(SourceSettings("fleet", "atlas", "inbox", "inbox", options=options, resolve=SECRETS.__getitem__))


def opened(envelope: object, keys: KeyRing | None = None) -> Opened:
    return open_envelope(envelope, ring() if keys is None else keys)


def without(envelope: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in envelope.items() if key != name}


def flipped(envelope: Mapping[str, Any]) -> dict[str, Any]:
    raw = bytearray(base64.b64decode(envelope["ciphertext"]))
    raw[0] ^= 1
    return {**envelope, "ciphertext": text(bytes(raw))}


GOOD = sealed(payload())
CUT = {**GOOD, "ciphertext": text(base64.b64decode(GOOD["ciphertext"])[:-1])}


def test_a_good_envelope_gives_its_machine_its_logs_and_the_key_that_opened_it() -> None:
    found = opened(GOOD)
    assert (found.verdict, found.machine_id, found.logs) == (OK, "mac-1", (log(),))
    assert (found.flags, found.fingerprint) == (frozenset(), fingerprint(NEW))


def test_an_old_key_still_opens_what_was_sealed_with_it() -> None:
    found = opened(sealed(payload(), OLD))
    assert (found.verdict, found.fingerprint) == (OK, fingerprint(OLD))


@pytest.mark.parametrize(
    ("envelope", "verdict"),
    [
        (sealed(payload(), STRANGE), AUTH_FAILED),
        (sealed(payload(), bound=b"mac-1"), AUTH_FAILED),
        (flipped(GOOD), AUTH_FAILED),
        (CUT, AUTH_FAILED),
        (without(GOOD, "nonce"), MALFORMED),
        (without(GOOD, "ciphertext"), MALFORMED),
        ({**GOOD, "nonce": 7}, MALFORMED),
        ({**GOOD, "nonce": text(b"x" * 11)}, MALFORMED),
        ({**GOOD, "ciphertext": text(b"x" * 15)}, MALFORMED),
        ({**GOOD, "ciphertext": GOOD["ciphertext"].rstrip("=") + "A"}, MALFORMED),
        ({**GOOD, "nonce": None}, MALFORMED),
        (["encrypted"], MALFORMED),
        (None, MALFORMED),
        (sealed("{"), MALFORMED_PLAINTEXT),
        (sealed(b"\xff\xfe"), MALFORMED_PLAINTEXT),
        (sealed("[1]"), MALFORMED_PLAINTEXT),
        (sealed("[" * 100_000), MALFORMED_PLAINTEXT),
        (sealed("9" * 5_000), MALFORMED_PLAINTEXT),
        (sealed({"logs": [log()]}), INCOMPLETE),
        (sealed(payload(machine="  ")), INCOMPLETE),
        (sealed({"machine_id": "mac-1", "logs": []}), INCOMPLETE),
        (sealed({"machine_id": "mac-1", "logs": {"a": 1}}), INCOMPLETE),
        (sealed({"new_key": "c2VjcmV0"}), INCOMPLETE),
        (payload(), DOWNGRADE),
        ({**payload(), "encrypted": False}, DOWNGRADE),
    ],
)
def test_what_cannot_be_believed_has_its_verdict_and_gives_no_logs(envelope: object, verdict: str) -> None:
    found = opened(envelope)
    assert found.verdict == verdict
    assert found.logs == ()


def test_without_a_key_plain_text_is_accepted_and_a_seal_stays_closed() -> None:
    assert opened(payload(), KeyRing()).verdict == PLAINTEXT
    assert opened(GOOD, KeyRing()).verdict == NO_KEY


@pytest.mark.parametrize(
    ("envelope", "flag"),
    [
        (without(GOOD, "version"), "version"),
        ({**GOOD, "version": 1}, "version"),
        ({**GOOD, "encrypted": "yes"}, "encrypted_not_true"),
        ({**GOOD, "ciphertext": GOOD["ciphertext"][:9] + "\r\n" + GOOD["ciphertext"][9:]}, "encoding"),
        ({**GOOD, "nonce": " " + GOOD["nonce"]}, "encoding"),
        ({**GOOD, "nonce": GOOD["nonce"] + "ß"}, "encoding"),
        (sealed(json.dumps(payload(log(data={"a": float("nan")})))), "non_finite"),
        (sealed('{"machine_id": "mac-1", "logs": [{"data": {"a": 1e999}}]}'), "non_finite"),
        (sealed('{"machine_id": "mac-0", "machine_id": "mac-1", "logs": [1]}'), "duplicate_key"),
    ],
)
def test_what_is_odd_but_proven_is_kept_and_flagged(envelope: object, flag: str) -> None:
    found = opened(envelope)
    assert (found.verdict, found.machine_id, found.flags) == (OK, "mac-1", frozenset({flag}))


def test_the_second_of_the_same_envelope_is_a_replay() -> None:
    seals = Seals()
    assert [seals.judged(opened(GOOD)).verdict for _ in range(3)] == [OK, REPLAY, REPLAY]


def test_another_content_under_the_same_nonce_and_key_is_an_alarm() -> None:
    seals = Seals()
    seals.judged(opened(GOOD))
    other = seals.judged(opened(sealed(payload(machine="mac-2"))))
    assert (other.verdict, other.flags) == (OK, frozenset({NONCE_REUSE}))
    assert seals.judged(opened(sealed(payload(), OLD))).flags == frozenset(), "another key may use the nonce again"


def test_what_was_never_opened_does_not_make_a_later_one_a_replay() -> None:
    seals = Seals()
    seals.judged(opened(sealed(payload(), STRANGE)))
    assert seals.judged(opened(GOOD)).verdict == OK


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@BRIEF
@given(st.dictionaries(st.text(), JSON, max_size=4), st.integers(0, 2**96 - 1))
def test_whatever_is_sealed_comes_out_as_it_was(data: dict[str, object], nonce: int) -> None:
    found = opened(sealed(payload(log(data=data)), nonce=nonce))
    assert (found.verdict, found.logs) == (OK, (log(data=data),))


@BRIEF
@given(JSON, st.dictionaries(st.sampled_from(["encrypted", "version", "nonce", "ciphertext", "machine_id"]), JSON))
def test_no_record_whatsoever_breaks_the_reader(anything: object, near: dict[str, object]) -> None:
    for record in (anything, near, {**GOOD, **near}, sealed(json.dumps(anything))):
        Seals().judged(opened(record))
