"""Encrypted files of the lake: Parquet's own modular encryption, AES-256-GCM, footer and all columns.

Every file has a key of its own, derived from a key of the lake and a salt, so that no key ever meets a nonce twice. The
salt, and which of the lake's keys it was, stand readable beside the encrypted footer; nothing else does. Whatever has
the file's key reads the file: Polars and Arrow here, any other reader of encrypted Parquet elsewhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as arrow
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sentinel_pipeline.domain.errors import DamagedFileError
from sentinel_pipeline.lake.keys import IDENTIFIER_BYTES, KEY_BYTES, Key

if TYPE_CHECKING:
    from pyarrow._parquet import FileDecryptionProperties, FileEncryptionProperties

MARK: Final = b"sentinel lake 1:"
SALT_BYTES: Final = 32
LABEL_BYTES: Final = len(MARK) + IDENTIFIER_BYTES + SALT_BYTES
# A Parquet file ends with the length of its footer and a magic; what is encrypted with begins the footer.
TAIL_BYTES: Final = 8
ENCRYPTED: Final = b"PARE"
SEARCHED: Final = 256
DATA_VERSION: Final = "sentinel.data_version"


@dataclass(frozen=True)
class FileKey:
    """The key of one file, and the `label` that stands in it: MARK ‖ identifier of the lake's key ‖ salt."""

    label: bytes
    secret: bytes = field(repr=False)

    @cached_property
    def encryption(self) -> pl.ParquetEncryptionProperties:
        return pl.ParquetEncryptionProperties(footer_key=self.secret, aad_prefix=self.label, store_aad_prefix=True)

    @cached_property
    def decryption(self) -> pl.ParquetDecryptionProperties:
        return pl.ParquetDecryptionProperties(footer_key=self.secret, aad_prefix=self.label)

    def arrow_encryption(self) -> FileEncryptionProperties:
        made: FileEncryptionProperties = arrow.create_encryption_properties(  # type: ignore[attr-defined] # newer than the stubs
            self.secret, aad_prefix=self.label, store_aad_prefix=True
        )
        return made

    def arrow_decryption(self) -> FileDecryptionProperties:
        made: FileDecryptionProperties = arrow.create_decryption_properties(  # type: ignore[attr-defined] # newer than the stubs
            self.secret, aad_prefix=self.label
        )
        return made


def new_file_key(key: Key) -> FileKey:
    """For a file to be written."""
    return file_key(key, MARK + key.identifier + os.urandom(SALT_BYTES))


def file_key(key: Key, label: bytes) -> FileKey:
    """Of a file that has this label."""
    return FileKey(label, HKDF(SHA256(), KEY_BYTES, label[-SALT_BYTES:], b"sentinel lake file").derive(key.secret))


def label_of(path: Path) -> bytes | None:
    """The label of an encrypted file; None of a file in clear. Raises DamagedFileError where there should be one."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(size - TAIL_BYTES, 0))
        tail = file.read()
        if not tail.endswith(ENCRYPTED):
            return None
        file.seek(max(size - TAIL_BYTES - int.from_bytes(tail[:4], "little"), 0))
        found = file.read(SEARCHED)
    start = found.find(MARK)
    if start < 0 or len(found) < start + LABEL_BYTES:
        raise _damaged(path)
    return found[start : start + LABEL_BYTES]


def identifier(label: bytes) -> bytes:
    """Names the lake's key in a label."""
    return label[len(MARK) :][:IDENTIFIER_BYTES]


def noted_version(path: Path, key: FileKey) -> str | None:
    """The data version noted in an encrypted file when it was written. Raises DamagedFileError."""
    try:
        noted = pq.read_metadata(path, decryption_properties=key.arrow_decryption()).metadata or {}
    except (pa.ArrowException, OSError):
        raise _damaged(path) from None
    version = noted.get(DATA_VERSION.encode())
    return version.decode() if version else None


def _damaged(path: Path) -> DamagedFileError:
    return DamagedFileError(f"{path}: is damaged, or was not encrypted here; remove it, and publish again")
