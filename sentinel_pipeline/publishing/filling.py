"""The editions of a data folder that moves into a bucket: their numbers are claimed before they come."""

from __future__ import annotations

from pathlib import Path

from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline.lake.filling import Moved, fill
from sentinel_pipeline.lake.objects import Objects, abreast
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.publishing.claims import CLAIMS, LAST, mark_of


def fill_store(data: Path, store: Store) -> list[Moved]:
    """Puts a data folder into a bucket. Raises UsageError and StoreError as `fill` does."""
    objects = Objects(store)
    objects.require()

    def claim(manifest: Path) -> None:
        cadence, key, revision = manifest.parts[-4:-1]
        listed = read_json(manifest).get("files")
        mark = mark_of(listed if isinstance(listed, list) else [])
        objects.put_new(f"editions/{CLAIMS}/{cadence}/{key}.{revision}", mark.encode())

    abreast(claim, sorted((data / "editions").glob(f"[a-z]*/*/r[1-9]*/{LAST}")))
    return fill(data, store, LAST)
