from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.lake.keys import Key, Keys
from sentinel_pipeline_tests.lake.secrets import SECRETS, resolve

PLACE = Path("facts/alerts/2025-01-01.parquet")


def test_references_are_resolved_when_a_key_is_needed_and_once() -> None:
    asked: list[str] = []

    def listening(reference: str) -> str:
        asked.append(reference)
        return resolve(reference)

    keys = Keys(("env:NEW", "env:OLD"), listening)
    assert asked == []
    assert keys.newest is not None
    assert keys.newest.secret == bytes(range(32))
    assert keys.of(Key(bytes(range(32, 64))).identifier, PLACE).secret == bytes(range(32, 64))
    assert asked == ["env:NEW", "env:OLD"]


def test_no_reference_is_no_key() -> None:
    assert Keys().newest is None


@pytest.mark.parametrize(
    ("reference", "said"), [("env:SHORT", "has 16 bytes"), ("env:WORDS", "is not base64"), ("env:GONE", "is not set")]
)
def test_what_is_no_key_is_refused_by_its_reference_and_never_shown(reference: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"{reference} {said}") as refused:
        Keys((reference,), resolve).require()
    assert SECRETS.get(reference, "?") not in str(refused.value)


def test_a_key_that_is_not_configured_is_named_by_its_fingerprint() -> None:
    old = Key(bytes(range(32, 64)))
    with pytest.raises(UsageError, match=rf"{PLACE}: is encrypted; give lake.encryption_key .* {old.fingerprint}$"):
        Keys().of(old.identifier, PLACE)
    with pytest.raises(UsageError, match=rf"{PLACE}: is encrypted with another key, {old.fingerprint}; add it"):
        Keys(("env:NEW",), resolve).of(old.identifier, PLACE)


def test_neither_a_key_nor_its_identifier_shows_the_secret() -> None:
    key = Key(bytes(range(32)))
    assert repr(key) == "Key()"
    assert len(key.identifier) == 8
    assert key.identifier not in key.secret
    assert Key(bytes(range(32))).identifier == key.identifier != Key(bytes(range(1, 33))).identifier
