from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.values import (
    change_word,
    shown_rows,
    written,
    written_change,
    written_figure,
    written_previous,
)
from sentinel_pipeline.sections.section import Bars
from sentinel_pipeline_tests.rendering.worlds import a_result, a_section, top_talkers

BERLIN = ZoneInfo("Europe/Berlin")


def figure(value: Any, previous: Any = None, unit: str = "", **more: Any) -> KeyFigure:
    if isinstance(value, int | float) and isinstance(previous, int | float):
        more.setdefault("change", value - previous)
        more.setdefault("change_percent", 100 * (value - previous) / previous if previous >= 10 else None)
    return KeyFigure("figure", "Figure", unit, value, "What it is.", previous, **more)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1234567, "count", "1,234,567"),
        (-1234, "count", "−1,234"),
        (12.345, "percent", "12.35 %"),
        (0.0, "percent", "0.00 %"),
        (-0.001, "decimal", "0.00"),
        (0, "bytes", "0 B"),
        (1023, "bytes", "1,023 B"),
        (1536, "bytes", "1.50 KB"),
        (2**20 - 1, "bytes", "1.00 MB"),
        (5 * 2**60, "bytes", "5.00 EB"),
        (12345.678, "megabytes", "12,345.68"),
        (Decimal("2.345"), "decimal", "2.34"),
        (443, "text", "443"),
        (8443, "text", "8443"),
        (None, "text", "–"),
        (float("nan"), "decimal", "–"),
        (float("inf"), "bytes", "–"),
        (True, "flag", "Yes"),
        (False, "flag", "No"),
        (["a", None, 2], "text", "a; –; 2"),
        (pl.Series(["x", "y"]), "text", "x; y"),
        ({"b": 1, "a": [2]}, "text", '{"a":[2],"b":1}'),
        (b"caf\xc3\xa9 \xff", "text", "café �"),
        (date(2026, 2, 3), "time", "2026-02-03"),
        ("critical", "severity", "critical"),
        ("", "text", ""),
    ],
)
def test_a_value_reads_like_this(value: object, kind: Kind, text: str) -> None:
    assert written(value, kind, BERLIN) == text


def test_a_time_is_told_in_the_zone_of_the_report_with_seconds_only_when_there_are_some() -> None:
    noon = datetime(2026, 1, 2, 11, 0, tzinfo=UTC)
    assert written(noon, "time", BERLIN) == "2026-01-02 12:00"
    assert written(noon.replace(second=5, microsecond=9), "time", BERLIN) == "2026-01-02 12:00:05"


def test_an_hour_that_the_clock_shows_twice_says_which_one_it_is() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert written(first, "time", BERLIN) == "2026-10-25 02:30 (+02:00)"
    assert written(first.replace(hour=1), "time", BERLIN) == "2026-10-25 02:30 (+01:00)"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@settings(deadline=None)
@given(
    st.one_of(
        st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.datetimes(timezones=st.just(UTC)), st.dates(),
        st.timedeltas(), st.decimals(), st.complex_numbers(), st.lists(st.floats()), st.sets(st.integers()),
    ),
    st.sampled_from(["text", "count", "bytes", "megabytes", "percent", "decimal", "time", "severity", "flag"]),
)  # fmt: skip
def test_no_value_is_too_strange_to_be_written(value: object, kind: Kind) -> None:
    assert isinstance(written(value, kind, BERLIN), str)


def test_even_a_value_that_cannot_be_text_is_written() -> None:
    assert written(Broken(), "text", BERLIN) == "(Broken)"
    assert written(10**5000, "count", BERLIN) == "(int)"


def test_a_figure_says_its_unit_and_whether_it_is_only_a_lower_bound() -> None:
    assert written_figure(figure(1234, unit="alerts")) == "1,234 alerts"
    assert written_figure(figure(1, unit="alerts")) == "1 alert"
    assert written_figure(figure(2, unit="kWh", is_lower_bound=True)) == "≥ 2 kWh"
    assert written_figure(figure(61.3, unit="%")) == "61.30 %"
    assert written_figure(figure(3 * 2**30, unit="bytes")) == "3.00 GB"
    assert written_figure(figure(31804.7, unit="MB")) == "31,804.70 MB"
    assert written_figure(figure("credit_card")) == "credit_card"


def test_an_unknown_figure_is_a_dash_and_never_zero() -> None:
    assert written_figure(figure(None, unit="kWh", is_lower_bound=True)) == "–"
    assert written_previous(figure(3)) == "–"
    assert written_change(figure(None, 3)) == written_change(figure(3, None)) == "–"
    assert change_word(figure(None, 3)) == "not comparable"


def test_a_change_is_told_in_counts_and_in_percent_where_that_means_something() -> None:
    assert written_change(figure(156, 144)) == "+12 (+8.3 %)"
    assert written_change(figure(12, 15)) == "−3 (−20 %)"
    assert written_change(figure(7, 4)) == "+3"
    assert written_change(figure(5, 0)) == "new (was 0)"
    assert written_change(figure(12, 12)) == "±0"
    assert written_change(figure(61.3, 58.2, "%")) == "+3.10 points"
    assert written_change(figure(2**21, 2**20, "bytes", change_percent=None)) == "+1.00 MB"


