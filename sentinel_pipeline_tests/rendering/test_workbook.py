from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from sentinel_pipeline.rendering import workbook as rendering
from sentinel_pipeline.rendering.palette import SEVERITIES
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.spreadsheet import put_text
from sentinel_pipeline.rendering.workbook import render_workbook
from sentinel_pipeline.rendering.workbook_sheets import safe_name
from sentinel_pipeline.sections.section import Bars, Lines
from sentinel_pipeline_tests.rendering.hostile import shared_texts
from sentinel_pipeline_tests.rendering.worlds import (
    a_hostile_report,
    a_report,
    a_result,
    a_section,
    an_empty_report,
    awaiting,
)


def opened(report: Report) -> Any:
    return openpyxl.load_workbook(BytesIO(render_workbook(report)))


def rows(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(values_only=True))


def test_the_summary_says_what_the_report_is_and_how_its_figures_changed() -> None:
    report = a_report(revision=2)
    cells = rows(opened(report)["Summary"])
    facts = {row[0]: row[1] for row in cells if row[0]}
    assert facts["Organisation"] == "Example Ltd."
    assert facts["Interval"] == report.period.interval
    assert facts["Edition"] == "r2"
    figures = {row[0]: row[1:] for row in cells}
    assert figures["Incidents"][:3] == (462, 427, 35)
    assert figures["Block rate"][0] == pytest.approx(0.613)
    assert figures["Energy"][0] == "–"
    assert figures["Most common data type"][0] == "credit_card"


def test_there_is_a_sheet_for_every_section_and_for_completeness_and_method() -> None:
    report = a_report()
    titles = [result.section.title for result in report.sections]
    assert opened(report).sheetnames == ["Summary", *titles, "Data completeness", "Method and glossary"]


def test_two_readers_find_the_values_of_the_tables_in_the_cells() -> None:
    report = a_report()
    data = render_workbook(report)
    book, other = openpyxl.load_workbook(BytesIO(data)), CalamineWorkbook.from_filelike(BytesIO(data))
    for result in report.sections:
        width, height = result.table.width, result.table.height
        first = [row[:width] for row in rows(book[result.section.title])][1 : height + 1]
        second = [row[:width] for row in other.get_sheet_by_name(result.section.title).to_python()][1 : height + 1]
        for column, name in enumerate(result.table.columns):
            expected = [plain(value, report, name) for value in result.table[name].to_list()]
            assert [plain(row[column], report) for row in first] == expected
            assert [plain(row[column], report) or None for row in second] == [value or None for value in expected]


def plain(value: Any, report: Report, column: str = "") -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    if isinstance(value, datetime):
        return (value.astimezone(report.period.zone) if value.tzinfo else value).replace(tzinfo=None)
    if column == "percentage":
        return value / 100
    return value


def test_tables_have_a_frozen_head_a_filter_formats_and_the_zone_of_their_times() -> None:
    book = opened(a_report())
    sheet = book["Recent alerts"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet["A1"].value == "Raised (Europe/Berlin)"
    assert book["Severity distribution"]["C2"].number_format == "0.00%"
    assert book["Top talkers"]["D1"].value == "Sent (bytes)"


@pytest.mark.parametrize(
    ("name", "value", "written"), [("bytes", 2_348_542_659_786, "2,348,542,659,786"), ("cost", -1e8, "-100,000,000.00")]
)
def test_a_column_is_wide_enough_for_the_longest_of_its_numbers(name: str, value: float, written: str) -> None:
    result = a_result(a_section("talkers", title="Talkers"), pl.DataFrame({name: [type(value)(0)] * 300 + [value]}))
    sheet = opened(replace(a_report(), sections=(result,)))["Talkers"]
    assert sheet.column_dimensions["A"].width >= len(written)


def test_severities_wear_the_colours_of_the_house() -> None:
    rules = [
        (rule.formula[0], rule.dxf.fill.bgColor.rgb)
        for cells in opened(a_report())["Severity distribution"].conditional_formatting
        for rule in cells.rules
    ]
    assert rules == [(f'"{level}"', f"FF{look.fill[1:]}") for level, look in SEVERITIES.items()]


def test_charts_are_native_and_draw_the_cells_beside_them() -> None:
    report = a_report()
    with zipfile.ZipFile(BytesIO(render_workbook(report))) as parts:
        charts = [parts.read(name).decode() for name in parts.namelist() if "charts/chart" in name]
    kinds = [result.section.chart for result in report.sections if not result.table.is_empty()]
    assert len(charts) == sum(isinstance(kind, Bars | Lines) for kind in kinds)
    assert all("<c:f>" in chart for chart in charts)
    assert any("'Severity distribution'!$B$2:$B$7" in chart for chart in charts)


def test_a_chart_has_few_series_and_the_rest_as_other() -> None:
    report = a_hostile_report()
    (trend,) = [result for result in report.sections if result.section.name == "alert_trends"]
    sheet = opened(report)[trend.section.title]
    heads = [cell.value for cell in sheet[23]][trend.table.width + 2 :]
    assert len(heads) == 8
    assert heads[-1] == f"other ({trend.table.height - 7})"
    assert sum(cell.value for cell in sheet[24][trend.table.width + 2 :]) == trend.table["count"].sum()


def test_what_nobody_could_see_stays_empty_in_the_cells_of_a_chart() -> None:
    report = a_report()
    trend = report.sections[0]
    day = trend.table.with_columns(count=pl.when(pl.col("timestamp") > pl.col("timestamp").min()).then("count"))
    sheet = opened(replace(report, sections=(replace(trend, table=day),)))[trend.section.title]
    heads = [cell.value for cell in sheet[23]]
    assert heads[4:7] == ["Time (Europe/Berlin)", "critical", "high"]
    assert [cell.value for cell in sheet[24]][5:11] == [None] * 6
    assert None not in [cell.value for cell in sheet[25]][5:11]


def test_an_empty_table_is_a_head_and_a_sentence() -> None:
    sheet = opened(an_empty_report())["Top talkers"]
    assert [row[0] for row in rows(sheet)] == ["Address", "No events in this period"]


def test_a_section_with_nothing_to_compare_with_says_so_under_its_head() -> None:
    head, words = rows(opened(awaiting(a_report()))["New destinations"])
    assert head == ("Destination", "Connections")
    assert words[0] == "There is nothing to compare with yet: for the month before, connections were never read"


def test_a_failed_section_gives_its_reason_and_no_data() -> None:
    sheet = opened(a_report(failure="the database is gone"))["Top destinations"]
    assert rows(sheet) == [("This section could not be made: the database is gone",)]


def test_a_cut_sheet_says_where_all_rows_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "ROWS_PER_SECTION", 5)
    sheet = opened(a_report(rows=1200))["Top talkers"]
    assert sheet["A8"].value == "5 of 1,200 rows; all in tables/top_talkers.csv"
    assert sheet.auto_filter.ref == "A1:F6"


