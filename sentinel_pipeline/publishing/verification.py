"""Checks a published edition: checksums, signature, chain; recomputes a figure from the partitions it names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.amounts import counted, was_or_were
from sentinel_pipeline.domain.errors import UsageError, VerificationError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import closed_on
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.lake.working_copy import fresh_below
from sentinel_pipeline.publishing.chain import chain_faults
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.publishing.integrity import MISSING, file_faults
from sentinel_pipeline.publishing.narrowing import WHOLE, Narrowing
from sentinel_pipeline.publishing.scope import statistic_schema
from sentinel_pipeline.publishing.signatures import signature_faults
from sentinel_pipeline.publishing.withdrawal import deleted_on, withdrawn_at
from sentinel_pipeline.sections.figures import FIGURES, Figure, Value
from sentinel_pipeline.statistics import STATISTICS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True)
class Verdict:
    """What a check of an edition found: how many files, what is wrong (a line each), signature and chain in words."""

    edition: str
    files: int
    faults: tuple[str, ...]
    signature: str
    chain: str
    is_signature_checked: bool = True


@dataclass(frozen=True)
class Trace:
    """A figure as published and as computed again from its inputs (asset, partition, data version).

    `deleted` and `uncovered` are when retention deleted the inputs of a day, and what those were made from.
    """

    id: str
    published: Value
    recomputed: Value
    inputs: tuple[tuple[str, str, str], ...]
    lost: tuple[tuple[str, str, str], ...]
    deleted: Mapping[str, datetime]
    uncovered: Mapping[str, datetime]

    @property
    def is_confirmed(self) -> bool:
        return not self.lost and self.published == self.recomputed


def verify(folder: Path, keys: Mapping[str, Ed25519PublicKey]) -> Verdict:
    """Checks an edition with public keys by id; without any, the signature is not checked, and the verdict says so.

    Raises UsageError when the folder is no edition.
    """
    content = _content(fresh_below(folder), MANIFEST)
    manifest = _parsed(folder / MANIFEST, content)
    try:
        listed = {str(entry["name"]): entry for entry in manifest["files"]}
        edition = str(manifest["edition"])
    except (KeyError, TypeError):
        wrong = f"{MANIFEST}: is not a manifest: it lists no files"
        return Verdict(folder.name, 0, (wrong,), "signature not checked", "chain not checked")
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    found = {path.relative_to(folder).as_posix() for path in paths} - {MANIFEST}
    faults = _told_apart(file_faults(folder, listed), folder.parent)
    faults += [f"{name}: is not in the manifest" for name in sorted(found - listed.keys())]
    if edition != "/".join(folder.parts[-3:]):
        faults.append(f"{MANIFEST}: belongs to {edition}, not to this folder")
    signature, forged = signature_faults(content, manifest, keys)
    chain, broken = chain_faults(folder.parents[2] if len(folder.parents) > 2 else folder, edition, manifest)
    faults += [f"{MANIFEST}: {fault}" for fault in forged] + [f"chain: {fault}" for fault in broken]
    return Verdict(edition, len(listed), tuple(faults), signature, chain, bool(forged or keys))


def _told_apart(faults: list[str], period_folder: Path) -> list[str]:
    """Of an edition that retention deleted, one line in the place of one for each file that is missing."""
    at = withdrawn_at(period_folder)
    missing = [fault for fault in faults if fault.endswith(MISSING)]
    if at is None or not missing:
        return faults
    files = f"{counted(len(missing), 'file')} {was_or_were(len(missing))}"
    return [f"{files} {deleted_on(at, ZoneInfo('UTC'))}"] + [fault for fault in faults if fault not in missing]


def _load(folder: Path, name: str) -> dict[str, Any]:
    return _parsed(folder / name, _content(folder, name))


def _content(folder: Path, name: str) -> bytes:
    """Raises UsageError when the folder is no edition."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{folder} is no published edition: it has no {name}") from None
    except OSError as error:
        raise UsageError(f"{folder / name}: cannot be read: {error.strerror}") from None


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise VerificationError(f"{path}: is damaged: it is not JSON") from None
    if not isinstance(value, dict):
        raise VerificationError(f"{path}: is damaged: it is not an object")
    return value


def trace(folder: Path, fact_id: str, lake: Lake, narrowing: Narrowing = WHOLE) -> Trace:
    """Computes a published figure again from exactly the partitions and versions it names, cut down as its report.

    Raises UsageError for an unknown figure, VerificationError when `facts.json` is damaged.
    """
    manifest = _load(fresh_below(folder), MANIFEST)
    try:
        known = {fact["id"]: fact for fact in _load(folder, "facts.json")["facts"]}
        period = Period.parse(manifest["cadence"], manifest["key"], ZoneInfo(manifest["timezone"]))
    except (KeyError, TypeError):
        raise VerificationError(f"{folder}: facts.json or {MANIFEST} is damaged: entries are missing") from None
    figure = next((figure for figure in FIGURES if figure.id == fact_id), None)
    if figure is None or fact_id not in known:
        raise UsageError(f"this edition has no figure '{fact_id}'; it has {', '.join(sorted(known))}")
    try:
        inputs = tuple((str(asset), str(day), str(version)) for asset, day, version in known[fact_id]["inputs"])
        value = known[fact_id]["value"]
        frames, lost = _frames(inputs, lake, narrowing)
    except (KeyError, TypeError, ValueError):
        raise VerificationError(f"{folder}: facts.json is damaged: the inputs of {fact_id} cannot be read") from None
    recomputed = None if lost else _recomputed(figure, frames, period, value)
    days = sorted({day for _, day, _ in inputs})
    return Trace(
        fact_id, value, recomputed, inputs, lost, closed_on(lake, "statistics", days), closed_on(lake, "facts", days)
    )


def _recomputed(figure: Figure, frames: dict[str, pl.DataFrame], period: Period, published: Value) -> Value:
    """A figure without any input could not be told; it still cannot."""
    unknown = published is None and all(frames[name].is_empty() for name in figure.statistics)
    return None if unknown else figure.value(frames, period)


def _frames(
    inputs: tuple[tuple[str, str, str], ...], lake: Lake, narrowing: Narrowing
) -> tuple[dict[str, pl.DataFrame], tuple[tuple[str, str, str], ...]]:
    parts: dict[str, list[pl.DataFrame]] = {s.name: [pl.DataFrame(schema=statistic_schema(s))] for s in STATISTICS}
    lost = []
    for asset, day, version in inputs:
        frame = lake.read_version(asset, day, version)
        if frame is None:
            lost.append((asset, day, version))
        else:
            parts[asset.rpartition("/")[2]].append(frame)
    return {name: narrowing.cut(name, pl.concat(frames)) for name, frames in parts.items()}, tuple(lost)
