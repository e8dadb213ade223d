"""Objects of a bucket behind any S3 API: put, put as new, fetched, listed and deleted, tried again while it is away.

The client's library is imported with the first request, not before: it starts threads, and runs are forked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from sentinel_pipeline.domain.errors import ObjectChangedError, StoreAwayError, StoreError
from sentinel_pipeline.domain.stores import Store

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

# Parts of large objects, and how many of them are in memory at once.
PART: Final = 16 * 1024 * 1024
PARTS_AT_ONCE: Final = 2
TRIES: Final = 10
PATIENCE: Final = timedelta(minutes=3)
ONE_REQUEST: Final = timedelta(seconds=60)
# Of the first request, which tells whether there is such a bucket: nobody waits minutes to read of a wrong address.
FIRST_TRIES: Final = 3
ABREAST: Final = 8
One = TypeVar("One")


@dataclass(frozen=True)
class Seen:
    """An object as its bucket tells it; `tag` is another one when its content is."""

    key: str
    tag: str
    bytes: int
    written: datetime

    @classmethod
    def of(cls, meta: ObjectMeta) -> Self:
        return cls(meta["path"], meta["e_tag"] or "", meta["size"], meta["last_modified"])


@dataclass(frozen=True)
class Objects:
    """The objects of a store, by their keys below its prefix. Every method raises StoreError."""

    store: Store

    def require(self) -> None:
        """Raises StoreError when the bucket is not there, or not for us."""
        import obstore

        with self._telling(""):
            next(iter(obstore.list(_client(self.store, os.getpid(), FIRST_TRIES), "editions", chunk_size=1)), None)

    def put(self, key: str, content: Path | bytes) -> str:
        """Replaces an object; returns its tag. An upload that is cut off changes nothing."""
        import obstore

        with self._telling(key):
            made = obstore.put(self._client, key, content, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
        return made["e_tag"] or ""

    def put_new(self, key: str, content: Path | bytes) -> str | None:
        """Puts an object that is not there yet; None when it is: of several who try at once one gets its tag."""
        import obstore

        with self._telling(key):
            try:
                return obstore.put(self._client, key, content, mode="create")["e_tag"] or ""
            except obstore.exceptions.AlreadyExistsError:
                return None

    def put_instead(self, key: str, content: bytes, tag: str) -> bool:
        """Replaces an object that still has the tag; False when it is another one by now."""
        import obstore

        with self._telling(key):
            try:
                obstore.put(self._client, key, content, mode={"e_tag": tag})
            except (obstore.exceptions.PreconditionError, FileNotFoundError):
                return False
        return True

    def look(self, key: str) -> Seen | None:
        """An object without its content. None means that it, or the whole bucket, is not there."""
        import obstore

        with self._telling(key):
            try:
                return Seen.of(obstore.head(self._client, key))
            except FileNotFoundError:
                return None

    def read(self, key: str) -> tuple[bytes, Seen] | None:
        """A small object with its content; None when it is not there."""
        import obstore

        with self._telling(key):
            try:
                found = obstore.get(self._client, key)
                return bytes(found.bytes()), Seen.of(found.meta)
            except FileNotFoundError:
                return None

    def fetch(self, key: str, path: Path) -> Seen | None:
        """Writes an object into a file, part by part; None, and no file, when it is not there.

        Raises ObjectChangedError when it was replaced meanwhile, OSError when the file cannot be written.
        """
        import obstore

        with self._telling(key):
            try:
                found = obstore.get(self._client, key, options={"range": (0, PART)})
            except FileNotFoundError:
                return None
            except obstore.exceptions.GenericError as error:
                if "416" not in str(error):
                    raise
                found = obstore.get(self._client, key)  # what is empty has no first bytes
            seen, first = Seen.of(found.meta), bytes(found.bytes())
        with path.open("wb") as file:
            file.write(first)
            for start in range(len(first), seen.bytes, PART):
                file.write(self._part(seen, start))
            file.flush()
            os.fsync(file.fileno())
            if file.tell() != seen.bytes:
                raise ObjectChangedError(f"{self._said(key)}: {file.tell():,} of {seen.bytes:,} bytes came")
        return seen

    def _part(self, seen: Seen, start: int) -> bytes:
        import obstore

        with self._telling(seen.key):
            try:
                wanted = (start, min(start + PART, seen.bytes))
                return bytes(
                    obstore.get(self._client, seen.key, options={"range": wanted, "if_match": seen.tag}).bytes()
                )
            except (FileNotFoundError, obstore.exceptions.PreconditionError):
                raise ObjectChangedError(f"{self._said(seen.key)}: was replaced while it was fetched") from None

    def below(self, folder: str) -> Iterator[Seen]:
        """Every object below a folder, however deep, by key."""
        import obstore

        with self._telling(folder):
            for chunk in obstore.list(self._client, folder or None):
                yield from map(Seen.of, chunk)

    def inside(self, folder: str) -> tuple[dict[str, Seen], tuple[str, ...]]:
        """Objects of a folder by name, and the names of the folders in it."""
        import obstore

        with self._telling(folder):
            found = obstore.list_with_delimiter(self._client, folder or None)
        objects = {meta["path"].rpartition("/")[2]: Seen.of(meta) for meta in found["objects"]}
        return objects, tuple(one.rstrip("/").rpartition("/")[2] for one in found["common_prefixes"])

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects; those that are gone are gone."""
        import obstore

        if keys:
            with self._telling(keys[0]):
                obstore.delete(self._client, list(keys))

    def put_all(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Replaces several objects side by side; their tags by key."""
        tags: dict[str, str] = {}
        abreast(lambda key: tags.update({key: self.put(key, files[key])}), list(files))
        return tags

    @property
    def _client(self) -> S3Store:
        return _client(self.store, os.getpid(), TRIES)

    def _said(self, key: str) -> str:
        return f"{self.store.url}/{key}" if key else self.store.url

    @contextmanager
    def _telling(self, key: str) -> Iterator[None]:
        import obstore

        try:
            yield
        except (obstore.exceptions.BaseError, FileNotFoundError, PermissionError) as error:
            mend = next((mend for sign, mend in MENDS if sign in str(error)), None)
            if mend is not None:
                raise StoreError(f"{self._said(key)}: {mend}") from None
            raise StoreAwayError(f"{self._said(key)}: {_reason(str(error), self.store)}") from None


def abreast(work: Callable[[One], object], of: Sequence[One]) -> None:
    """Several at once, as many as a service bears; the first that fails fails all."""
    if len(of) < 2:
        for one in of:
            work(one)
        return
    with ThreadPoolExecutor(ABREAST) as pool:
        for _ in pool.map(work, of):
            pass


MENDS: Final = (
    ("NoSuchBucket", "there is no such bucket; make it, or mend SENTINEL_STORE_URL"),
    ("InvalidAccessKeyId", "the access key is not known there; check AWS_ACCESS_KEY_ID"),
    ("SignatureDoesNotMatch", "the secret is not that of the access key; check AWS_SECRET_ACCESS_KEY"),
    ("403 Forbidden", "access is denied; check the AWS_* credentials and what they may do with the bucket"),
    ("401 Unauthorized", "access is denied; check the AWS_* credentials"),
    ("169.254.169.254", "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ("301 Moved", "the bucket lies in another region; set AWS_REGION"),
    ("InvalidArgument", "the service refused the request; see that it speaks the S3 API with conditional writes"),
)


def _reason(said: str, store: Store) -> str:
    """Why the service gave no answer, in a few words."""
    place = store.endpoint or "Amazon S3"
    status = said.partition("non-2xx status code: ")[2].partition(":")[0].strip()
    if status:
        return f"{place} answered {status} again and again; try later"
    if "error sending request" in said or "timed out" in said or "operation timed out" in said:
        return f"{place} cannot be reached; check AWS_ENDPOINT_URL and the network"
    return " ".join(said.partition("Debug source")[0].split())[:200]


@lru_cache(maxsize=8)
def _client(store: Store, process: int, tries: int) -> S3Store:  # noqa: ARG001 - a fork has threads of its own
    from obstore.store import S3Store

    options: dict[str, Any] = {"endpoint": store.endpoint} if store.endpoint else {}
    return S3Store(
        store.bucket,
        prefix=store.prefix or None,
        client_options={"allow_http": store.allows_http, "timeout": ONE_REQUEST},
        retry_config={"max_retries": tries, "retry_timeout": PATIENCE},
        **options,
    )
