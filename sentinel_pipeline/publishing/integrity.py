"""Whether the files of a published edition are still the ones that were published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sentinel_pipeline.lake.storage import sha256

MISSING = ": missing"


def file_faults(folder: Path, listed: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A line for every listed file (manifest entries by name) that is missing or no longer what was published."""
    return [fault for name in sorted(listed) for fault in _faults(folder / name, listed[name], name)]


def _faults(path: Path, entry: Mapping[str, object], name: str) -> list[str]:
    if path.is_symlink():
        return [f"{name}: is a link, not a file"]
    if not path.is_file() or ".." in path.parts:
        return [f"{name}{MISSING}"]
    if path.stat().st_size != entry.get("bytes"):
        return [f"{name}: has {path.stat().st_size} bytes, published were {entry.get('bytes')}"]
    return [] if sha256(path) == entry.get("sha256") else [f"{name}: its content is not what was published"]
