"""The chain of editions: each manifest names the one before it by its hash; walked back as far as they lie here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.publishing.claims import fetch_manifests
from sentinel_pipeline.publishing.editions import MANIFEST, published_keys, revisions

NAME = re.compile(r"([a-z]+)/([\w-]+)/r([1-9][0-9]*)", re.ASCII)
PREVIOUS = "previous_edition"


def chain_faults(editions: Path, name: str, manifest: Mapping[str, object]) -> tuple[str, list[str]]:
    """What a walk back from an edition below `editions` says in words, and the first link that is broken, if one is.

    Where the walk comes to an edition that is not here, it ends well if nothing older is here either: older ones may be
    kept elsewhere, or not at all. With older ones here somebody took one out of their midst.
    """
    newer, current, links = name, manifest, 0
    fetch_manifests(editions / name.partition("/")[0])
    while (previous := current.get(PREVIOUS)) is not None:
        older = _name(previous)
        if older is None:
            return "broken", [f"{PREVIOUS} of {newer} is not a reference"]
        path = editions / older / MANIFEST
        if not path.is_file():
            if _has_older(editions, older):
                return "broken", [f"cut: {older} is missing, which {newer} follows, though older editions are here"]
            return _words(manifest, links, newer, older), []
        if not isinstance(previous, dict) or sha256(path.read_bytes()).hexdigest() != previous.get("manifest_sha256"):
            return "broken", [f"the manifest of {older} is not the one that {newer} names"]
        newer, current, links = older, read_json(path), links + 1
    return _words(manifest, links, newer, None), []


def _name(previous: object) -> str | None:
    """The edition that a reference names; None for what is no reference, and for one that leads elsewhere."""
    if not isinstance(previous, dict) or set(previous) != {"edition", "manifest_sha256"}:
        return None
    name = previous["edition"]
    return name if isinstance(name, str) and NAME.fullmatch(name) else None


def _words(manifest: Mapping[str, object], links: int, oldest: str, missing: str | None) -> str:
    if missing and not links:
        return f"previous edition {missing} is not here to check"
    if not links:
        return "first of its chain"
    end = f"; {missing} before it is not here to check" if missing else ""
    return f"follows {_name(manifest[PREVIOUS])}, {counted(links, 'link')} back to {oldest}{end}"


def _has_older(editions: Path, name: str) -> bool:
    cadence, key, revision = name.split("/")
    keys = published_keys(editions, cadence)
    return any(other < key for other in keys) or any(
        number < int(revision[1:]) for number in revisions(editions / cadence / key)
    )
