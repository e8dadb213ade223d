"""Every test of the ledger runs on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_pipeline.ledger.database import Ledger, open_ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def ledger(url: str) -> Ledger:
    return open_ledger(url)
