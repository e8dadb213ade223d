"""Only zones that exist are zones."""

from __future__ import annotations

import pytest

from sentinel_pipeline.domain.zones import is_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_names_of_the_time_zone_database_are_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize("name", ["", "Berlin", "Europe/Atlantis", "europe/berlin ", "../etc/passwd", "UTC+2"])
def test_anything_else_is_none(name: str) -> None:
    assert not is_zone(name)
