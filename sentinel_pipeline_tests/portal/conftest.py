"""What tests of the portal share: one that is served over three editions, for people of each role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.ledger import credentials
from sentinel_pipeline_tests.exports.test_requested import make_plug
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.portal.chromium import browser
from sentinel_pipeline_tests.portal.worlds import Portal, hurry_forgotten, published, serving, with_people, with_person
from sentinel_pipeline_tests.rendering.worlds import a_hostile_report, a_report, an_empty_report
from sentinel_pipeline_tests.walks.household import make_house

__all__ = ["browser"]


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords hashed with less memory, so that signing in takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "HASHER", QUICK)
        yield


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Shared by the tests of a file: what a test changes, others see."""
    data = tmp_path_factory.mktemp("data")
    published(a_report("daily"), data, ("severity_distribution", "top_talkers"))
    published(an_empty_report("weekly"), data)
    published(a_hostile_report(), data)
    (data / "exports").mkdir()
    (data / "exports" / "mine.csv").write_text("a,b\r\n1,2\r\n")
    with serving(data) as served:
        yield with_people(served)


@pytest.fixture(scope="module")
def _plugs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with serving(make_plug(tmp_path_factory.mktemp("house") / "plug")) as served:
        yield with_person(with_people(served), "bob", "analyst")


@pytest.fixture
def plugs(_plugs: Portal) -> Portal:
    """Over a plug of one kilowatt, with a second analyst; shared by a file's tests, before each of which nobody has
    asked too often.
    """
    hurry_forgotten(_plugs)
    return _plugs


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Portal]:
    """A portal of its own over a small house whose systems can be read, at noon of its fourth day, with people."""
    make_house(tmp_path / "data")
    published(a_report("daily"), tmp_path / "data")
    with serving(tmp_path / "data") as served:
        served.clock.now = datetime(2025, 3, 13, 11, 0, tzinfo=UTC)
        yield with_people(served, served.clock.now)
