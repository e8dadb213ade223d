"""What a running portal knows: where things lie, who keeps the users, what time it is, and what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.users import has_users
from sentinel_pipeline.settings import Settings, load_settings


@dataclass(frozen=True)
class Site:
    """`name` is the host that people ask for; `is_https`: they reach it by HTTPS only, so cookies may insist on it.

    `has_pipeline`: Dagster's pages are served beside it. `analysed_days`: the most that one analysis may speak of.
    """

    data: Path
    organisation: str
    zone: ZoneInfo
    ledger: Ledger
    lake: Lake
    clock: Callable[[], datetime]
    name: str = "127.0.0.1"
    is_https: bool = False
    has_pipeline: bool = False
    analysed_days: int = 90

    @property
    def editions(self) -> Path:
        return self.data / "editions"

    @property
    def has_users(self) -> bool:
        """Whether anybody could sign in."""
        with self.ledger.reading() as connection:
            return has_users(connection)

    @property
    def settings(self) -> Settings:
        """What the configuration says now. Raises SettingsError."""
        return load_settings(self.data)
