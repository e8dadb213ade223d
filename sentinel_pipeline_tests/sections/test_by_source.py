from typing import Any

from sentinel_pipeline.publishing.scope import Scope
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")


def of(source: str, number: int, time: str, **what: Any) -> list[dict[str, Any]]:
    return [{"source": source, time: NOON, **what} for _ in range(number)]


def test_each_source_has_its_row_and_ties_go_by_name() -> None:
    rows = [*of("west", 2, "raised_at"), *of("east", 1, "raised_at", severity="critical"), *of("east", 1, "raised_at")]
    statistics = world(TODAY, alerts=rows)
    assert table_of("alerts_by_source", statistics, TODAY).rows() == [("east", 2, 1), ("west", 2, 0)]
    assert finding_of("alerts_by_source", statistics, TODAY) == "east leads with 2 of 4 alerts (50.00 %)"


def test_incidents_and_connections_are_told_apart_by_source_too() -> None:
    incidents = [*of("a", 2, "occurred_at", is_blocked=True), *of("b", 1, "occurred_at", severity="critical")]
    connections = [*of("a", 1, "started_at", bytes_sent=5), *of("b", 3, "started_at", bytes_received=7)]
    statistics = world(TODAY, incidents=incidents, connections=connections)
    assert table_of("incidents_by_source", statistics, TODAY).rows() == [("a", 2, 0, 2), ("b", 1, 1, 0)]
    assert table_of("connections_by_source", statistics, TODAY).rows() == [("b", 3, 0, 21), ("a", 1, 5, 0)]


def test_one_source_alone_is_not_compared_with_itself() -> None:
    alone, two = (Scope(tuple((name, ("alerts", "connections")) for name in names)) for names in (["a"], ["a", "b"]))
    assert "alerts_by_source" not in {section.name for section in alone.sections}
    assert {"alerts_by_source", "connections_by_source"} <= {section.name for section in two.sections}
    mixed = Scope((("a", ("alerts",)), ("b", ("connections",))))
    assert not {section.name for section in mixed.sections if section.compares_sources}
