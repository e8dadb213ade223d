"""Which data folders are working copies of which bucket: said when settings are read, asked wherever files are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sentinel_pipeline.domain.errors import UsageError

ADDRESS: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/[^/]+)*)/?")
GIGABYTE: Final = 1_000_000_000
# What a data folder keeps of the bucket it is a working copy of, its address among it.
NOTES, NOTED_ADDRESS = ".store", "address"


@dataclass(frozen=True)
class Store:
    """A bucket and the prefix in it; a working copy of it takes `kept_bytes` of a disk at most.

    `endpoint` is the address of the service where it is not Amazon's; HTTP is spoken only where that says so.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    kept_bytes: int = 20 * GIGABYTE

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def allows_http(self) -> bool:
        return self.endpoint.startswith("http://")


_STORES: dict[Path, Store] = {}


def store_at(address: str, endpoint: str = "", kept_bytes: int = 20 * GIGABYTE) -> Store:
    """What an address names. Raises UsageError for what is no `s3://bucket/prefix`."""
    match = ADDRESS.fullmatch(address)
    if match is None or any(part in (".", "..") for part in match["prefix"].split("/")):
        raise UsageError(f"{address} is no address of a bucket; write s3://bucket or s3://bucket/prefix")
    return Store(match["bucket"], match["prefix"].strip("/"), endpoint, kept_bytes)


def declare(data: Path, store: Store | None) -> None:
    """Says that a data folder is the working copy of a bucket from now on, or stands for itself."""
    if store is None:
        _STORES.pop(data, None)
    else:
        _STORES[data] = store


def require_its_bucket(data: Path, store: Store | None) -> None:
    """Raises UsageError for a working copy without its bucket: what is made in it then is lost with the next look."""
    noted = data / NOTES / NOTED_ADDRESS
    if store is None and noted.is_file():
        address = noted.read_text(encoding="utf-8")
        raise UsageError(
            f"{data} is the working copy of {address}; set SENTINEL_STORE_URL to it, or name another SENTINEL_DATA"
        )


def declared(path: Path) -> tuple[Path, Store] | None:
    """The data folder that a path lies below, and its bucket; None where files stand for themselves."""
    if not _STORES:
        return None
    return next(((data, store) for data, store in _STORES.items() if path.is_relative_to(data)), None)
