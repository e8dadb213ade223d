"""Files of the lake: one Parquet file per asset and partition, replaced whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.errors import DamagedFileError, SentinelError
from sentinel_pipeline.domain.shared_locks import shared
from sentinel_pipeline.domain.sums import exact_sum
from sentinel_pipeline.lake.objects import Seen
from sentinel_pipeline.lake.storage import CLEAR, Storage
from sentinel_pipeline.lake.whole_files import replacing, write_whole
from sentinel_pipeline.lake.working_copy import copy_of, fresh, fresh_all, is_there, remove, send

COMPRESSION_LEVEL = 3
DAY = "????-??-??"
# Of many days with many keys only so many are in memory beside what they add up to.
SUMMED_AT_ONCE = 4
# Times of files are those of the kernel's slow clock, which ticks some hundred times a second.
SETTLED_NS = 2_000_000_000
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Lake:
    """The folder `root`; an asset is named by its key parts, a partition by its day or period key.

    Reading raises UsageError for a file that is encrypted with none of the keys of `storage`.
    """

    root: Path
    storage: Storage = field(default=CLEAR, compare=False)

    def path(self, asset: str, partition: str) -> Path:
        return self.root / asset / f"{partition}.parquet"

    def folder(self, asset: str, partition: str) -> Path:
        """Where an asset keeps files other than one table."""
        return self.root / asset / partition

    def exists(self, asset: str, partition: str) -> bool:
        """Whether a partition was made."""
        return is_there(self.path(asset, partition))

    def has(self, asset: str, partition: str) -> bool:
        """Whether a partition was made and can be read."""
        path = fresh(self.path(asset, partition))
        if not path.exists():
            return False
        self.storage.require_key(path)
        return True

    def having(self, asset: str, partitions: Iterable[str]) -> list[str]:
        """Those of the partitions that were made and can be read."""
        paths = self.paths(asset, partitions)
        for path in paths:
            self.storage.require_key(path)
        return [path.stem for path in paths]

    def partitions(self, asset: str) -> list[str]:
        """Keys of the days of an asset, oldest first; none of them is fetched."""
        folder = self.root / asset
        copy = copy_of(folder)
        names = copy.inside(folder) if copy else [path.name for path in folder.glob(f"{DAY}.parquet")]
        return sorted(name.removesuffix(".parquet") for name in names if fnmatchcase(name, f"{DAY}.parquet"))

    def paths(self, asset: str, partitions: Iterable[str]) -> list[Path]:
        """The files of those partitions that were made."""
        return [path for path in fresh_all(self.path(asset, key) for key in partitions) if path.exists()]

    def write(self, asset: str, partition: str, table: pl.DataFrame) -> Path:
        """Replaces a partition; the file appears whole."""
        path = self.path(asset, partition)
        with replacing(path) as temporary:
            self.storage.write(table, temporary, COMPRESSION_LEVEL)
        return path

    def write_keeping(self, asset: str, partition: str, table: pl.DataFrame) -> Path:
        """Like `write`, but a different earlier version stays readable as `version_path`."""
        path = fresh(self.path(asset, partition))
        if not path.exists():
            return self.write(asset, partition, table)
        earlier = self.version(asset, partition)
        kept = self.version_path(asset, partition, earlier)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.unlink(missing_ok=True)
        send(path, kept)
        kept.hardlink_to(path)
        self.write(asset, partition, table)
        if self.version(asset, partition) == earlier:
            remove([kept])
        return path

    def version_path(self, asset: str, partition: str, version: str) -> Path:
        """Where a superseded version of a partition is kept."""
        return self.root / asset / "superseded" / f"{partition}.{version[:16]}.parquet"

    def read_version(self, asset: str, partition: str, version: str) -> pl.DataFrame | None:
        """A partition as it was in a version, now or superseded; None when that version is gone or damaged."""
        for path in (self.path(asset, partition), self.version_path(asset, partition, version)):
            if fresh(path).exists():
                with suppress(DamagedFileError, pl.exceptions.ComputeError):
                    if self.storage.digest(path) == version:
                        return self.storage.scan(path).collect()
        return None

    def read(self, asset: str, partition: str) -> pl.DataFrame:
        """Raises SentinelError when the partition was never made."""
        return self.scan(asset, partition).collect()

    def scan(self, asset: str, partition: str) -> pl.LazyFrame:
        """Raises SentinelError when the partition was never made."""
        return self.storage.scan(self.made(asset, partition))

    def made(self, asset: str, partition: str) -> Path:
        """The file of a partition. Raises SentinelError when it was never made."""
        path = fresh(self.path(asset, partition))
        if not path.exists():
            raise SentinelError(f"{asset} has no partition {partition}; materialize it first")
        return path

    def read_all(
        self, asset: str, partitions: Iterable[str], schema: pl.Schema, sums: Sequence[str] = ()
    ) -> pl.DataFrame:
        """The partitions that exist, one after another, in the given schema; none at all is an empty table.

        With `sums`, rows that are equal in all other columns are one row in which those columns are added up.
        """
        paths = self.paths(asset, partitions)
        if not paths:
            return pl.DataFrame(schema=schema)
        if not sums:
            return self.storage.scan_all(paths, schema).collect()
        keys = [name for name in schema.names() if name not in sums]
        table = pl.DataFrame(schema=schema)
        for first in range(0, len(paths), SUMMED_AT_ONCE):
            rows = pl.concat([table.lazy(), self.storage.scan_all(paths[first : first + SUMMED_AT_ONCE], schema)])
            table = rows.group_by(keys).agg(map(exact_sum, sums)).select(schema.names()).collect(engine="streaming")
        return table.sort(keys)

    def version(self, asset: str, partition: str) -> str:
        """SHA-256 of the partition's Parquet file: its data version, the same whether it is encrypted or not.

        Raises SentinelError when it was never made.
        """
        return self.storage.digest(self.made(asset, partition))

    def stamp(self, asset: str, partition: str) -> Stamp | None:
        """Changes whenever the partition is replaced, without reading it; None when it was never made."""
        return self.stamps(asset, (partition,))[0]

    def stamps(self, asset: str, partitions: Iterable[str]) -> tuple[Stamp | None, ...]:
        """The stamp of each partition, without making a path of each: there may be hundreds, many times a second."""
        if copy := copy_of(self.root / asset):
            listed = copy.inside(self.root / asset)
            return tuple(_stamp_seen(listed.get(f"{partition}.parquet")) for partition in partitions)
        folder = os.fspath(self.root / asset)
        return tuple(_stamp(f"{folder}/{partition}.parquet") for partition in partitions)

    def settled(self, asset: str, now_ns: int) -> Stamp | None:
        """The stamp of the folder of an asset's partitions, which changes whenever one of them does.

        None when it was never made, and when it changed so lately that a further change could have the same stamp.
        """
        if copy_of(self.root / asset):
            return None
        stamp = _stamp(os.fspath(self.root / asset))
        return stamp if stamp and now_ns - stamp[1] > SETTLED_NS else None


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a path object costs ten times as much
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _stamp_seen(seen: Seen | None) -> Stamp | None:
    return None if seen is None else (zlib.crc32(seen.tag.encode()), int(seen.written.timestamp() * 1e9), seen.bytes)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Waits until no other process holds the lock file, and holds it.

    Where the ledger is a server it keeps out processes of other machines too, and raises LedgerError where it cannot.
    """
    with alone_here(lock), alone_everywhere(lock):
        yield


@contextmanager
def alone_here(lock: Path) -> Iterator[None]:
    """The same for processes of this machine; the kernel frees the lock with a process that dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def alone_everywhere(lock: Path) -> AbstractContextManager[object]:
    """Keeps out processes of other machines; those of this one are the file's to keep out."""
    found = shared(lock)
    if found is None:
        return nullcontext()
    from sentinel_pipeline.ledger.locks import held_at

    return held_at(*found)


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Writes an object as JSON, keys sorted."""
    write_whole(path, json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False).encode())


def read_json(path: Path) -> dict[str, object]:
    """An object of a JSON file; empty when there is no readable one."""
    try:
        value = json.loads(fresh(path).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
