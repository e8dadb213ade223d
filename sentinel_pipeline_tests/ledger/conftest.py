"""Every test of the ledger runs on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline_tests.ledger.people import QUICK


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def ledger(url: str) -> Ledger:
    return open_ledger(url)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same kind, with less memory: tests of `credentials` name the real one."""
    monkeypatch.setattr(credentials, "HASHER", QUICK)
