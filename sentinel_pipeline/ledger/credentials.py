"""Passwords and other secrets: only what they can be checked with is kept."""

from __future__ import annotations

import hashlib
import secrets
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sentinel_pipeline.domain.errors import BusyError, UsageError

LEAST_PASSWORD: Final = 12
# A longer one is no better, and hashing it costs.
MOST_PASSWORD_BYTES: Final = 1024
SECONDS_TO_WAIT: Final = 5.0
# Each takes 64 MiB and a core: more at once would let strangers fill the memory.
AT_ONCE = BoundedSemaphore(2)
HASHER = PasswordHasher()
# Of no password: who asks for an unknown name waits as long as for a known one.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$c2VudGluZWwtbm9ib2R5IQ$T4qyzqQyLxYKIGvHH9Rlkh9YGgNz6kh+YuZsYv0v2Cw"


def hashed(password: str) -> str:
    """What a password is kept as. Raises UsageError for one that is too short or too long."""
    if len(password) < LEAST_PASSWORD:
        raise UsageError(f"a password has at least {LEAST_PASSWORD} characters")
    if len(password.encode("utf-8", "surrogatepass")) > MOST_PASSWORD_BYTES:
        raise UsageError(f"a password has at most {MOST_PASSWORD_BYTES} bytes")
    return HASHER.hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether a password is the one that was kept. Raises BusyError when too many are being checked."""
    given = password.encode("utf-8", "surrogatepass")
    if len(given) > MOST_PASSWORD_BYTES:
        return False
    if not AT_ONCE.acquire(timeout=SECONDS_TO_WAIT):
        raise BusyError("too many people are signing in; try again in a moment")
    try:
        return HASHER.verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        AT_ONCE.release()


def new_secret() -> str:
    """256 bits that nobody guesses, as text for cookies and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What a random secret is kept as; it has too many bits to be tried, so no salt and no delay is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_id() -> str:
    """An identifier that says nothing of what it names."""
    return secrets.token_hex(8)
