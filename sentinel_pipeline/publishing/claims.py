"""Editions in a bucket: a number is claimed, the files come, and the manifest, which makes it an edition, comes last.

Claims lie side by side, so that one look tells which revisions of a cadence there may be; what has no manifest is none.
Nothing of an edition is ever put over something else: whoever comes late finds it there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from time import sleep
from typing import Final

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.lake.mirror import Mirror
from sentinel_pipeline.lake.working_copy import copy_of, look_again

CLAIMS: Final = ".revisions"
# What makes an edition exist.
LAST: Final = "manifest.json"
# What else tells of an edition without its files.
TELLING: Final = ("facts.json", "words.json")
WATCHED_SECONDS: Final = 1.0
# Who claimed a number and then put nothing for so long has died.
GIVEN_UP_SECONDS: Final = 60.0


def claimed(folder: Path) -> list[int]:
    """Numbers that may be revisions of the edition in a bucket (the folder of its period), oldest first.

    The manifests of those that are lie in the working copy then, and what else tells of them.
    """
    copy = copy_of(folder)
    if copy is None:
        return []
    numbers = sorted(number for key, number in _claims(copy, folder.parent) if key == folder.name)
    _fetch_telling(copy, [folder / f"r{number}" for number in numbers])
    return numbers


def claimed_keys(cadence: Path, pattern: str) -> list[str]:
    """Periods of a cadence (its folder) with a published edition in a bucket, oldest first."""
    copy = copy_of(cadence)
    if copy is None:
        return []
    claims = [(key, number) for key, number in _claims(copy, cadence) if fnmatchcase(key, pattern)]
    _fetch_telling(copy, [cadence / key / f"r{number}" for key, number in claims])
    return sorted({key for key, number in claims if (cadence / key / f"r{number}" / LAST).is_file()})


def is_edition(revision: Path) -> bool:
    """Whether a revision (its folder) in a bucket has its manifest; those on disk appear whole."""
    copy = copy_of(revision)
    if copy is None:
        return True
    if not re.fullmatch(r"r[1-9][0-9]*", revision.name):
        return False
    _fetch_telling(copy, [revision])
    return (revision / LAST).is_file()


def fetch_manifests(cadence: Path) -> None:
    """Fetches the manifests of all editions of a cadence (its folder) from a bucket, and what else tells of them."""
    if copy := copy_of(cadence):
        _fetch_telling(copy, [cadence / key / f"r{number}" for key, number in _claims(copy, cadence)])


def _fetch_telling(copy: Mirror, revisions: Sequence[Path]) -> None:
    """Fetches what tells of revisions, where it was never fetched: the manifest last, so that it stands for all."""
    unknown = [revision for revision in revisions if not copy.notes.holds(copy.key(revision / LAST))]
    # Fetched before there was a manifest, it may be of somebody who never put one.
    early = [copy.key(revision / name) for revision in unknown for name in TELLING]
    copy.fresh([key for key in early if copy.notes.holds(key)])
    for names in (TELLING, (LAST,)):
        copy.fresh_finals([copy.key(revision / name) for revision in unknown for name in names])


def _claims(copy: Mirror, cadence: Path) -> list[tuple[str, int]]:
    names = (name.rpartition(".r") for name in copy.inside(cadence.parent / CLAIMS / cadence.name))
    return [(key, int(number)) for key, _, number in names if key and number.isdigit()]


def mark_of(listed: Sequence[object]) -> str:
    """What a claim says: which files the edition is to have."""
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def claim(folder: Path, revision: int, mark: str, files: Mapping[str, Path]) -> bool:
    """Whether the number is ours to publish files (by name) under; False when somebody published it meanwhile.

    Waits while somebody else publishes other files under it. Without a bucket nobody else does.
    """
    copy = copy_of(folder)
    if copy is None:
        return True
    below, content, seen_last = copy.key(folder / f"r{revision}"), mark.encode(), (-1, 0)
    key = _claim(folder / f"r{revision}")
    while copy.objects.put_new(key, content) is None:
        found = copy.objects.read(key)
        if found is None:
            continue
        there = [seen.key for seen in copy.objects.below(below)]
        if found[0] == content:  # we began before, or somebody publishes the same
            if f"{below}/{LAST}" not in there:
                _delete_others(copy, below, there, files)
            break
        if f"{below}/{LAST}" in there:
            look_again(folder.parent.parent)
            return False
        # Looks, not time: a service that was away for minutes was away for the other one too.
        seen_last = (len(there), seen_last[1] + 1 if len(there) == seen_last[0] else 0)
        if seen_last[1] * WATCHED_SECONDS > GIVEN_UP_SECONDS and copy.objects.put_instead(key, content, found[1].tag):
            copy.delete(there)
            break
        sleep(WATCHED_SECONDS)
    look_again(folder.parent.parent)
    return True


def _claim(revision: Path) -> str:
    return f"editions/{CLAIMS}/{revision.parent.parent.name}/{revision.parent.name}.{revision.name}"


def _delete_others(copy: Mirror, below: str, there: Sequence[str], files: Mapping[str, Path]) -> None:
    """Deletes what somebody left there whose claim we took over, and what he put there after that."""
    ours = {f"{below}/{name}": path for name, path in files.items()}
    copy.delete([key for key in there if key not in ours or not copy.is_same(key, ours[key])])


def put_edition(staging: Path, folder: Path, mark: str) -> bool:
    """Puts a revision (`folder`) as it lies in `staging`; False when the number, or a file, is another's by now."""
    copy = copy_of(folder)
    if copy is None:
        return True
    names = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    try:
        copy.send_finals({folder / name: staging / name for name in names if name.as_posix() != LAST})
        claimed_by = copy.objects.read(_claim(folder))
        if claimed_by is None or claimed_by[0] != mark.encode():
            raise PublishingError("somebody took it over")
        copy.send_finals({folder / LAST: staging / LAST})
    except PublishingError:
        look_again(folder.parent.parent)
        return False
    copy.adopt_times(copy.key(folder), staging)
    return True
