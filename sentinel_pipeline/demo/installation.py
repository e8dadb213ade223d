"""Puts the demo's configuration where commands find it, never over somebody's own."""

from __future__ import annotations

from pathlib import Path

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.lake.whole_files import write_whole


def install_configuration(data: Path, text: str) -> Path:
    """Writes `config/sentinel.yaml` unless a person wrote one: then UsageError, and nothing is changed."""
    place = data / "config" / "sentinel.yaml"
    if place.exists():
        present = place.read_text(encoding="utf-8", errors="replace")
        if present == text:
            return place
        if present.partition("\n")[0] != text.partition("\n")[0]:
            raise UsageError(f"{place} is your own and stays; move it away, or set SENTINEL_DATA to another folder")
    write_whole(place, text.encode())
    return place
