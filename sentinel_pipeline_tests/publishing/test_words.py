from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.publishing.words import (
    biggest_change,
    completeness_words,
    headline,
    in_short,
    narrative,
    needs_you,
    shortfall,
)
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.sections.findings import listed
from sentinel_pipeline_tests.clocks import day, week

TODAY = day("2025-01-02")


def figure(id_: str, value: Any, unit: str = "alerts", **more: Any) -> KeyFigure:
    return KeyFigure(id=id_, label=more.pop("label", "Alerts"), unit=unit, value=value, definition="", **more)


def alerts(total: Any, critical: Any, **more: Any) -> list[KeyFigure]:
    return [figure("total_alerts", total, **more), figure("alerts_critical", critical)]


@pytest.mark.parametrize(
    ("figures", "missing", "said"),
    [
        (alerts(1234, 3), "", "1,234 alerts (3 critical)."),
        (alerts(12, 0), "", "12 alerts (none critical)."),
        (alerts(0, 0), "", "No alerts."),
        (alerts(None, None), "", "Alerts unknown (no data)."),
        (
            alerts(5, 0, is_lower_bound=True),
            "not every source was read",
            "At least 5 alerts (none critical), of what could be seen: not every source was read.",
        ),
        ([figure("total_connections", 7, "connections")], "", "7 connections."),
        ([], "", "Nothing is measured in this day."),
    ],
)
def test_the_headline_says_the_state_in_one_sentence(figures: list[KeyFigure], missing: str, said: str) -> None:
    assert headline(figures, TODAY, missing) == said


def test_the_headline_speaks_of_alerts_and_incidents() -> None:
    both = [*alerts(2, 0), figure("total_incidents", 1, "incidents"), figure("critical_incidents", 1, "incidents")]
    assert headline(both, TODAY).startswith("2 alerts (none critical) and 1 incident")


def fired(total: Any, open_ones: Any, **more: Any) -> list[KeyFigure]:
    return [
        figure("total_rule_events", total, "events", **more),
        figure("unacknowledged_rule_events", open_ones, "events", **more),
    ]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (fired(1234, 56), "1,234 rule events (56 not acknowledged)."),
        (fired(1, 0), "1 rule event (0 not acknowledged)."),
        (fired(0, 0), "No rule events."),
        (fired(None, None), "Rule events unknown (no data)."),
        ([*alerts(2, 0), *fired(3, 1)], "2 alerts (none critical) and 3 rule events (1 not acknowledged)."),
    ],
)
def test_the_headline_speaks_of_rule_events_where_rules_fire(figures: list[KeyFigure], said: str) -> None:
    assert headline(figures, TODAY) == said
    assert ("rule event" in needs_you(figures)) == (figures[-1].value not in (0, None))


def test_parts_of_a_sentence_are_joined_as_people_do() -> None:
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("logs", "errors", "said"),
    [
        (1234, 5, "1,234 fleet logs (5 errors)."),
        (1, 1, "1 fleet log (1 error)."),
        (7, 0, "7 fleet logs (no errors)."),
        (0, 0, "No fleet logs."),
        (None, None, "Fleet logs unknown (no data)."),
    ],
)
def test_the_headline_speaks_of_a_fleet(logs: int | None, errors: int | None, said: str) -> None:
    fleet = [figure("total_widget_logs", logs, "logs"), figure("widget_log_errors", errors, "logs")]
    assert headline(fleet, TODAY) == said
    three = [*alerts(2, 0), figure("total_incidents", 0, "incidents"), figure("critical_incidents", 0), *fleet]
    everything = headline(three, TODAY)
    assert everything.lower() == f"2 alerts (none critical), no incidents and {said.lower()}"


def test_the_biggest_change_comes_first_and_bytes_are_not_told_twice() -> None:
    figures = [
        figure("a", 12, label="Alerts", previous=10, change=2, change_percent=20.0),
        figure("b", 5, label="Devices", unit="devices", previous=10, change=-5, change_percent=-50.0),
        figure("c", 9, label="Bytes sent", unit="bytes", previous=1, change=8, change_percent=800.0),
    ]
    said = biggest_change(figures, TODAY)
    assert said.startswith("Against the day before these moved most: devices 5")
    assert "bytes" not in said
    calm = [figure("a", 10, previous=10, change=0, change_percent=0.0)]
    assert biggest_change(calm, TODAY) == "Nothing changed against the day before."


