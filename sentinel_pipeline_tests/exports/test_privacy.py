from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import DEVICES, INCIDENTS
from sentinel_pipeline.exports.privacy import Privacy, asked_privacy
from sentinel_pipeline.exports.wanted import Wanted, require_possible
from sentinel_pipeline_tests.exports.test_asking import settings


def test_measures_are_separated_by_commas_or_given_again() -> None:
    assert asked_privacy(["addresses, drop", "drop"], None, settings()).measures == {"addresses", "drop"}
    assert not asked_privacy([], None, settings())


def test_a_key_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("0123456789abcdef\n")
    monkeypatch.setenv("PRIVACY_KEY", "fedcba9876543210")
    configured = replace(settings(tmp_path), privacy_key="env:PRIVACY_KEY")
    assert asked_privacy(["devices"], "file:key", configured).key == b"0123456789abcdef"
    assert asked_privacy(["pseudonyms"], None, configured).key == b"fedcba9876543210"
    assert "fedcba" not in repr(asked_privacy(["pseudonyms"], None, configured))


@pytest.mark.parametrize(
    ("measures", "key", "said"),
    [
        ("names", None, "no measure; choose from addresses, devices, pseudonyms, drop"),
        ("pseudonyms", None, "needs a key"),
        ("pseudonyms", "0123456789abcdef", "never the key itself"),
        ("pseudonyms", "file:short", "shorter than 16 bytes"),
        ("pseudonyms", "file:gone", "cannot read the file"),
        ("addresses", "file:short", "makes pseudonyms"),
    ],
)
def test_what_cannot_be_had_is_refused_without_showing_a_key(
    measures: str, key: str | None, said: str, tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("secret")
    with pytest.raises(UsageError, match=said) as refused:
        asked_privacy([measures], key, settings(tmp_path))
    assert "0123456789" not in str(refused.value)


def test_dropping_leaves_what_is_not_personal() -> None:
    drop = Privacy(frozenset({"drop"}))
    assert drop.columns(INCIDENTS, ("severity",)) == ("severity",)
    assert not {"user", "hostname", "source_ip"} & set(drop.columns(INCIDENTS, None) or ())
    with pytest.raises(UsageError, match="--columns names device_ip"):
        drop.columns(DEVICES, ("source", "device_ip"))
    with pytest.raises(UsageError, match="has personal columns"):
        require_possible(Wanted(DEVICES, layout="iotsentinel", privacy=drop))
