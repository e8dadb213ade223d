"""Keys: fetched when used, refused when wrong, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError
from sentinel_pipeline.sources.atlas_keys import KeyRing, fingerprint_of, key_ring
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline_tests.sources.fleets import NEW, SECRETS, fingerprint, fleet, payload, put, sealed


def ring(**options: object) -> KeyRing:
    settings = SourceSettings("fleet", "atlas", "inbox", "inbox", options=options, resolve=SECRETS.__getitem__)
    return key_ring(settings)


@pytest.mark.parametrize(
    ("option", "reference", "said"),
    [
        ("keys", "env:SHORT", "has 16 bytes"),
        ("keys", "env:NONSENSE", "is not base64"),
        ("database_keys", "env:SHORT", "has 16 bytes"),
        ("database_keys", "env:NONSENSE", "is not base64"),
    ],
)
def test_a_wrong_key_is_refused_with_one_line_that_does_not_show_it(
    tmp_path: Path, option: str, reference: str, said: str
) -> None:
    put(tmp_path, "a.json", sealed(payload()))
    with pytest.raises(SourceUnreachableError, match=said) as caught:
        fleet(tmp_path, memory=None, zone="UTC", **{option: [reference]})
    line = str(caught.value)
    assert reference in line
    assert "\n" not in line
    assert SECRETS[reference] not in line


def test_a_reference_that_leads_nowhere_makes_the_source_unreachable(tmp_path: Path) -> None:
    def nowhere(reference: str) -> str:
        raise UsageError(f"the environment variable of {reference} is not set")

    settings = SourceSettings("fleet", "atlas", str(tmp_path), "inbox", options={"keys": ["env:GONE"]}, resolve=nowhere)
    with pytest.raises(SourceUnreachableError, match=r"'fleet': keys: the environment variable of env:GONE"):
        key_ring(settings)


def test_nothing_that_is_printed_shows_a_key() -> None:
    keys = ring(keys=["env:NEW"], database_keys=["env:STORE"], passwords=["env:PASSWORD"])
    shown = repr(keys)
    assert not [secret for secret in SECRETS.values() if secret in shown]
    assert fingerprint(NEW) in shown


def test_the_fingerprint_of_a_ring_changes_with_its_keys_and_their_use() -> None:
    rings = [
        ring(),
        ring(keys=["env:NEW"]),
        ring(keys=["env:OLD"]),
        ring(keys=["env:NEW", "env:OLD"]),
        ring(database_keys=["env:STORE"]),
        ring(passwords=["env:PASSWORD"]),
    ]
    assert len({one.fingerprint for one in rings}) == len(rings)
    assert ring(keys=["env:NEW"]).fingerprint == rings[1].fingerprint


def test_a_fingerprint_is_the_start_of_the_hash() -> None:
    # printf '\x01%.0s' {1..32} | sha256sum
    assert fingerprint_of(b"\x01" * 32) == "72cd6e84"
