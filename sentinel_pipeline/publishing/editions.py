"""Editions on disk: a folder per revision that appears whole, is never changed, and says what is in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from sentinel_pipeline import __version__
from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.lake.store import DAY, alone, read_json
from sentinel_pipeline.lake.working_copy import copy_of, fresh_below, look_again
from sentinel_pipeline.publishing.claims import LAST, claim, claimed, claimed_keys, mark_of, put_edition
from sentinel_pipeline.publishing.integrity import file_faults
from sentinel_pipeline.publishing.signatures import SIGNATURE, manifest_bytes, signature_faults, signed
from sentinel_pipeline.publishing.signing_keys import KEYS, hand_out, signing_key
from sentinel_pipeline.publishing.withdrawal import require_not_withdrawn

MANIFEST = LAST
REVISION = re.compile(r"r([1-9][0-9]*)")
Listed = dict[str, str | int | None]


@dataclass(frozen=True)
class Edition:
    """A published revision; `is_new` is False when its files already lay there, byte for byte."""

    folder: Path
    revision: int
    is_new: bool
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        return "/".join(self.folder.parts[-3:])


def edition_folder(editions: Path, period: Period) -> Path:
    return editions / period.cadence / period.key


def revisions(folder: Path) -> list[int]:
    """Published revisions of an edition, oldest first; one that lost its manifest is none."""
    numbers = _taken(folder) if copy_of(folder) is None else claimed(folder)
    return [number for number in numbers if (folder / f"r{number}" / MANIFEST).is_file()]


def _taken(folder: Path) -> list[int]:
    """Numbers that stand for something already, even if it is damaged: none of them is given again."""
    if not folder.is_dir():
        return []
    names = (REVISION.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match.group(1)) for match in names if match)


def _free(folder: Path) -> int:
    return max(_taken(folder) if copy_of(folder) is None else revisions(folder), default=0) + 1


def upcoming_revision(editions: Path, period: Period, figures_hash: str) -> int:
    """The newest revision if it was made from the same figures and is undamaged, else the next free one."""
    folder = edition_folder(editions, period)
    published = revisions(folder)
    newest = read_json(folder / f"r{published[-1]}" / MANIFEST) if published else {}
    is_same = newest.get("figures_hash") == figures_hash and not damage(folder / f"r{published[-1]}")
    return published[-1] if is_same else _free(folder)


def damage(folder: Path) -> list[str]:
    """A line for every file of a revision that is no longer what its manifest lists; files put beside them are none.

    A manifest that was changed after it was signed is one; one of an earlier version, without signature, is none.
    """
    manifest = read_json(fresh_below(folder) / MANIFEST)
    entries = manifest.get("files")
    try:
        listed = {str(entry["name"]): entry for entry in entries} if isinstance(entries, list) else None
    except (KeyError, TypeError):
        listed = None
    if listed is None:
        return [f"{MANIFEST}: lists no files"]
    is_signed = manifest.get(SIGNATURE) is not None
    forged = signature_faults((folder / MANIFEST).read_bytes(), manifest, {})[1] if is_signed else []
    return file_faults(folder, listed) + [f"{MANIFEST}: {fault}" for fault in forged]


@contextmanager
def sole_publisher(editions: Path, period: Period) -> Iterator[None]:
    """Waits until no other process publishes the same edition."""
    with alone(edition_folder(editions, period) / ".lock"):
        look_again(editions)
        yield


def publish(
    editions: Path, period: Period, files: Mapping[str, Path], rows: Mapping[str, int], about: Mapping[str, object]
) -> Edition:
    """Publishes files (by name in the edition) as the next revision; the same bytes as the newest publish nothing.

    A newest revision that was damaged since is left as it lies, and the next one published whatever the bytes.
    `about` is what the manifest says beside the files. It is signed with the key in `keys/` beside the editions, which
    is made when there is none. Raises PublishingError when an edition cannot be written whole, or not be signed.
    """
    folder = edition_folder(editions, period)
    try:
        with sole_publisher(editions, period):
            listed: list[Listed] = [
                {"name": name, "sha256": sha256(path), "bytes": path.stat().st_size, "rows": rows.get(name)}
                for name, path in sorted(files.items())
            ]
            require_not_withdrawn(folder, period)
            while True:  # in a bucket somebody else may get the number
                published = revisions(folder)
                if published and _same(folder / f"r{published[-1]}", listed):
                    newest = folder / f"r{published[-1]}"
                    return Edition(newest, published[-1], is_new=False, files=tuple(sorted(files)))
                revision, mark = _free(folder), mark_of(listed)
                if not claim(folder, revision, mark, files):
                    continue
                manifest = _manifest(editions, period, revision, listed, about)
                if _write(folder / f"r{revision}", mark, files, _signed(manifest, editions)):
                    return Edition(folder / f"r{revision}", revision, is_new=True, files=tuple(sorted(files)))
    except OSError as error:
        raise PublishingError(
            f"{folder}: cannot publish: {error.strerror or error}; nothing was left behind"
        ) from error


def previous_edition(editions: Path, period: Period, revision: int) -> dict[str, str] | None:
    """Name and manifest hash of the edition before: the revision before, else the newest of an earlier period."""
    folder = edition_folder(editions, period)
    before = [number for number in revisions(folder) if number < revision]
    if before:
        return _reference(folder / f"r{before[-1]}")
    earlier = [folder.parent / key for key in published_keys(editions, period.cadence) if key < period.key]
    return _reference(earlier[-1] / f"r{revisions(earlier[-1])[-1]}") if earlier else None


def published_keys(editions: Path, cadence: str) -> list[str]:
    """Keys of the periods that have a published edition, oldest first."""
    if copy_of(editions):
        return claimed_keys(editions / cadence, DAY)
    return sorted(path.name for path in (editions / cadence).glob(DAY) if revisions(path))


def _reference(folder: Path) -> dict[str, str]:
    return {"edition": "/".join(folder.parts[-3:]), "manifest_sha256": sha256(folder / MANIFEST)}


def _manifest(
    editions: Path, period: Period, revision: int, listed: list[Listed], about: Mapping[str, object]
) -> dict[str, object]:
    return {
        "edition": f"{period.cadence}/{period.key}/r{revision}",
        "cadence": period.cadence,
        "key": period.key,
        "revision": revision,
        "period": {
            "start": period.window.start.astimezone(period.zone).isoformat(),
            "end": period.window.end.astimezone(period.zone).isoformat(),
            "hours": period.window.hours,
            "words": period.words,
        },
        "timezone": period.zone.key,
        "generator": f"sentinel-pipeline {__version__}",
        **about,
        "files": listed,
        "previous_edition": previous_edition(editions, period, revision),
        SIGNATURE: None,
    }


def _signed(manifest: Mapping[str, object], editions: Path) -> dict[str, object]:
    keys = editions.with_name(KEYS)
    key = signing_key(keys)
    hand_out(key.public_key(), (keys, editions))
    return signed(manifest, key)


def _same(folder: Path, listed: list[Listed]) -> bool:
    """Whether the edition was published with these bytes, and they still lie there."""
    return read_json(folder / MANIFEST).get("files") == listed and not damage(folder)


def _write(revision: Path, mark: str, files: Mapping[str, Path], manifest: Mapping[str, object]) -> bool:
    folder = revision.parent
    for leftover in folder.glob(".staging-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    staging = Path(mkdtemp(prefix=".staging-", dir=folder))
    try:
        for name, path in files.items():
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            _sync(target)
        (staging / MANIFEST).write_bytes(manifest_bytes(manifest))
        _sync(staging / MANIFEST)
        staging.chmod(0o755)
        if not put_edition(staging, revision, mark):
            return False
        if copy_of(folder):  # of what another published under the number, parts may have been looked at
            shutil.rmtree(revision, ignore_errors=True)
        staging.replace(revision)
        _sync(folder)
        return True
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
