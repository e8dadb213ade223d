"""Types of reports are choices of sections that there are."""

from __future__ import annotations

from sentinel_pipeline.requests.types import TYPES, sections_of_types
from sentinel_pipeline.sections import SECTIONS

ALL = tuple(section.name for section in SECTIONS)


def test_every_type_names_sections_that_there_are() -> None:
    assert [name for one in TYPES for name in one.sections if name not in ALL] == []


def test_the_types_of_both_documents_are_there() -> None:
    names = {one.name for one in TYPES}
    assert {"summary", "detailed", "alerts", "connections"} <= names
    assert {"dlp_summary", "trends", "violators", "data_types", "policy_violations"} <= names
    assert len(names) == len(TYPES)


def test_a_detailed_report_shows_everything_and_other_types_what_they_are_called_for() -> None:
    assert sections_of_types(["detailed"], ALL) == ALL
    assert sections_of_types(["violators"], ALL) == (
        "top_violators_by_user",
        "top_violators_by_ip",
        "top_violators_by_agent",
    )
    assert sections_of_types(["violators"], ["protocols"]) == ()
    assert set(sections_of_types(["trends", "data_types"], ALL)) > set(sections_of_types(["trends"], ALL))
