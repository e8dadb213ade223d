"""Analyses of energy and network say what the reports' sections say, with the parameters and refusals of the others."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.portal.analyses import ANALYSES, Analysis
from sentinel_pipeline.publishing.scope import statistic_asset, statistics_of
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import write_json
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline_tests.portal.test_api import ask, script, unhurried
from sentinel_pipeline_tests.portal.worlds import Portal, serving, with_people
from sentinel_pipeline_tests.publishing.worlds import SCOPE
from sentinel_pipeline_tests.sections.worlds import table_of, world
from sentinel_pipeline_tests.statistics.frames import Row
from sentinel_pipeline_tests.statistics.test_energy import interval

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Period.parse("weekly", "2025-03-24", BERLIN)  # clocks go forward on its Sunday
MONDAY = Period.parse("daily", "2025-03-24", BERLIN)
ASKED = "start_date=2025-03-24&end_date=2025-03-30"
__all__ = ["unhurried"]
HOSTILE = '=cmd|"/c calc"!A1,\n<b>'
NEW = tuple(one for one in ANALYSES if "/" in one.path)


def metered(day: Period) -> list[Row]:
    """Quarter-hours of three plugs, two of them under one address in two houses; one is never metered."""
    at = day.window.start + timedelta(hours=8)
    plugs = ((day.first.day * 10_000, "10.0.0.1", "home"), (7, "10.0.0.1", "barn"), (None, "10.0.0.3", "home"))
    rows = [
        {
            **interval(at + timedelta(minutes=15 * quarter), None if used is None else used + quarter),
            **({} if used is None else {"cost_micros": used // 4, "unpriced_micro_kwh": 0, "currency": "EUR"}),
            "device_ip": address,
            "device_name": HOSTILE,
            "source": source,
            "band": "day",
            "tier": 1,
            "max_power_micro_w": 90_000_000,
        }
        for quarter in range(8)
        for used, address, source in plugs
    ]
    return [{**row, "interval_id": f"{day.key}-{number}"} for number, row in enumerate(rows)]


def connected(day: Period) -> list[Row]:
    """Connections of three devices, one of which nobody knows, in and out, at the day's first and last hour."""
    rows: list[Row] = [
        {
            "started_at": at,
            "device_ip": device,
            "destination_ip": None if number % 5 == 4 else f"198.51.100.{number}",
            "protocol": "tcp" if number % 2 else None,
            "service": HOSTILE if number % 3 else "dns",
            "bytes_sent": None if number == 1 else 1_000 * number + day.first.day,
            "bytes_received": 10 * number,
            "is_inbound": number == 2,
            "connection_state": "REJ" if number == 1 else "SF",
        }
        for at in (day.window.start, day.window.end - timedelta(microseconds=1))
        for number, device in enumerate(("10.0.0.1", "10.0.0.2", "10.0.0.1", None, "10.0.0.2"))
    ]
    return [{**row, "connection_id": f"{day.key}-{number}"} for number, row in enumerate(rows)]


