"""What of a lake is encrypted with which key, and bringing all of it under the newest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.lake.encryption import identifier, label_of
from sentinel_pipeline.lake.keys import OPTION, fingerprint
from sentinel_pipeline.lake.store import COMPRESSION_LEVEL, Lake
from sentinel_pipeline.lake.whole_files import replacing
from sentinel_pipeline.lake.working_copy import fresh_below


def lake_files(root: Path) -> Iterator[Path]:
    """Every table of the lake, by name; what is being written has no name yet."""
    for path in sorted(root.rglob("*.parquet")):
        if not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path


def standing(lake: Lake) -> str:
    """Whether the lake is encrypted, in a line. Raises UsageError for files that none of the keys opens."""
    lake.storage.keys.require()
    in_clear = 0
    found: Counter[bytes] = Counter()
    for path in lake_files(lake.root):
        lake.storage.require_key(path)
        label = label_of(path)
        if label:
            found[identifier(label)] += 1
        else:
            in_clear += 1
    newest = lake.storage.keys.newest
    if newest is None:
        return f"not encrypted: whoever reads {lake.root} reads every record; give {OPTION} to encrypt it"
    said = [f"encrypted with AES-256-GCM, key {newest.fingerprint}"]
    older = {fingerprint(one): number for one, number in found.items() if one != newest.identifier}
    said += [f"{counted(in_clear, 'file')} in clear from before"] if in_clear else []
    said += [f"{counted(number, 'file')} under the older key {name}" for name, number in sorted(older.items())]
    return "; ".join(said) + ("; `sentinel encrypt` encrypts all with the newest key" if said[1:] else "")


def encrypt_all(lake: Lake) -> int:
    """Encrypts every file that is in clear or under an older key; returns how many. Data versions stay what they are.

    Files that are one on disk stay one. Raises UsageError without a key, SentinelError when somebody else writes.
    """
    newest = lake.storage.keys.newest
    if newest is None:
        raise UsageError(f"there is no key to encrypt with; give {OPTION} in sentinel.yaml, such as env:LAKE_KEY")
    fresh_below(lake.root)
    made: dict[tuple[int, int], Path] = {}
    number = 0
    for path in lake_files(lake.root):
        label = label_of(path)
        if label is None or identifier(label) != newest.identifier:
            _encrypt(lake, path, made)
            number += 1
    return number


def _encrypt(lake: Lake, path: Path, made: dict[tuple[int, int], Path]) -> None:
    before = path.stat()
    twin = made.setdefault((before.st_dev, before.st_ino), path)
    with replacing(path) as temporary:
        if twin != path:
            temporary.hardlink_to(twin)
        else:
            version = lake.storage.digest(path)
            lake.storage.sink(lake.storage.scan(path), temporary, COMPRESSION_LEVEL, version=version)
        now = path.stat()
        if (now.st_ino, now.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
            raise SentinelError(f"{path} was replaced meanwhile; encrypt when nothing else is running")
