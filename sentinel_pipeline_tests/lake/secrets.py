"""Keys of lakes, for tests: text as it would stand in the environment, and storages that know some of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.lake.keys import Keys
from sentinel_pipeline.lake.storage import Storage

SECRETS: Mapping[str, str] = MappingProxyType(
    {
        "env:NEW": base64.b64encode(bytes(range(32))).decode(),
        "env:OLD": base64.b64encode(bytes(range(32, 64))).decode(),
        "env:SHORT": base64.b64encode(b"sixteen bytes ..").decode(),
        "env:WORDS": "correct horse battery staple",
    }
)


def resolve(reference: str) -> str:
    try:
        return SECRETS[reference]
    except KeyError:
        raise UsageError(f"{reference} is not set") from None


def storage(*references: str) -> Storage:
    """One that knows these keys, newest first."""
    return Storage(Keys(references, resolve))
