"""The folder Dagster works in, below the data folder. Knows nothing of Dagster."""

from __future__ import annotations

from pathlib import Path

from sentinel_pipeline.lake.whole_files import write_whole
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
