"""What tests of delivery share: an edition that is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline_tests.delivery.worlds import published


@pytest.fixture
def edition(tmp_path: Path) -> PublishedEdition:
    return published(tmp_path)