def test_a_change_too_small_for_a_percentage_is_not_called_nothing() -> None:
    figures = [
        figure("a", 24, label="Alerts", previous=24, change=0, change_percent=0.0),
        figure("b", 5, label="Critical alerts", previous=4, change=1),
    ]
    assert biggest_change(figures, TODAY) == "Against the day before little moved: critical alerts 5, +1."


def test_of_single_devices_whose_figures_nobody_counts_the_first_finding_is_told() -> None:
    unmetered = [figure("energy_kwh", None, "kWh")]
    findings = ["Storage box leads with 3 of 3 alerts", "No new devices"]
    assert headline(unmetered, TODAY, findings=findings) == "Storage box leads with 3 of 3 alerts."
    assert in_short(unmetered, findings) == "Storage box leads with 3 of 3 alerts"
    metered = [figure("energy_kwh", 12.5, "kWh")]
    assert headline(metered, TODAY, findings=findings) == "12.50 kWh of energy used."
    assert in_short(metered, findings) == "12.50 kWh of energy"


def test_without_a_period_before_there_is_nothing_to_compare_with() -> None:
    said = biggest_change([figure("a", 10)], week("2025-01-06"))
    assert said == "There is no complete data of the week before to compare with."
    assert biggest_change([figure("a", 5, previous=3, change=2)], TODAY) == ""


def test_what_waits_for_somebody_is_said() -> None:
    waiting = [figure("alerts_unacknowledged", 2), figure("unblocked_violations", 1, "incidents")]
    assert needs_you(waiting) == (
        "Needs a look: 2 critical or high alerts not acknowledged by anybody; 1 policy violation not blocked."
    )
    assert needs_you([figure("alerts_unacknowledged", 0), figure("unblocked_violations", None)]) == ""


def completeness(*rows: tuple[str, str, int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [("home", table, status, bad, reason) for table, status, bad, reason in rows],
        schema=["source", "table", "status", "quarantined", "reason"],
        orient="row",
    )


def test_completeness_is_said_with_every_trouble_once() -> None:
    whole = completeness(("alerts", "received", 0, None), ("devices", "no events", 0, None))
    assert completeness_words(whole) == "Every source was read for the whole period. No record was set aside."
    with_bad = completeness(("alerts", "received", 2, None), ("devices", "not in source", 0, None))
    said = completeness_words(with_bad)
    assert "2 records in them were set aside, for repeating another or being unreadable in part;" in said
    assert shortfall(whole) == shortfall(with_bad) == ""
    away = completeness(("alerts", "unreachable", 0, "nobody answers"), ("devices", "unreachable", 0, "nobody answers"))
    assert completeness_words(away) == "Not everything could be seen. home: alerts unreachable – nobody answers."
    part = completeness(("alerts", "partial", 1, "one file"))
    said = completeness_words(part)
    assert "1 record in them was set aside, for repeating another or being unreadable in part;" in said


def test_a_source_that_was_read_with_faults_is_not_called_unread() -> None:
    part = completeness(("alerts", "partial", 1, "one file"), ("devices", "received", 0, None))
    assert shortfall(part) == "not everything of home could be read"
    assert (
        shortfall(pl.concat([part, completeness(("policies", "unreachable", 0, None))])) == "not every source was read"
    )


def test_a_narrative_leaves_out_what_there_is_nothing_to_say_about() -> None:
    assert narrative([], [], "All was read.", TODAY)[-1] == "All was read."
    said = narrative([figure("alerts_unacknowledged", 1, previous=1, change=0)], ["One", "Two"], "", TODAY)
    assert said == ("One. Two.", "Needs a look: 1 critical or high alert not acknowledged by anybody.")


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (alerts(12, 3, previous=5), "3 critical alerts"),
        ([figure("alerts_critical", 3, change=2)], "3 critical alerts (+2)"),
        ([figure("alerts_critical", 1, is_lower_bound=True)], "at least 1 critical alert"),
        ([figure("alerts_critical", 0), figure("critical_incidents", 2, change=-1)], "2 critical incidents (−1)"),
        ([figure("alerts_critical", 0), figure("total_alerts", 4, change=0)], "nothing critical, 4 alerts (±0)"),
        ([figure("alerts_critical", 0)], "nothing critical"),
        ([figure("energy_kwh", 12.5, "kWh")], "12.50 kWh of energy"),
        ([], "nothing to tell"),
    ],
)
def test_the_finding_in_short_is_what_a_subject_line_can_hold(figures: list[KeyFigure], said: str) -> None:
    assert in_short(figures) == said