def test_nothing_in_a_hostile_workbook_is_a_formula_or_a_link() -> None:
    for texts in (None, shared_texts()):
        data = render_workbook(a_hostile_report(texts) if texts else a_hostile_report())
        with zipfile.ZipFile(BytesIO(data)) as parts:
            sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]
        book = openpyxl.load_workbook(BytesIO(data))
        assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
        assert len(CalamineWorkbook.from_filelike(BytesIO(data)).sheet_names) == len(book.sheetnames)


def test_the_file_names_no_clock_no_machine_and_no_folder() -> None:
    report = a_report()
    with zipfile.ZipFile(BytesIO(render_workbook(report))) as parts:
        assert {info.date_time for info in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        everything = b"".join(parts.read(name) for name in parts.namelist()).decode()
    assert set(re.findall(r"W3CDTF\">([^<]+)<", everything)) == {f"{report.period.window.end:%Y-%m-%dT%H:%M:%SZ}"}
    assert "/home" not in everything
    assert "/tmp" not in everything


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Alerts: by [device]/*", "Alerts by device"),
        ("'quoted'", "quoted"),
        ("History", "Sheet"),
        ("", "Sheet"),
        ("x" * 40, "x" * 31),
        ("Summary", "Summary 2"),
        ("A very long title of a section that repeats", "A very long title of a sectio 2"),
        ("smile 😀", "smile _"),
    ],
)
def test_a_sheet_has_a_name_that_a_spreadsheet_takes(title: str, name: str) -> None:
    assert safe_name(title, {"summary", "a very long title of a section"[:31], "a very long title of a section "}) in (
        name,
        "A very long title of a section",
    )


def test_sections_with_the_same_title_get_sheets_of_their_own() -> None:
    table = pl.DataFrame({"user": ["a"]})
    twins = tuple(
        a_result(a_section(f"twin_{n}", title="Users of the whole organisation, all"), table) for n in range(3)
    )
    names = opened(replace(a_report(), sections=twins)).sheetnames[1:4]
    assert len({name.casefold() for name in names}) == 3
    assert max(map(len, names)) <= 31


def test_bars_that_the_table_calls_unknown_are_told_apart_by_their_address() -> None:
    table = pl.DataFrame(
        {
            "device_ip": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
            "device_name": ["Unknown", "TV", "Unknown"],
            "alerts": [3, 2, 1],
        }
    )
    section = a_section("by_device", title="By device", chart=Bars("device_name", "alerts", otherwise="device_ip"))
    book = opened(replace(a_report(), sections=(a_result(section, table),)))
    sheet = book["By device"]
    assert [sheet.cell(row, 2).value for row in (2, 3, 4)] == ["Unknown", "TV", "Unknown"]
    [drawn] = sheet._charts
    category = drawn.series[0].cat
    places = (category.strRef or category.numRef).f.rpartition("!")[2].replace("$", "")
    assert [cell.value for (cell,) in sheet[places]] == ["10.0.0.1", "TV", "10.0.0.3"]


@pytest.mark.parametrize("text", ["<r></si><si></r>", "<r><t>x</t></r>", "<r></r>"])
def test_text_that_looks_like_markup_of_the_library_is_text(text: str) -> None:
    import xlsxwriter

    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        put_text(book.add_worksheet(), 0, 0, text)
    assert CalamineWorkbook.from_filelike(BytesIO(file.getvalue())).get_sheet_by_index(0).to_python() == [[text]]
    assert openpyxl.load_workbook(BytesIO(file.getvalue())).worksheets[0]["A1"].value == text
