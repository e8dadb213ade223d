"""An edition that would say less than it did, or could, is not made."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import close
from sentinel_pipeline.publishing.editions import edition_folder
from sentinel_pipeline.publishing.verification import trace
from sentinel_pipeline.publishing.withdrawal import require_kept, withdraw, withdrawn_at
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.publishing.worlds import House, examined

AT = datetime(2025, 6, 1, 0, 5, tzinfo=UTC)
TODAY = day("2025-01-02")
WHEN = r"deleted by retention on 2025-06-01 02:05 CEST"


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.count(TODAY.previous)
    house.count(TODAY)
    return house


def require(house: House, period: Period) -> None:
    require_kept(edition_folder(house.editions, period), period, house.lake)


def test_without_its_facts_an_edition_is_made_from_statistics(house: House) -> None:
    for one in (TODAY, TODAY.previous):
        close(house.lake, "facts", one.key, AT)
    require(house, TODAY)
    house.publish(TODAY)
    require(house, TODAY)


def test_without_statistics_of_a_day_it_is_not_made(house: House) -> None:
    close(house.lake, "statistics", TODAY.key, AT)
    with pytest.raises(PublishingError, match=f"daily 2025-01-02 cannot be made: the statistics of 1 day were {WHEN}"):
        require(house, TODAY)
    with pytest.raises(PublishingError, match="weekly 2024-12-30 cannot be made"):
        require(house, week("2024-12-30"))


def test_what_is_published_keeps_its_comparison_and_what_is_not_is_published_without(house: House) -> None:
    close(house.lake, "statistics", TODAY.previous.key, AT)
    require(house, TODAY)
    house.publish(TODAY)
    with pytest.raises(PublishingError, match=f"stays as it was published: of the day before, .* 1 day were {WHEN}"):
        require(house, TODAY)


def test_a_closed_day_of_which_this_version_counts_more_is_not_told_as_if_there_were_less(house: House) -> None:
    house.lake.path("statistics/alert_hours", TODAY.key).unlink()
    require(house, TODAY)
    close(house.lake, "quarantine", TODAY.key, AT)
    with pytest.raises(PublishingError, match="2025-01-02 was counted by an earlier version, which counted less"):
        require(house, TODAY)


def test_an_edition_whose_files_went_is_not_made_again_and_verifies_as_deleted(house: House) -> None:
    edition = house.publish(TODAY, {"report.pdf": b"pdf"})
    withdraw(edition.folder.parent, AT)
    withdraw(edition.folder.parent, datetime(2025, 7, 1, tzinfo=UTC))
    assert withdrawn_at(edition.folder.parent) == AT
    (edition.folder / "report.pdf").unlink()
    (fault,) = examined(edition.folder).faults
    assert fault == "1 file was deleted by retention on 2025-06-01 00:05 UTC"
    (edition.folder / "facts.json").write_text("{}")
    assert len(examined(edition.folder).faults) == 2, "what is there and was changed is told all the same"
    for attempt in (lambda: require(house, TODAY), lambda: house.publish(TODAY)):
        with pytest.raises(PublishingError, match=f"daily 2025-01-02 was {WHEN}"):
            attempt()


def test_a_trace_tells_what_went_from_what_was_lost(house: House) -> None:
    folder = house.publish(TODAY).folder
    close(house.lake, "facts", TODAY.key, AT)
    traced = trace(folder, "total_alerts", house.lake)
    assert traced.is_confirmed
    assert (traced.deleted, traced.uncovered) == ({}, {TODAY.key: AT})
    house.lake.path("statistics/alert_hours", TODAY.key).unlink()
    assert trace(folder, "total_alerts", house.lake).deleted == {}
    close(house.lake, "statistics", TODAY.key, AT)
    traced = trace(folder, "total_alerts", house.lake)
    assert not traced.is_confirmed
    assert traced.deleted == {TODAY.key: AT}
