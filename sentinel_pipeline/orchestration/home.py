"""The folder Dagster works in, below the data folder. Knows nothing of Dagster."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sentinel_pipeline.settings import PROJECT, dagster_home


def prepare_home(data: Path) -> Path:
    """Makes `<data>/dagster` with the project's current `dagster.yaml` in it, and returns it (absolute)."""
    home = dagster_home(data.resolve())
    home.mkdir(parents=True, exist_ok=True)
    wanted = (PROJECT / "dagster.yaml").read_bytes()
    place = home / "dagster.yaml"
    if not place.exists() or place.read_bytes() != wanted:
        write_whole(place, wanted)
    return home


def write_whole(place: Path, content: bytes) -> None:
    """The file with its new content, or as it was: never half of it, whoever else writes or whatever dies."""
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
