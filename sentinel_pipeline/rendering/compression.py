"""Files made smaller: the same bytes in give the same bytes out, without name or time of the original."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PIECE = 1 << 20
GZIP_LEVEL = 6


@dataclass(frozen=True)
class Compression:
    """A way to make a file smaller; `pack` writes the second path from the first."""

    name: str
    suffix: str
    pack: Callable[[Path, Path], None]


def gzipped(plain: Path, packed: Path) -> None:
    with (
        plain.open("rb") as source,
        packed.open("wb") as target,
        gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=GZIP_LEVEL, mtime=0) as packer,
    ):
        shutil.copyfileobj(source, packer, PIECE)


def zstandard(plain: Path, packed: Path) -> None:
    import pyarrow as pa

    with (
        plain.open("rb") as source,
        pa.OSFile(str(packed), "wb") as target,
        pa.CompressedOutputStream(target, "zstd") as packer,
    ):
        shutil.copyfileobj(source, packer, PIECE)


COMPRESSIONS = (Compression("gz", ".gz", gzipped), Compression("zst", ".zst", zstandard))
