from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import ALERT_RULES
from sentinel_pipeline.statistics.automation import BEYOND, EARLY, OPEN_KEPT, told
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import counted, facts, instants, rule_events, utc

TODAY = day("2025-10-26")
NOON = utc("2025-10-26T11:00:00")


def rows() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(["hub", "other"]),
                "triggered_at": instants(TODAY.window),
                "created_at": st.none() | instants(TODAY.window),
                "rule_id": st.sampled_from([None, "1", "2"]),
                "device": st.sampled_from([None, "a", "b"]),
                "is_acknowledged": st.sampled_from([None, True, False]),
                "is_external": st.sampled_from([None, True, False]),
            }
        ),
        max_size=30,
    )


@BRIEF
@given(rows())
def test_every_event_is_counted_once_in_each_statistic(events: list[dict[str, Any]]) -> None:
    frame = rule_events(*events)
    for name in ("rule_event_hours", "rule_event_devices", "rule_event_lateness"):
        assert counted(name, frame, TODAY)["events"].sum() == len(events)
    open_ones = sum(not event["is_acknowledged"] for event in events)
    assert counted("rule_event_devices", frame, TODAY)["unacknowledged"].sum() == open_ones
    assert counted("open_rule_events", frame, TODAY).height == open_ones


def test_events_count_per_hour_rule_acknowledgement_and_origin() -> None:
    frame = rule_events(
        {"triggered_at": NOON, "rule_id": "1", "rule": "Frost", "is_acknowledged": True, "is_external": False},
        {"triggered_at": NOON + timedelta(minutes=59), "rule_id": "1", "rule": "Frost", "is_acknowledged": True},
        {"triggered_at": NOON, "rule_id": "1", "rule": "Frost"},
        {"triggered_at": NOON, "rule_id": "1", "rule": "Frost", "is_external": True},
    )
    columns = ("hour_at", "rule", "is_acknowledged", "is_external", "events")
    assert counted("rule_event_hours", frame, TODAY).select(columns).rows() == [
        (NOON, "Frost", False, False, 1),
        (NOON, "Frost", False, True, 1),
        (NOON, "Frost", True, False, 2),
    ]


def test_both_runs_of_a_repeated_hour_are_kept_apart() -> None:
    frame = rule_events({"triggered_at": utc("2025-10-26T00:30:00")}, {"triggered_at": utc("2025-10-26T01:30:00")})
    hours = counted("rule_event_hours", frame, TODAY)["hour_at"].to_list()
    assert hours == [utc("2025-10-26T00:00:00"), utc("2025-10-26T01:00:00")]


@pytest.mark.parametrize(
    ("late", "within"),
    [
        (timedelta(microseconds=-1), EARLY),
        (timedelta(), 1),
        (timedelta(microseconds=999_999), 1),
        (timedelta(seconds=1), 10),
        (timedelta(seconds=59), 60),
        (timedelta(hours=23), 86_400),
        (timedelta(days=1), BEYOND),
        (timedelta(days=400), BEYOND),
        (None, None),
    ],
)
def test_lateness_falls_into_classes(late: timedelta | None, within: int | None) -> None:
    created = None if late is None else NOON + late
    found = counted("rule_event_lateness", rule_events({"triggered_at": NOON, "created_at": created}), TODAY)
    assert found.select("within_seconds", "events").rows() == [(within, 1)]


def test_the_newest_open_events_are_kept_whole() -> None:
    events = [
        {"event_id": f"{n:04}", "triggered_at": NOON + timedelta(seconds=n), "is_acknowledged": n % 2 == 0}
        for n in range(2 * OPEN_KEPT + 50)
    ]
    kept = counted("open_rule_events", rule_events(*events), TODAY)["event_id"].to_list()
    assert kept == [f"{n:04}" for n in range(2 * OPEN_KEPT + 49, 0, -2)][:OPEN_KEPT]


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ('{"metric":"temperature","threshold":30,"unit":"°C","value":"31.20"}', "temperature 31.20 °C 30"),
        ('{"operator":">","threshold":30.5,"value":31}', "31 > 30.5"),
        ('{"reason":"no data for 10 min"}', "no data for 10 min"),
        ('{"reason":"too hot","value":true}', "too hot; true"),
        ('{"value":{"a":1}}', '{"a":1}'),
        ('{"telemetry_timestamp":"2026-01-01"}', None),
        ("{}", None),
        ('["a"]', None),
        ("7", None),
    ],
)
def test_a_context_is_told_in_a_few_words(context: str, words: str | None) -> None:
    assert told(context) == words
    frame = rule_events({"triggered_at": NOON, "context": context}, {"triggered_at": NOON})
    assert counted("open_rule_events", frame, TODAY)["explanation"].to_list() == [words, None]


def test_rules_are_kept_as_they_stood_on_the_day() -> None:
    frame = facts(ALERT_RULES, [{"rule_id": "2", "name": "b", "is_enabled": False}, {"rule_id": "1", "name": "a"}])
    assert counted("rule_inventory", frame, TODAY).select("rule_id", "is_enabled", "day").rows() == [
        ("1", None, "2025-10-26"),
        ("2", False, "2025-10-26"),
    ]