def make_day(data: Path, key: str, **rows: Sequence[Row]) -> None:
    """All statistics of a day in the lake."""
    day = Period.parse("daily", key, BERLIN)
    given: dict[str, Sequence[Row]] = {"energy_intervals": metered(day), "connections": connected(day), **rows}
    named = [{"device_ip": "10.0.0.2", "device_name": "Küche"}]
    for name, frame in world(day, statuses=None, devices=named, **given).items():
        Lake(data / "lake").write(statistic_asset(name), key, frame)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The week was read but for its Wednesday."""
    data = tmp_path_factory.mktemp("data")
    for key in WEEK.day_keys:
        if key != "2025-03-26":
            make_day(data, key)
    with serving(data) as served:
        served.clock.now = datetime(2025, 3, 31, 11, 0, tzinfo=UTC)
        yield with_people(served)


def of_report(portal: Portal, section: str, period: Period, folder: Path) -> Any:
    """The rows of `tables/<section>.json` in the edition of a period."""
    statistics = statistics_of(SCOPE, period, portal.site.lake)
    write_json(table_of(section, statistics, period), folder / "table.json", Spelling(BERLIN))
    return json.loads((folder / "table.json").read_text())


@pytest.mark.parametrize(
    ("question", "key", "section"),
    [
        ("energy/trends?interval=day", "data", "energy_trend"),
        ("energy/devices?limit=100", "devices", "energy_by_device"),
        ("energy/peaks?", "peaks", "energy_peaks"),
        ("energy/bands?", "bands", "energy_by_band"),
        ("network/trends?interval=day", "data", "connection_trends"),
        ("network/top-talkers?limit=100", "devices", "top_talkers"),
        ("network/destinations?limit=100", "destinations", "top_destinations"),
        ("network/protocols?", "protocols", "protocols"),
        ("network/services?limit=100", "services", "services"),
    ],
)
def test_an_analysis_of_a_week_is_the_section_of_the_weekly_report(
    portal: Portal, tmp_path: Path, question: str, key: str, section: str
) -> None:
    told, reported = ask(portal, f"{question}&{ASKED}"), of_report(portal, section, WEEK, tmp_path)
    assert told[key] == reported
    assert len(reported) > 1 or section == "energy_by_band"
    assert told["days_not_seen"] == ["2025-03-26"]


@pytest.mark.parametrize(("topic", "section"), [("energy", "energy_trend"), ("network", "connection_trends")])
def test_an_analysis_of_a_day_by_hour_is_the_section_of_the_daily_report(
    portal: Portal, tmp_path: Path, topic: str, section: str
) -> None:
    told = ask(portal, f"{topic}/trends?interval=hour&start_date=2025-03-24&end_date=2025-03-24")
    assert told["data"] == of_report(portal, section, MONDAY, tmp_path)
    assert len(told["data"]) == 24


@pytest.mark.parametrize("topic", ["energy", "network"])
def test_the_summary_is_the_figures_of_the_report(portal: Portal, topic: str) -> None:
    told = ask(portal, f"{topic}/summary?{ASKED}")
    statistics = statistics_of(SCOPE, WEEK, portal.site.lake)
    figures = {figure.id: figure.value(statistics, WEEK) for figure in FIGURES if figure.id in told}
    assert {name: told[name] for name in figures} == figures
    assert len(figures) == len(told) - (3 if topic == "energy" else 2)  # period, requested, currency
    assert None not in figures.values()


def test_standby_is_what_the_report_says_of_each_device_and_of_all(portal: Portal, tmp_path: Path) -> None:
    told, devices = ask(portal, f"energy/standby?{ASKED}"), of_report(portal, "energy_by_device", WEEK, tmp_path)
    known = {(one["device_ip"], one["source"]): one["standby_w"] for one in devices if one["standby_w"] is not None}
    assert {(one["device_ip"], one["source"]): one["standby_w"] for one in told["devices"]} == known
    assert told["standby_w"] == round(sum(known.values()), 2)
    assert [one["standby_w"] for one in told["devices"]] == sorted(known.values(), reverse=True)


@pytest.mark.parametrize(("interval", "buckets"), [("hour", 167), ("day", 7), ("week", 1), ("month", 1)])
@pytest.mark.parametrize(
    ("topic", "group", "value", "total"),
    [
        ("energy", "device", "energy_kwh", "energy_kwh"),
        ("network", "protocol", "connections", "total_connections"),
        ("network", "service", "bytes_sent", "total_bytes_sent"),
    ],
)
def test_series_add_up_to_the_total_in_every_grain(
    portal: Portal, topic: str, group: str, value: str, total: str, interval: str, buckets: int
) -> None:
    told = ask(portal, f"{topic}/trends?{ASKED}&interval={interval}&group_by={group}")
    assert {len(points) for points in told["series"].values()} == {buckets}
    found = sum(point[value] or 0 for points in told["series"].values() for point in points)
    assert found == pytest.approx(told[total], abs=1e-9)
    plain = ask(portal, f"{topic}/trends?{ASKED}&interval={interval}")
    assert sum(point[value] or 0 for point in plain["data"]) == pytest.approx(told[total], abs=1e-9)


def test_devices_of_one_address_in_two_sources_are_two_series(portal: Portal) -> None:
    told = ask(portal, f"energy/trends?{ASKED}&group_by=device")
    assert list(told["series"]) == ["10.0.0.1 (home)", "10.0.0.1 (barn)", "10.0.0.3"]
    assert told["series"]["10.0.0.3"][0]["energy_kwh"] is None
    assert [(one["series"], one["source"]) for one in told["devices"]] == [
        ("10.0.0.1 (home)", "home"),
        ("10.0.0.1 (barn)", "barn"),
        ("10.0.0.3", "home"),
    ]
    first = ask(portal, f"energy/trends?{ASKED}&group_by=device&limit=1")
    assert (list(first["series"]), first["total_devices"]) == (["10.0.0.1 (home)"], 3)


def test_energy_is_told_with_its_currency_by_hand(portal: Portal) -> None:
    day = "start_date=2025-03-24&end_date=2025-03-24"
    told = ask(portal, f"energy/trends?{day}&interval=day")
    # Eight quarters of 240,000 and of 7 millionths, and of 0 to 7 more each.
    assert told["data"] == [
        {
            "timestamp": "2025-03-24T00:00:00+01:00",
            "energy_kwh": 1.920112,
            "cost": 0.480008,
            "unpriced_kwh": 0.0,
            "unmetered_minutes": 120.0,
        }
    ]
    assert (told["currency"], told["energy_kwh"], told["energy_cost"]) == ("EUR", 1.920112, 0.48)


def test_connections_of_a_device_count_both_ways_by_hand(portal: Portal) -> None:
    told = ask(portal, "network/trends?start_date=2025-03-24&end_date=2025-03-24&group_by=device&limit=1")
    # Of 10.0.0.1, twice a day: number 0 sent 24; number 2 came in, so its 198.51.100.2 is the device.
    assert list(told["series"]) == ["10.0.0.2"]
    assert told["series"]["10.0.0.2"][0] == {
        "timestamp": "2025-03-24T00:00:00+01:00",
        "connections": 4,
        "bytes_sent": 2 * 4_024,
        "bytes_received": 2 * 50,
    }
    assert told["total_connections"] == 10


@pytest.mark.parametrize("analysis", NEW, ids=[one.path for one in NEW])
def test_what_nobody_saw_is_unknown_and_every_mistake_told(portal: Portal, analysis: Analysis) -> None:
    unseen = ask(portal, f"{analysis.path}?start_date=2025-02-01&end_date=2025-02-02")
    assert len(unseen.get("period", unseen)["days_not_seen"]) == 2
    assert ask(portal, f"{analysis.path}?start_date=2024-01-01", 400)["detail"] == "Date range cannot exceed 90 days"
    assert ask(portal, f"{analysis.path}?start_date=x", 400)["error_code"] == "INVALID_PARAMETER"
    assert ask(portal, analysis.path, 403, "viewer")["required_permission"] == "ANALYTICS_VIEW"
    for choice in analysis.choices:
        wrong = ask(portal, f"{analysis.path}?{choice.name}=x", 400)
        assert wrong["detail"].startswith(f"{choice.name}: Input should be")


def test_the_hours_of_a_trend_are_those_asked_for(portal: Portal) -> None:
    hours = "start_date=2025-03-24T08:10:00&end_date=2025-03-24T08:50:00"
    told = ask(portal, f"energy/trends?{hours}&interval=hour")
    assert [point["timestamp"] for point in told["data"]] == ["2025-03-24T08:00:00+01:00"]
    assert told["energy_kwh"] == round((4 * 240_000 + 4 * 7 + 2 * 6) / 1_000_000, 6)
    assert ask(portal, f"network/trends?{hours}")["total_connections"] == 0


@pytest.mark.parametrize("analysis", NEW, ids=[one.path for one in NEW])
def test_every_analysis_is_handed_out_as_a_file(portal: Portal, analysis: Analysis) -> None:
    path = f"/api/v1/export/analytics/{analysis.sheet.path or analysis.path}"
    answer = portal.people["analyst"].get(f"{path}/csv?{ASKED}")
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    assert rows
    assert all(not (cell or "").startswith("=") for row in rows for cell in row.values())
    name = analysis.name if analysis.path.startswith("energy") else analysis.sheet.stem
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}_20250324_20250330.csv"'
    paper = portal.people["analyst"].get(f"{path}/pdf?{ASKED}")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_files_that_name_devices_are_for_those_who_may_see_them(portal: Portal) -> None:
    limited = script(portal, "DATA_EXPORT")
    path = "/api/v1/export/analytics"
    for refused in ("energy/devices/csv", "network/destinations/csv", "network/trends/csv?group_by=device"):
        assert limited.get(f"{path}/{refused}").json()["required_permission"] == "PERSONAL_VIEW"
    assert limited.get(f"{path}/network/trends/csv").status_code == 200
    assert limited.get(f"{path}/energy/summary/csv").status_code == 200


@pytest.mark.parametrize("question", ["energy/summary", "energy/trends?interval=hour", "network/summary"])
def test_a_day_made_again_changes_the_answer_at_once(portal: Portal, question: str) -> None:
    day, key = Period.parse("daily", "2025-03-01", BERLIN), "2025-03-01"
    asked = f"{question}{'&' if '?' in question else '?'}start_date={key}&end_date={key}"
    name = "total_connections" if "network" in question else "energy_kwh"
    for size in (1, 3, 2, 4):
        plug = [interval(day.window.start, size * 1_000_000)]
        make_day(portal.data, key, energy_intervals=plug, connections=connected(day)[:size])
        assert ask(portal, asked)[name] == size
        if size > 1:  # of folders that nobody touched for long nothing but their own stamp is looked at
            for folder in (portal.data / "lake" / "statistics").iterdir():
                os.utime(folder, (size, size))
        assert [ask(portal, asked)[name] for _ in range(2)] == [size, size]


def test_the_most_days_are_what_is_configured(tmp_path: Path) -> None:
    with serving(tmp_path, analysed_days=5) as served:
        with_people(served)
        ask(served, "network/summary?start_date=2026-10-28&end_date=2026-11-01")
        told = ask(served, "network/summary?start_date=2026-10-27&end_date=2026-11-01", 400)
        assert told["detail"] == "Date range cannot exceed 5 days"
        assert ask(served, "energy/devices")["requested"]["start_date"] == "2026-10-28T10:00:00+01:00"
