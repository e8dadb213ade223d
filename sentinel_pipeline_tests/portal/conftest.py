"""What tests of the portal share: one that is served over three editions, for people of each role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentinel_pipeline.ledger import credentials
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.portal.worlds import Portal, published, serving, with_people
from sentinel_pipeline_tests.rendering.worlds import a_hostile_report, a_report, an_empty_report


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
