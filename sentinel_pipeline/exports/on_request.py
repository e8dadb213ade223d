"""Where files lie that people asked for: each in a folder of its own, named by nothing that a person has typed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from sentinel_pipeline.lake.working_copy import remove_below

# No name of a planned export holds a hyphen.
FOLDER: Final = "on-request"


def place(data: Path, export_id: str) -> Path:
    """The folder of an export."""
    return data / "exports" / FOLDER / export_id


def file_name(export_type: str, created_at: datetime, export_id: str, suffix: str) -> str:
    """What is in it, when it was asked for, and an end that no other has."""
    return f"{export_type}_{created_at:%Y%m%dT%H%M%SZ}_{export_id[-8:]}{suffix}"


def discard(data: Path, export_id: str) -> None:
    """Deletes what lies there of an export; what is gone already is gone."""
    remove_below(place(data, export_id))
