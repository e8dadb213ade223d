from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, left_out, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
FIGURE = {figure.id: figure for figure in FIGURES}
COUNTS = ("rule_events_by_rule", "rule_events_by_device", "rule_event_trends", "rule_events_lateness")


def fired(rule: str | None = "1", name: str | None = "Frost", **more: Any) -> dict[str, Any]:
    known = {"device": "GH-1", "device_name": "Dach", "is_device_known": True, "is_acknowledged": False}
    return {
        "triggered_at": NOON,
        "created_at": NOON,
        "rule_id": rule,
        "rule": name,
        "is_external": False,
        **known,
        **more,
    }


EVENTS = [
    *[fired() for _ in range(3)],
    fired(is_acknowledged=True, is_external=True),
    fired("2", "Frost", device="GH-2", device_name=None),
    fired("9", "rule #9 (deleted)", device="X-1", device_name=None, is_device_known=False),
    fired(None, None, device=None, device_name=None, is_device_known=None),
]


def test_rules_are_told_apart_by_id_and_ranked() -> None:
    table = table_of("rule_events_by_rule", world(TODAY, rule_events=EVENTS), TODAY)
    assert table.drop("source").rows() == [
        ("Frost", 4, 3, 1, "1"),
        (*("(none)", 1, 1, 0), None),
        ("Frost", 1, 1, 0, "2"),
        ("rule #9 (deleted)", 1, 1, 0, "9"),
    ]
    said = finding_of("rule_events_by_rule", world(TODAY, rule_events=EVENTS), TODAY)
    assert said == "Frost leads with 4 of 7 events (57.14 %); 6 in all not acknowledged"


def test_a_rule_that_was_renamed_goes_by_its_newest_name() -> None:
    period = week("2024-12-30")
    events = [fired(name="Old", triggered_at=NOON - timedelta(days=2)), fired(name="New"), fired(name="New")]
    table = table_of("rule_events_by_rule", world(period, rule_events=events), period)
    assert table.select("rule", "count").rows() == [("New", 3)]


def test_unknown_devices_are_called_by_their_serial_and_counted() -> None:
    statistics = world(TODAY, rule_events=EVENTS)
    assert table_of("rule_events_by_device", statistics, TODAY).drop("source").rows() == [
        ("GH-1", "Dach", 4, 3),
        ("GH-2", "Unnamed", 1, 1),
        ("X-1", "Unknown", 1, 1),
    ]
    assert left_out("rule_events_by_device", statistics, TODAY) == 1
    assert finding_of("rule_events_by_device", statistics, TODAY).endswith("; 1 device the hub does not know")
    assert FIGURE["rule_events_unknown_device"].value(statistics, TODAY) == 2


@pytest.mark.parametrize("name", COUNTS)
def test_every_table_adds_up_to_the_figure(name: str) -> None:
    statistics = world(TODAY, rule_events=EVENTS)
    total = FIGURE["total_rule_events"].value(statistics, TODAY)
    assert total == 7
    assert table_of(name, statistics, TODAY)["count"].sum() + left_out(name, statistics, TODAY) == total


def test_figures_of_rule_events() -> None:
    statistics = world(TODAY, rule_events=EVENTS)
    found = {name: FIGURE[name].value(statistics, TODAY) for name in FIGURE if FIGURE[name].about == "rule_events"}
    assert found == {
        "total_rule_events": 7,
        "unacknowledged_rule_events": 6,
        "rule_events_acknowledged_share": 14.29,
        "rule_events_external": 1,
        "rule_events_deleted_rule": 1,
        "rule_events_unknown_device": 2,
    }
    assert FIGURE["rule_events_acknowledged_share"].value(world(TODAY), TODAY) is None


