"""Charts say what the table says, in every form, whatever the data."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageColor
from pypdf import PdfReader

from sentinel_pipeline.domain.period import CustomPeriod
from sentinel_pipeline.rendering.chart_times import clock_changes, offsets, ticks, time_grid, unusual_hours
from sentinel_pipeline.rendering.charts import FILE_FORMS, Form, alt_text, bound, draw, draw_files, page_chart
from sentinel_pipeline.rendering.palette import SEVERITIES
from sentinel_pipeline.rendering.report import Report, SectionResult
from sentinel_pipeline.rendering.scales import value_ticks
from sentinel_pipeline.rendering.sparklines import sparkline, strokes
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.rendering import worlds
from sentinel_pipeline_tests.rendering.worlds import a_hostile_report, a_period, a_report, a_section, an_empty_report


def svg_text(result: SectionResult, cadence: str = "daily") -> str:
    """All words an SVG shows."""
    drawn = draw(result, a_period(cadence), "svg")
    assert drawn is not None
    return " ".join(ElementTree.fromstring(drawn).itertext())


@pytest.mark.parametrize("cadence", ["daily", "weekly", "monthly"])
def test_every_section_with_a_chart_is_drawn(cadence: str) -> None:
    report = a_report(cadence)
    for result in report.sections:
        assert set(draw_files(result, report.period)) == (set(FILE_FORMS) if result.section.chart else set())


@pytest.mark.parametrize("report", [a_report("daily"), a_report("monthly"), a_hostile_report()])
def test_every_section_with_a_chart_is_a_page_of_a_document(report: Report) -> None:
    charts = [page_chart(result, report.period) for result in report.sections]
    assert [chart is None for chart in charts] == [result.section.chart is None for result in report.sections]
    drawn = [chart for chart in charts if chart is not None]
    assert len(PdfReader(BytesIO(bound(drawn))).pages) == len(drawn)


def test_a_failed_section_has_no_chart() -> None:
    result = replace(worlds.top_talkers(), failure="source is gone")
    assert draw(result, a_period(), "svg") is None


def test_the_title_states_the_finding_and_the_subtitle_measure_and_zone() -> None:
    words = svg_text(worlds.top_talkers())
    assert "Living room TV 0 moved more data" in words
    assert "Data (MB) by device" in words
    assert "Europe/Berlin, UTC+01:00" in words
    assert "Source: tables/top_talkers.csv" in words


def test_bars_print_their_values_and_how_many_were_left_out() -> None:
    words = svg_text(worlds.top_talkers(40))
    assert "10,490.42" in words
    assert "10 of 40 drawn" in words


@pytest.mark.parametrize("values", [[2**62, 5], [-5], [-5.0, -3.0], [5e-324], [1e15, 1.0]])
def test_the_largest_and_the_smallest_bars_are_drawn(values: list[float]) -> None:
    table = pl.DataFrame({"device_name": [f"device {n}" for n in range(len(values))], "data_mb": values})
    words = svg_text(worlds.a_result(a_section("top_talkers", Bars("device_name", "data_mb")), table))
    assert "device 0" in words


def test_severities_keep_their_order_and_are_words() -> None:
    words = svg_text(worlds.severity_distribution((1, 2, 3, 4, 5, 6)))
    assert words.index("Critical") < words.index("High") < words.index("Unknown")


def test_a_heat_map_prints_every_value_and_a_gap_as_a_gap() -> None:
    words = svg_text(worlds.busy_hours(lambda day, hour: None if hour == 3 else 100 + day * 24 + hour))
    assert all(str(100 + day * 24 + hour) in words for day in range(7) for hour in range(24) if hour != 3)
    assert words.count("–") >= 7


@pytest.mark.parametrize("change", [0, 0.2])
def test_prices_in_a_heat_map_are_never_added(change: float) -> None:
    """A price of nothing is a price, and one below zero too."""
    rows = [("Mon", 0, 0.1234 - change), ("Mon", 1, None), ("Mon", 2, change - 0.1234)]
    table = pl.DataFrame(rows, schema={"weekday": pl.String, "hour": pl.Int64, "price": pl.Float64}, orient="row")
    result = worlds.a_result(a_section("grid", HeatMap("weekday", "hour", "price")), table)
    words = svg_text(result)
    shown = (".077", "−.077") if change else (".123", "−.123")
    assert all(price in words for price in shown)
    assert "n = 2" in words
    assert "in all" not in alt_text(result)
    empty = svg_text(replace(result, table=table.clear()))
    assert "No data received in this period" in empty


@pytest.mark.parametrize("result", an_empty_report().sections, ids=lambda result: result.section.name)
def test_an_empty_period_says_so_instead_of_drawing_axes(result: SectionResult) -> None:
    assert "No events in this period" in svg_text(result)


def test_nothing_known_is_not_nothing_happened() -> None:
    trend = worlds.severity_trend(a_period())
    unknown = replace(trend, table=trend.table.with_columns(count=pl.lit(None, pl.Int64)))
    assert "No data received in this period" in svg_text(unknown)


def test_many_series_are_drawn_as_the_largest_and_the_rest() -> None:
    at = a_period().window.start
    rows = [(at, f"type {n}", 100 - n) for n in range(20)]
    table = pl.DataFrame(rows, schema=worlds.TREND, orient="row")
    words = svg_text(worlds.a_result(a_section("by_type", Lines("timestamp", ("count",), "series")), table))
    assert "type 0" in words
    assert "other (15)" in words
    assert "n = 1,810" in words


def test_a_day_of_twenty_five_hours_has_twenty_five_buckets_and_a_mark() -> None:
    period = a_period(first=date(2026, 10, 25))
    grid = time_grid(pl.Series([period.window.start]), period)
    assert len(grid.starts) == 25
    assert clock_changes(grid) == [(2.5, "clock −1 h")]
    assert offsets(period) == "Europe/Berlin, UTC+02:00 → UTC+01:00"
    assert unusual_hours(period) == "The clock was changed: 25 hours instead of 24."


def test_half_an_hour_of_clock_change_is_marked() -> None:
    period = a_period(first=date(2026, 10, 4), zone="Australia/Lord_Howe")
    assert [words for _, words in clock_changes(time_grid(pl.Series([period.window.start]), period))] == [
        "clock +0.5 h"
    ]


@pytest.mark.parametrize(("days", "first", "number"), [(31, "1\nSa", 31), (60, "3\nMar", 9), (366, "1\nMar", 13)])
def test_of_many_days_only_weeks_or_months_are_labelled(days: int, first: str, number: int) -> None:
    period = CustomPeriod("custom", date(2025, 3, 1), BERLIN, days)
    positions, labels = ticks(time_grid(pl.Series(period.day_starts), period))
    assert (labels[0], len(labels), len(positions)) == (first, number, number)


def test_labels_of_the_hours_are_local() -> None:
    period = a_period(zone="Asia/Kolkata")
    positions, labels = ticks(time_grid(pl.Series([datetime(2026, 10, 28, tzinfo=UTC)]), period))
    assert labels[0] == "00:00"
    assert period.hour_starts[positions[1]].astimezone(ZoneInfo("Asia/Kolkata")).hour == 3


@pytest.mark.parametrize("form", FILE_FORMS)
def test_hostile_data_is_drawn_in_every_form(form: Form) -> None:
    report = a_hostile_report()
    for result in report.sections:
        drawn = draw(result, report.period, form)
        if form == "svg" and drawn is not None:
            assert b"<script" not in drawn
            assert not [e for e in ElementTree.fromstring(drawn).iter() if e.tag.endswith(("script", "image", "}a"))]


def test_dollar_signs_are_no_formula() -> None:
    table = pl.DataFrame({"user": ["$x^2$ and \\frac{1}{2}"], "incident_count": [3]})
    words = svg_text(worlds.a_result(a_section("top_violators_by_user", Bars("user", "incident_count")), table))
    assert "$x^2$ and \\frac{1}{2}" in words


def test_scripts_our_font_lacks_stay_text_in_svg() -> None:
    table = pl.DataFrame({"user": ["漢字"], "incident_count": [3]})
    words = svg_text(worlds.a_result(a_section("top_violators_by_user", Bars("user", "incident_count")), table))
    assert "漢字" in words


def test_alt_text_has_the_finding_and_key_numbers() -> None:
    words = alt_text(worlds.severity_distribution((14, 61, 120, 230, 33, 4)))
    assert "Three of a hundred incidents were critical." in words
    assert "low 230, medium 120, high 61, info 33, critical 14, unknown 4" in words


def test_svg_carries_its_words_for_who_cannot_see_it() -> None:
    result = worlds.top_talkers()
    drawn = draw(result, a_period(), "svg")
    assert drawn is not None
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == result.finding
    assert root.findtext("{http://www.w3.org/2000/svg}desc") == alt_text(result)


def test_png_is_a_small_palette_picture_with_its_description() -> None:
    drawn = draw(worlds.busy_hours(), a_period(), "png")
    assert drawn is not None
    with Image.open(BytesIO(drawn)) as image:
        assert image.mode == "P"
        assert image.width >= 1000
        assert "Heat map" in str(image.info["Description"])
    assert len(drawn) < 100_000


def test_the_few_colours_of_a_png_keep_the_paper_white_and_every_level_its_colour() -> None:
    drawn = draw(worlds.severity_distribution(), a_period(), "png")
    assert drawn is not None
    with Image.open(BytesIO(drawn)) as image:
        coloured = image.convert("RGB")
    assert coloured.getpixel((0, 0)) == (255, 255, 255)
    planes = sorted(coloured.getcolors() or (), reverse=True)[: len(SEVERITIES) + 4]
    shown = [np.array(colour) for _, colour in planes]
    for swatch in SEVERITIES.values():
        assert min(np.abs(colour - ImageColor.getrgb(swatch.fill)).max() for colour in shown) <= 2, swatch


def test_value_axes_begin_at_zero_and_bytes_have_round_steps() -> None:
    assert [label for _, label in value_ticks(3.6 * 2**30, "bytes")] == ["0 GB", "1 GB", "2 GB", "3 GB", "4 GB"]
    assert value_ticks(1, "count") == [(0, "0"), (1, "1")]


def test_a_sparkline_leaves_gaps_open() -> None:
    assert [len(stroke) for stroke in strokes((1, 2, None, 3), 90, 10)] == [2, 1]
    assert strokes((None, None), 90, 10) == []
    assert "polyline" in sparkline((1, 2, 3))


def test_importing_rendering_loads_no_heavy_library() -> None:
    script = (
        "import sys, pkgutil, importlib, sentinel_pipeline.rendering as room\n"
        "for module in pkgutil.iter_modules(room.__path__): importlib.import_module(f'{room.__name__}.{module.name}')\n"
        "print([name for name in ('matplotlib', 'reportlab', 'pikepdf', 'fontTools', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
