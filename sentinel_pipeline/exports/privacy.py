"""What an export keeps to itself: the measures that are asked for, and the key of pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.privacy import (
    ADDRESSES,
    DEVICES,
    DROP,
    KEYED,
    MEASURES,
    NO_PRIVACY,
    PSEUDONYMS,
    Privacy,
)
from sentinel_pipeline.settings import REFERENCE, Settings, resolved

LEAST_KEY: Final = 16


def asked_privacy(measures: Sequence[str], key: str | None, settings: Settings) -> Privacy:
    """Measures separated by commas, and the key that `env:NAME` or `file:PATH` refers to, else the configured one.

    Raises UsageError for a measure there is not, and for a key that is missing, too short or no reference.
    """
    wanted = tuple(dict.fromkeys(one.strip() for several in measures for one in several.split(",")))
    unknown = [one for one in wanted if one not in MEASURES]
    if unknown:
        raise UsageError(f"--privacy '{unknown[0]}' is no measure; choose from {', '.join(MEASURES)}")
    keyed = [one for one in wanted if one in KEYED]
    if key is not None and not keyed:
        raise UsageError(f"--privacy-key makes pseudonyms; add --privacy {' or '.join(KEYED)}, or leave it out")
    if not keyed:
        return Privacy(frozenset(wanted))
    return Privacy(frozenset(wanted), _key(keyed[0], key, settings))


def _key(measure: str, key: str | None, settings: Settings) -> bytes:
    reference = key or settings.privacy_key
    if reference is None:
        raise UsageError(f"--privacy {measure} needs a key: --privacy-key env:NAME or file:PATH, or privacy.key")
    if not REFERENCE.fullmatch(reference):
        raise UsageError("--privacy-key takes env:NAME or file:PATH, never the key itself, which others could read")
    secret = resolved(reference, settings.data).encode()
    if len(secret) < LEAST_KEY:
        raise UsageError(
            f"the key at '{reference}' is shorter than {LEAST_KEY} bytes; `openssl rand -hex 32` makes one"
        )
    return secret


__all__ = ["ADDRESSES", "DEVICES", "DROP", "MEASURES", "NO_PRIVACY", "PSEUDONYMS", "Privacy", "asked_privacy"]
