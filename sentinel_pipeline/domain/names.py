"""Names from outside made safe for paths and asset keys."""

from __future__ import annotations

import hashlib
import re

SAFE = re.compile(r"[A-Za-z0-9_]+")


def slug(name: str) -> str:
    """The name itself where it holds only letters, digits and underscores; else those, with a digest of the name."""
    if SAFE.fullmatch(name):
        return name
    readable = "_".join(SAFE.findall(name))[:40]
    return f"{readable}_{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("_")
