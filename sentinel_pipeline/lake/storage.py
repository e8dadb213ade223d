"""How files of the lake lie on disk, in clear or encrypted: the only place that knows, for reading and for writing."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sentinel_pipeline.lake.encryption import (
    DATA_VERSION,
    FileKey,
    file_key,
    identifier,
    label_of,
    new_file_key,
    noted_version,
)
from sentinel_pipeline.lake.keys import KEY_BYTES, Keys


@dataclass(frozen=True)
class Storage:
    """Files are written with the newest key, in clear when there is none; they are read as they were written.

    Nothing of an encrypted file is ever in clear but in memory, a few row groups at once. Reading raises UsageError
    where no key fits.
    """

    keys: Keys = field(default_factory=Keys)

    def write(self, table: pl.DataFrame, path: Path, level: int) -> None:
        """Writes a table whose data version counts: that of the same file in clear is noted in an encrypted one."""
        key = self._new_key()
        if key is None:
            table.write_parquet(path, compression="zstd", compression_level=level, statistics=True)
            return
        clear = BytesIO()
        table.write_parquet(clear, compression="zstd", compression_level=level, statistics=True)
        self.sink(table.lazy(), path, level, key=key, version=hashlib.sha256(clear.getbuffer()).hexdigest())

    def sink(
        self, rows: pl.LazyFrame, path: Path, level: int, *, key: FileKey | None = None, version: str | None = None
    ) -> None:
        """Streams rows into a file; `version` is noted in it when it is encrypted."""
        key = key or self._new_key()
        noted = {DATA_VERSION: version} if key and version else None
        rows.sink_parquet(
            path,
            compression="zstd",
            compression_level=level,
            encryption=key.encryption if key else None,
            metadata=noted,
        )

    def writer(self, path: Path, schema: pa.Schema, level: int, **options: Any) -> pq.ParquetWriter:
        """A file that grows by Arrow tables."""
        key = self._new_key()
        return pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=level,
            encryption_properties=key.arrow_encryption() if key else None,
            **options,
        )

    def scan(self, path: Path) -> pl.LazyFrame:
        return pl.scan_parquet(path, glob=False, decryption=self._decryption(path))

    def scan_all(self, paths: Sequence[Path], schema: pl.Schema | None = None) -> pl.LazyFrame:
        """Files one after another; with a schema, columns that a file lacks are NULL, and others left out."""
        shape: dict[str, Any] = {} if schema is None else {"schema": schema, "missing_columns": "insert"}
        shape["extra_columns"] = "raise" if schema is None else "ignore"
        keys = [self._decryption(path) for path in paths]
        if not any(keys):
            return pl.scan_parquet(list(paths), glob=False, **shape)
        parts = zip(paths, keys, strict=True)
        return pl.concat([pl.scan_parquet(path, glob=False, decryption=key, **shape) for path, key in parts])

    def require_key(self, path: Path) -> None:
        """Raises UsageError for an encrypted file that no key opens; what the file holds is not read."""
        self._key(path)

    def digest(self, path: Path) -> str:
        """The data version of a file: SHA-256 in hexadecimal, where it was noted of the same file in clear.

        Raises DamagedFileError.
        """
        key = self._key(path)
        return (key and noted_version(path, key)) or sha256(path)

    def _new_key(self) -> FileKey | None:
        newest = self.keys.newest
        return new_file_key(newest) if newest else None

    def _key(self, path: Path) -> FileKey | None:
        label = label_of(path)
        return file_key(self.keys.of(identifier(label), path), label) if label else None

    def _decryption(self, path: Path) -> pl.ParquetDecryptionProperties | None:
        key = self._key(path)
        return key.decryption if key else None


CLEAR: Final = Storage()
"""Files as everybody reads them."""


def _made_up(_: str) -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


SPOOLS: Final = Storage(Keys(("a key of this process",), _made_up))
"""Files for this process only: their key is made when the first is written, and stands nowhere but in memory."""


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
