"""From statistics in the lake to the files of an edition."""

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import PublishingError, SentinelError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.whole_files import replacing_folder
from sentinel_pipeline.publishing.assembly import (
    FILE_ASSETS,
    draft_folder,
    edition_files,
    remove_earlier_drafts,
    render_files,
)
from sentinel_pipeline.publishing.composition import compose, figures_hash, section_asset, section_table
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.publishing.figures import as_table, from_table
from sentinel_pipeline.publishing.reconciliation import contradictions
from sentinel_pipeline.publishing.scope import Scope, completeness_of, statistics_of, with_before
from sentinel_pipeline.publishing.summary import summary_facts
from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.publishing.worlds import SCOPE, House, examined
from sentinel_pipeline_tests.sections.worlds import READ
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
NOON = utc("2025-01-02T11:00:00")
ROWS: dict[str, list[dict[str, Any]]] = {
    "alerts": [{"alert_id": "1", "raised_at": NOON, "severity": "high", "device_ip": "10.0.0.1"}],
    "incidents": [
        {"incident_id": "1", "occurred_at": NOON, "severity": "critical", "user": "ada"},
        {"incident_id": "2", "occurred_at": NOON, "severity": "low", "data_types": ["PAN"]},
    ],
    "connections": [
        {"connection_id": str(n), "started_at": NOON, "device_ip": "10.0.0.1", "bytes_sent": 1 << 20} for n in range(3)
    ],
    "devices": [{"device_ip": "10.0.0.1", "device_name": "TV", "last_seen_at": NOON}],
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def made(house: House, period: Period = TODAY, scope: Scope = SCOPE) -> Report:
    """Section tables and key figures as the assets make them, and the report of them."""
    statistics = with_before(scope, period, house.lake)
    for section in scope.sections_of(period.cadence):
        table = section_table(section, statistics, period)
        house.lake.write(section_asset(period.cadence, section.name), period.key, table)
    figures = as_table(tuple(house.figures(period, scope).values()))
    house.lake.write(section_asset(period.cadence, "key_figures"), period.key, figures)
    return compose(scope, "Test", period, house.editions, house.lake)


def test_a_report_says_what_the_statistics_hold(house: House) -> None:
    house.count(TODAY, **ROWS)
    report = made(house)
    assert report.headline == "1 alert (none critical) and 2 incidents (1 critical)."
    assert report.is_complete
    assert report.revision == 1
    assert report.title == "Daily security report"
    findings = {result.section.name: result.finding for result in report.sections}
    assert (
        findings["top_violators_by_user"]
        == "ada leads with 1 of 1 incident (100.00 %); 1 incident without user not listed"
    )
    assert not any(result.failure for result in report.sections)
    assert len(report.strip) == 8


def test_what_nobody_could_see_has_no_rows_and_says_why(house: House) -> None:
    house.count(TODAY, "unreachable")
    report = made(house)
    assert not report.is_complete
    results = {result.section.name: result for result in report.sections}
    expected = "No data: alerts could not be seen in this period. home: unreachable (it was unreachable)"
    assert results["alert_severity"].failure == expected
    assert results["alert_severity"].table.is_empty()
    assert results["data_completeness"].failure is None
    assert results["data_completeness"].table["rows"].to_list() == [None] * len(READ)
    assert "unknown (no data)" in report.headline


def told_of_new_destinations(house: House, period: Period, scope: Scope = SCOPE) -> SectionResult:
    return next(one for one in made(house, period, scope).sections if one.section.name == "new_destinations")


def test_a_first_week_has_nothing_to_compare_with_and_says_so_plainly(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, **ROWS)
    told = told_of_new_destinations(house, period)
    assert told.finding == "There is nothing to compare with yet: for the week before, connections were never read"
    assert told.awaits_before
    assert told.failure is None
    assert told.table.is_empty()


def test_a_week_after_one_that_began_late_says_how_much_of_it_was_read(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, **ROWS)
    for first in ("2024-12-28", "2024-12-29"):
        house.count(day(first), **ROWS)
    told = told_of_new_destinations(house, period)
    assert told.finding.endswith("yet: for the week before, connections were read on 2 of 7 days only")
    assert told.awaits_before


def test_a_source_that_joined_later_is_named(house: House) -> None:
    period = week("2024-12-30")
    for of_one in (period.previous, period):
        house.count_all(of_one, **ROWS)
    told = told_of_new_destinations(house, period, Scope((("home", READ), ("office", READ))))
    assert told.finding.endswith("yet: for the week before, connections of office were never read")


@pytest.mark.slow
def test_a_week_before_that_was_read_in_vain_is_no_first_one(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, **ROWS)
    house.count(day("2024-12-29"), "unreachable")
    told = told_of_new_destinations(house, period)
    assert told.failure == told.finding == "Cannot be told: connections of the week before were not read in full"
    assert not told.awaits_before


@pytest.mark.slow
def test_a_first_week_that_nobody_could_see_is_not_called_a_first_one(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, "unreachable")
    told = told_of_new_destinations(house, period)
    assert told.failure is not None
    assert told.failure.startswith("No data: connections could not be seen in this period")
    assert not told.awaits_before


@pytest.mark.slow
def test_after_a_whole_week_without_anything_new_nothing_is_new(house: House) -> None:
    period = week("2024-12-30")
    for of_one in (period.previous, period):
        house.count_all(of_one, **ROWS)
    told = told_of_new_destinations(house, period)
    assert told.is_made
    assert told.finding == "No destination that the period before did not know"


def test_a_quiet_day_has_sections_of_zeros(house: House) -> None:
    house.count(TODAY, "no events")
    results = {result.section.name: result for result in made(house).sections}
    assert results["alert_severity"].table["count"].to_list() == [0] * 6
    assert results["alert_severity"].finding == "No alerts in this period"


def test_a_report_needs_its_sections(house: House) -> None:
    house.count(TODAY)
    with pytest.raises(SentinelError, match="has no partition 2025-01-02; materialize it first"):
        compose(SCOPE, "Test", TODAY, house.editions, house.lake)


def test_tables_agree_with_figures_and_a_contradiction_is_one_line(house: House) -> None:
    house.count(TODAY, **ROWS)
    report = made(house)
    statistics = statistics_of(SCOPE, TODAY, house.lake)
    assert contradictions(report.key_figures, SCOPE, TODAY, house.lake, statistics) == []
    asset = section_asset("daily", "protocols")
    house.lake.write(asset, TODAY.key, house.lake.read(asset, TODAY.key).clear())
    found = contradictions(report.key_figures, SCOPE, TODAY, house.lake, statistics)
    assert found == ["protocols adds up to 0, total_connections is 3"]


def test_a_week_with_days_nobody_could_see_still_agrees_with_itself(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, **ROWS)
    house.count(day("2025-01-04"), "unreachable")
    report = made(house, period)
    statistics = statistics_of(SCOPE, period, house.lake)
    assert contradictions(report.key_figures, SCOPE, period, house.lake, statistics) == []


def test_the_figures_hash_changes_with_what_a_report_is_made_from(house: House) -> None:
    house.count(TODAY, **ROWS)
    first = made(house)
    assert first.figures_hash == made(house).figures_hash
    assert first.figures_hash == figures_hash(SCOPE, "Test", TODAY, house.lake)[:12]
    assert first.figures_hash != figures_hash(SCOPE, "Other", TODAY, house.lake)[:12]
    house.count(TODAY, alerts=ROWS["alerts"])
    assert made(house).figures_hash != first.figures_hash


def test_days_never_read_are_missing_not_zero(house: House) -> None:
    period = week("2024-12-30")
    house.count(TODAY, **ROWS)
    completeness = completeness_of(SCOPE, period, house.lake)
    assert completeness.height == len(READ) * 7
    unread = completeness.filter(status="not extracted")
    assert unread["day"].n_unique() == 6
    assert unread["rows"].null_count() == unread.height
    assert set(statistics_of(SCOPE, period, house.lake, {"alert_hours"})) == {"alert_hours"}


def test_a_day_that_is_counted_again_is_read_again(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, incidents=[{"occurred_at": utc("2025-01-02T11:00:00")}])
    assert statistics_of(SCOPE, period, house.lake)["incident_hours"]["incidents"].sum() == 1
    house.count(
        TODAY, incidents=[{"occurred_at": utc("2025-01-02T11:00:00")}, {"occurred_at": utc("2025-01-02T15:00:00")}]
    )
    assert statistics_of(SCOPE, period, house.lake)["incident_hours"]["incidents"].sum() == 2


def test_only_the_daily_report_has_hours_of_incidents(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, incidents=[{"occurred_at": utc(f"2025-01-02T{hour}:00:00")} for hour in (11, 15)])
    assert statistics_of(SCOPE, TODAY, house.lake)["incident_hours"].height == 2
    assert statistics_of(SCOPE, period, house.lake)["incident_hours"]["hour_at"].to_list() == [TODAY.window.start]


def test_only_what_is_configured_is_spoken_of() -> None:
    scope = Scope((("home", ("alerts", "devices")),))
    assert {section.about for section in scope.sections} == {"alerts", "devices", "quarantine", "receipts"}
    assert {statistic.table for statistic in scope.statistics} == {"alerts", "devices", "quarantine", "receipts"}
    assert {figure.about for figure in scope.figures} == {"alerts", "devices", "quarantine"}
    assert "alert_hours_of_week" not in {section.name for section in scope.sections_of("daily")}
    assert "alert_hours_of_week" in {section.name for section in scope.sections_of("weekly")}


def test_the_summary_takes_its_lists_from_the_sections(house: House) -> None:
    house.count(TODAY, **ROWS)
    facts = summary_facts(made(house))
    assert facts.figures["total_connections"] == 3
    assert facts.talkers is not None
    assert facts.talkers[0].name == "TV"
    assert facts.incident_severities["critical"] == 1
    house.count(TODAY, "unreachable")
    blind = summary_facts(made(house))
    assert blind.talkers is None
    assert blind.incident_severities == {}


def test_drafts_wait_beside_the_editions_and_earlier_ones_leave_the_lake(house: House) -> None:
    house.count(TODAY, **ROWS)
    assert render_files(FILE_ASSETS[0], made(house), house.editions).is_relative_to(house.editions / ".drafts")
    kept = sorted(house.lake.root.rglob("*"))
    earlier = house.lake.folder("daily/tables", TODAY.key) / "tables" / "alerts.csv"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("in clear")
    remove_earlier_drafts(house.lake.root)
    assert sorted(house.lake.root.rglob("*")) == kept


@pytest.mark.slow
def test_files_rendered_from_other_figures_are_not_put_together(house: House, tmp_path: Path) -> None:
    house.count(TODAY, **ROWS)
    for group in FILE_ASSETS:
        render_files(group, made(house), house.editions)
    house.count(TODAY, **ROWS | {"alerts": []})
    with pytest.raises(PublishingError, match="tables were not rendered from the figures as they are now"):
        edition_files(made(house), {"home": "iotsentinel"}, house.editions, tmp_path)


def test_an_edition_holds_every_file_and_is_made_the_same_again(house: House, tmp_path: Path) -> None:
    house.count(TODAY, **ROWS)
    editions = []
    for _ in range(2):
        report = made(house)
        for group in FILE_ASSETS:
            render_files(group, report, house.editions)
        with replacing_folder(draft_folder(house.editions, TODAY, "facts")) as folder:
            files, rows, about = edition_files(report, {"home": "iotsentinel"}, house.editions, folder)
            editions.append(publish(house.editions, TODAY, files, rows, about))
    assert [(edition.revision, edition.is_new) for edition in editions] == [(1, True), (1, False)]
    folder = editions[0].folder
    assert examined(folder).faults == ()
    expected = {"facts.json", "report.pdf", "report.html", "workbook.xlsx", "summary.txt", "tables/alert_trends.csv"}
    expected |= {"words.json", "preview.png"}
    assert expected | {"charts/alert_trends.svg", "charts/alert_trends.png"} <= set(editions[0].files)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    rows_of = {entry["name"]: entry["rows"] for entry in manifest["files"]}
    assert rows_of["tables/alert_severity.json"] == len(
        json.loads((folder / "tables/alert_severity.json").read_bytes())
    )
    assert manifest["sources"][0]["tables"][0]["status"] == "received"
    published = {fact["id"]: fact["value"] for fact in json.loads((folder / "facts.json").read_bytes())["facts"]}
    figures = from_table(house.lake.read("daily/key_figures", TODAY.key))
    assert published == {figure.id: figure.value for figure in figures}