def test_a_changed_name_tells_what_it_was() -> None:
    assert written_change(figure("ssn", "credit_card")) == "was credit_card"
    assert change_word(figure("ssn", "ssn")) == "unchanged"


@pytest.mark.parametrize(
    ("value", "good", "word"),
    [
        (5, "down", "up, worse"),
        (5, "up", "up, better"),
        (1, "down", "down, better"),
        (1, None, "down"),
        (3, "up", "unchanged"),
    ],
)
def test_a_direction_says_whether_it_is_good(value: int, good: str | None, word: str) -> None:
    assert change_word(figure(value, 3, is_good_when=good)) == word


def test_a_cut_table_shows_what_is_left_out_and_adds_up() -> None:
    result = top_talkers(3412)
    shown = shown_rows(result, BERLIN)
    *rows, other, total = shown.rows
    assert (len(rows), shown.closing) == (10, 2)
    assert shown.note == "10 of 3,412, all in tables/top_talkers.csv"
    assert (other[0], total[0]) == ("other (3,402)", "total")
    for column in (shown.columns.index("connections"), shown.columns.index("data_mb")):
        printed = [Decimal(row[column].replace(",", "")) for row in (*rows, other)]
        assert sum(printed) == Decimal(total[column].replace(",", ""))


def test_a_table_that_is_not_cut_has_a_total_and_no_note() -> None:
    shown = shown_rows(top_talkers(4), BERLIN)
    assert (shown.note, shown.closing, len(shown.rows)) == (None, 1, 5)
    assert shown.rows[-1][0] == "total"


def test_totals_skip_what_is_not_known() -> None:
    section = a_section("protocols", shown=1, totals=("bytes",))
    table = pl.DataFrame({"protocol": ["tcp", "udp", None], "bytes": [5, None, 7]})
    assert shown_rows(a_result(section, table), BERLIN).rows[1:] == (("other (2)", "7 B"), ("total", "12 B"))
    unknown = table.with_columns(bytes=pl.lit(None, pl.Int64))
    assert shown_rows(a_result(section, unknown), BERLIN).rows[-1] == ("total", "–")


def test_a_table_left_to_its_chart_only_points_to_the_file() -> None:
    section = a_section("alert_trends", shown=0, totals=("count",))
    shown = shown_rows(a_result(section, pl.DataFrame({"count": [1] * 1200})), BERLIN)
    assert (shown.rows, shown.note) == ((), "All 1,200 rows: tables/alert_trends.csv")


def test_an_empty_table_has_labels_and_nothing_else() -> None:
    shown = shown_rows(top_talkers(0), BERLIN)
    assert (shown.rows, shown.note, shown.labels[0]) == ((), None, "Address")


def test_what_no_row_has_and_the_one_source_of_all_are_left_to_the_file() -> None:
    table = pl.DataFrame(
        {"rule": ["a", "b"], "note": [None, None], "count": [1, None], "source": ["hub", "hub"]},
        schema_overrides={"note": pl.String},
    )

    def columns(frame: pl.DataFrame, topic: str = "automation") -> tuple[str, ...]:
        return shown_rows(a_result(a_section("rules", topic=topic), frame), BERLIN).columns

    assert columns(table) == ("rule", "count")
    assert columns(table.with_columns(source=pl.Series(["hub", "attic"]))) == ("rule", "count", "source")
    assert columns(table, "method") == ("rule", "count", "source")
    assert columns(table.with_columns(count=None, note=pl.lit("x"))) == ("rule", "note", "count")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["Cards", "Cloud"], ("policy_name", "count")),
        (["Cards", "Cards"], ("policy_id", "policy_name", "count")),
        (["Cards", "Unknown"], ("policy_id", "policy_name", "count")),
        (["Cards", None], ("policy_id", "policy_name", "count")),
    ],
)
def test_a_hidden_id_is_shown_where_names_do_not_tell_rows_apart(names: list[str | None], columns: tuple[str]) -> None:
    table = pl.DataFrame({"policy_id": ["1", "2"], "policy_name": names, "count": [2, 1]})
    chart = Bars("policy_name", "count", otherwise="policy_id")
    section = replace(a_section("policy_violations", chart), hidden=("policy_id",))
    assert shown_rows(a_result(section, table), BERLIN).columns == columns


def test_a_hidden_currency_is_shown_where_there_are_several() -> None:
    table = pl.DataFrame({"device_ip": ["a", "b"], "cost": [1.0, 2.0], "currency": ["EUR", "USD"], "unit": ["x", "y"]})
    section = replace(a_section("energy_by_device"), hidden=("currency", "unit"))
    assert shown_rows(a_result(section, table), BERLIN).columns == ("device_ip", "cost", "currency")
    assert shown_rows(a_result(section, table.head(1)), BERLIN).columns == ("device_ip", "cost")