def test_the_trend_has_a_series_per_rule_and_leaves_unseen_days_empty() -> None:
    period = week("2024-12-30")
    table = table_of(
        "rule_event_trends", world(period, rule_events=EVENTS, statuses={"2025-01-03": "unreachable"}), period
    )
    assert table.columns == ["timestamp", "series", "count"]
    assert table["series"].unique(maintain_order=True).to_list() == ["Frost", "(none)", "rule #9 (deleted)"]
    frost = table.filter(pl.col("series") == "Frost")["count"].to_list()
    assert frost == [0, 0, 0, 5, None, 0, 0]


def test_a_quiet_day_shows_zeros_not_blanks() -> None:
    table = table_of("rule_event_trends", world(TODAY), TODAY)
    assert (table.height, table["count"].sum(), table["count"].null_count()) == (24, 0, 0)
    assert table_of("rule_events_lateness", world(TODAY), TODAY)["count"].to_list() == [0] * 7
    assert finding_of("rule_events_by_rule", world(TODAY), TODAY) == "No rule events in this period"
    assert finding_of("rule_events_lateness", world(TODAY), TODAY) == "No rule events in this period"
    assert finding_of("unacknowledged_rule_events", world(TODAY), TODAY) == "Every rule event was acknowledged"


def test_the_newest_open_events_come_first() -> None:
    events = [fired(event_id="a"), fired(event_id="b", triggered_at=NOON + timedelta(hours=1), context='{"value":3}')]
    statistics = world(TODAY, rule_events=[*events, fired(event_id="c", is_acknowledged=True)])
    table = table_of("unacknowledged_rule_events", statistics, TODAY)
    assert table.select("event_id", "explanation").rows() == [("b", "3"), ("a", None)]
    assert finding_of("unacknowledged_rule_events", statistics, TODAY) == "The newest is of “Frost”, device GH-1"


def test_rules_that_never_fired_are_those_switched_on_of_systems_that_fire() -> None:
    rules: list[dict[str, Any]] = [
        {"rule_id": "1", "name": "Frost", "is_enabled": True},
        {"rule_id": "2", "name": "Flood", "is_enabled": True},
        {"rule_id": "3", "name": "Off", "is_enabled": False},
        {"rule_id": "4", "name": None},
        {"rule_id": "5", "name": "of a monitor", "is_enabled": True, "source": "monitor"},
    ]
    statistics = world(TODAY, rule_events=[fired()], alert_rules=rules)
    table = table_of("rules_never_fired", statistics, TODAY)
    assert table.select("rule", "rule_id").rows() == [("Flood", "2"), ("rule #4", "4")]
    said = "2 rules switched on fired no event, as far as could be seen"
    assert finding_of("rules_never_fired", statistics, TODAY) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([0, 0, 5], "Half of the events were recorded within 1 s, 95 % within 10 s"),
        ([0] * 19 + [4_000], "Half of the events were recorded within 1 s, 95 % within 1 s"),
        ([0, 0, 90_000], "Half of the events were recorded within 1 s; 95 % took longer than a day"),
        ([90_000, 90_000, 0], "Most events were recorded late; 95 % took longer than a day"),
        ([-5, 0], "Half of the events were recorded within 1 s, 95 % within 1 s"),
    ],
)
def test_lateness_in_words(seconds: list[int], said: str) -> None:
    events = [fired(created_at=NOON + timedelta(seconds=late)) for late in seconds]
    assert finding_of("rule_events_lateness", world(TODAY, rule_events=events), TODAY) == said


def test_lateness_shows_odd_classes_only_when_there_are_any() -> None:
    events = [fired(created_at=NOON - timedelta(seconds=1)), fired(created_at=None), fired()]
    table = table_of("rule_events_lateness", world(TODAY, rule_events=events), TODAY)
    assert table["lateness"][0] == "before it fired (clocks differ)"
    assert table["lateness"][-1] == "unknown"
    assert table["count"].to_list() == [1, 1, 0, 0, 0, 0, 0, 0, 1]
    assert table["percentage"].sum() == pytest.approx(99.99)
