"""Signed links: what stands in one is its id, when it ends, and a code that nobody makes without the key.

The code is an HMAC over who the link is bound to and which file it opens too, so that a row changed in the ledger opens
nothing either.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.lake.whole_files import replacing

KEY: Final = "links.key"
KEY_BYTES: Final = 32
PREFIX: Final = "/links"
TOKEN: Final = re.compile(r"(?P<id>[0-9a-f]{32})\.(?P<ends>[0-9]{1,11})\.(?P<code>[A-Za-z0-9_-]{43})")


def link_key(keys: Path) -> bytes:
    """The key in the folder `keys`, made when there is none, mode 0600; processes that make it at once get the same.

    Raises PublishingError for a file that is no such key.
    """
    path = keys / KEY
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise PublishingError(f"{path}: is no key of {KEY_BYTES} bytes; remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with alone(path.with_name(".lock")):
        if path.exists():
            return
        with replacing(path) as temporary:
            temporary.touch(0o600, exist_ok=False)
            temporary.write_bytes(os.urandom(KEY_BYTES))


def link_id(key: bytes, *said: str) -> str:
    """An id that is the same for the same words, and that nobody guesses."""
    return hmac.digest(key, "\n".join(("id", *said)).encode(), "sha256").hex()[:32]


def link_path(key: bytes, name: str, bound_to: str, file: str, expires_at: datetime) -> str:
    """The path of a link, with the name of its file at the end for people to read."""
    ends = _seconds(expires_at)
    return f"{PREFIX}/{name}.{ends}.{_code(key, name, bound_to, file, ends)}/{quote(file.rpartition('/')[2])}"


def named_in(token: str) -> str | None:
    """The id that a link's token names; None for what is no token."""
    match = TOKEN.fullmatch(token)
    return match["id"] if match else None


def is_genuine(key: bytes, token: str, bound_to: str, file: str, expires_at: datetime) -> bool:
    """Whether a token was made with the key, for just this."""
    match = TOKEN.fullmatch(token)
    if match is None or int(match["ends"]) != _seconds(expires_at):
        return False
    return hmac.compare_digest(match["code"], _code(key, match["id"], bound_to, file, _seconds(expires_at)))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _code(key: bytes, name: str, bound_to: str, file: str, ends: int) -> str:
    said = "\n".join(("link", name, str(ends), bound_to, file)).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hmac.digest(key, said, "sha256")).rstrip(b"=").decode()
