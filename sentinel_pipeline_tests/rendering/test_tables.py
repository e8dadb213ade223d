from __future__ import annotations

import csv
import json
import string
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from sentinel_pipeline.rendering import long_sheets, spreadsheet
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMAT, FORMATS, rounded, to_csv, to_json
from sentinel_pipeline_tests.rendering.hostile import FORMULA_STARTS, shared_texts
from sentinel_pipeline_tests.rendering.worlds import HOSTILE

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(data.decode(), newline=""), strict=True))


def texts(*values: str | None) -> pl.DataFrame:
    return pl.DataFrame({"user": list(values)}, schema={"user": pl.String})


def cells_of(*values: str) -> list[str]:
    return [row[0] for row in read(to_csv(texts(*values).with_columns(count=1), BERLIN))[1:]]


def test_writing_a_csv_leaves_polars_as_it_was(tmp_path: Path) -> None:
    before = pl.Config.state()
    FORMAT["csv"].write(pl.LazyFrame({"n": range(20_000)}), tmp_path / "a.csv", Spelling(BERLIN))
    assert pl.Config.state() == before
    assert (tmp_path / "a.csv").read_text().split() == ["n", *map(str, range(20_000))]


def test_a_csv_has_crlf_a_header_and_as_few_quotes_as_possible() -> None:
    table = pl.DataFrame({"user": ["a", "b,c", 'd"e', None, ""], "count": [1, 2, None, 4, 5]})
    assert to_csv(table, BERLIN) == b'user,count\r\na,1\r\n"b,c",2\r\n"d""e",\r\n,4\r\n"",5\r\n'


def test_an_empty_table_still_has_its_header() -> None:
    assert to_csv(texts(), BERLIN) == b"user\r\n"
    assert to_json(texts(), BERLIN) == b"[]\n"
    assert to_csv(pl.DataFrame(), BERLIN) == b""


def test_times_carry_the_offset_of_the_zone_and_microseconds_only_when_there_are_some() -> None:
    winter = datetime(2026, 1, 1, 23, 30, 0, 1000, tzinfo=UTC)
    table = pl.DataFrame({"timestamp": [NOON, winter, None]}, schema={"timestamp": pl.Datetime("us", "UTC")})
    expected = ["2026-07-01T12:00:00+02:00", "2026-01-02T00:30:00.001000+01:00"]
    assert to_csv(table, BERLIN).decode().split("\r\n") == ["timestamp", *expected, "", ""]
    assert [row["timestamp"] for row in json.loads(to_json(table, BERLIN))] == [*expected, None]


def test_numbers_stay_numbers_and_are_never_written_with_an_exponent() -> None:
    table = pl.DataFrame({"decimal": [-5.0, 1e-7, 1e21, 0.1 + 0.2, float("nan"), float("-inf")]})
    rows = [row[0] for row in read(to_csv(table.with_columns(count=-5), BERLIN))[1:]]
    assert [float(row) for row in rows[:4]] == table["decimal"].to_list()[:4]
    assert not set("".join(rows)) - set(string.digits + ".-")
    assert rows[4:] == ["", ""]


def test_flags_lists_and_structures_fit_into_a_cell() -> None:
    table = pl.DataFrame({"is_on": [True, None], "labels": [["b", None, "a"], []], "more": [{"x": 1}, None]})
    assert read(to_csv(table, BERLIN))[1:] == [["true", "b;a", '{"x":1}'], ["", "", ""]]


@pytest.mark.parametrize("start", [*FORMULA_STARTS, " =", "\u00a0@", "\x00=", "\ufeff-", "\u200b+", "\x0b="])
def test_text_that_would_start_a_formula_gets_an_apostrophe(start: str) -> None:
    assert cells_of(f"{start}1+1")[0].startswith("'")


@pytest.mark.parametrize("text", ["plain", " space", "a=b", "'=x", "192.168.1.1", "–dash", "", "x\ty"])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert cells_of(text) == [text]


def test_formulas_hidden_in_lists_and_levels_are_inert_too() -> None:
    level = pl.Series("level", ["=1", "a"], dtype=pl.Enum(["=1", "a"]))
    table = pl.DataFrame([pl.Series("labels", [["=cmd", "x"], ["y"]]), level])
    assert read(to_csv(table, BERLIN))[1:] == [["'=cmd;x", "'=1"], ["y", "a"]]


def test_hostile_texts_come_back_as_they_were_but_for_the_apostrophe() -> None:
    values = shared_texts()
    for value, cell in zip(values, cells_of(*values), strict=True):
        assert not cell.lstrip().startswith(FORMULA_STARTS)
        assert cell.removeprefix("'") == value.replace("\0", "␀").removeprefix("'")


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=8))
def test_any_text_survives_python_and_polars(values: list[str]) -> None:
    cells = cells_of(*values)
    again = pl.read_csv(BytesIO(to_csv(texts(*values).with_columns(count=1), BERLIN)), infer_schema=False)
    assert [cell.removeprefix("'") for cell in cells] == [v.replace("\0", "␀").removeprefix("'") for v in values]
    assert [cell or "" for cell in again["user"].to_list()] == cells


def test_json_is_strict_and_keeps_types_and_the_order_of_columns() -> None:
    table = pl.DataFrame(
        {
            "b": ["=1\0"],
            "a": [float("inf")],
            "n": [None],
            "flag": [True],
            "labels": [["x", None]],
            "more": [{"t": NOON}],
        }
    )
    line = (
        b'{"b":"=1\\u0000","a":null,"n":null,"flag":true,"labels":["x",null],"more":{"t":"2026-07-01T12:00:00+02:00"}}'
    )
    assert to_json(table, BERLIN) == b"[\n" + line + b"\n]\n"


def test_an_integer_that_other_readers_would_round_is_text() -> None:
    values = [2**53, 2**53 + 1, -(2**53) - 1, None, 7]
    expected = [2**53, "9007199254740993", "-9007199254740993", None, 7]
    table = pl.DataFrame({"count": values, "nested": [[value] for value in values]})
    rows = json.loads(to_json(table, BERLIN))
    assert [row["count"] for row in rows] == expected
    assert [row["nested"][0] for row in rows] == expected


def mixed(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user": [None if n % 7 == 0 else f"=user {n}" for n in range(rows)],
            "count": [n * 10**12 for n in range(rows)],
            "score": [n / 3 if n % 5 else None for n in range(rows)],
            "amount": [Decimal(n) / 4 for n in range(rows)],
            "is_on": [n % 2 == 0 for n in range(rows)],
            "at": [NOON.replace(microsecond=n * 1000 % 10**6) for n in range(rows)],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )


def test_every_number_is_the_same_in_every_format(tmp_path: Path) -> None:
    table = mixed(100)
    for form in FORMATS:
        assert form.write(table.lazy(), tmp_path / f"out{form.suffix}", Spelling(BERLIN)) == 100
    rows = json.loads((tmp_path / "out.json").read_bytes())
    lines = (tmp_path / "out.ndjson").read_bytes().splitlines()
    assert [json.loads(line) for line in lines] == rows
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    cells = list(sheet.iter_rows(min_row=2, values_only=True))
    text = read((tmp_path / "out.csv").read_bytes())[1:]
    for column, name in enumerate(("count", "score", "amount"), start=1):
        expected = [None if value is None else float(value) for value in table[name].to_list()]
        assert [row[name] for row in rows] == expected
        assert [row[column] for row in cells] == expected
        assert [float(row[column]) if row[column] else None for row in text] == expected
    assert pl.read_parquet(tmp_path / "out.parquet").equals(table)


def test_writing_to_a_file_and_to_bytes_is_the_same(tmp_path: Path) -> None:
    table = mixed(50)
    FORMAT["csv"].write(table.lazy(), tmp_path / "a.part", Spelling(BERLIN))
    FORMAT["json"].write(table.lazy(), tmp_path / "b.part", Spelling(BERLIN))
    assert (tmp_path / "a.part").read_bytes() == to_csv(table, BERLIN)
    assert (tmp_path / "b.part").read_bytes() == to_json(table, BERLIN)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_table_without_rows_is_a_file_with_its_columns(form: Any, tmp_path: Path) -> None:
    path = tmp_path / f"empty{form.suffix}"
    assert form.write(mixed(0).lazy(), path, Spelling(BERLIN)) == 0
    assert path.stat().st_size > 0 or form.name == "ndjson"


def exported(table: pl.DataFrame, path: Path) -> bytes:
    FORMAT["xlsx"].write(table.lazy(), path, Spelling(BERLIN))
    return path.read_bytes()


def test_hostile_text_in_a_spreadsheet_is_text_in_two_readers(tmp_path: Path) -> None:
    values = [*HOSTILE, "_x0041_", "line\r\nbreak", " lead and trail ", "https://example.org"]
    data = exported(texts(*values), tmp_path / "hostile.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(data)).worksheets[0]
    ours = [spreadsheet.cell_text(value) for value in values]
    for row, value in enumerate(ours, start=2):
        cell = sheet.cell(row, 1)
        assert cell.data_type in ("s", "inlineStr", "n")
        assert str(cell.value or "").replace("_x005F_", "_") == value
        assert cell.hyperlink is None
    other = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in other[1:]] == ours
    assert b"<f>" not in data


def test_a_long_export_goes_on_in_numbered_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_sheets, "ROWS_PER_SHEET", 4)
    data = exported(mixed(10), tmp_path / "long.xlsx")
    book = openpyxl.load_workbook(BytesIO(data))
    assert book.sheetnames == ["Rows 1", "Rows 2", "Rows 3"]
    assert [sheet.max_row for sheet in book.worksheets] == [5, 5, 3]
    counts = [row[1] for sheet in book.worksheets for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert counts == mixed(10)["count"].to_list()


def test_a_cell_too_long_for_a_spreadsheet_is_cut_with_a_mark(tmp_path: Path) -> None:
    data = exported(texts("x" * 40_000, "😀" * 20_000, "y" * 32_767), tmp_path / "cut.xlsx")
    long, wide, whole = (
        str(row[0]) for row in CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()[1:]
    )
    assert long.endswith("x… [cut, 40,000 characters]")
    assert wide.endswith("😀… [cut, 20,000 characters]")
    assert max(len(text.encode("utf-16-le")) // 2 for text in (long, wide)) <= 32_767
    assert whole == "y" * 32_767


def test_times_in_a_spreadsheet_are_wall_time_and_the_header_says_where(tmp_path: Path) -> None:
    old = datetime(1899, 1, 1, tzinfo=UTC)
    table = pl.DataFrame({"started_at": [NOON, None, old]}, schema={"started_at": pl.Datetime("us", "UTC")})
    sheet = openpyxl.load_workbook(BytesIO(exported(table, tmp_path / "t.xlsx"))).worksheets[0]
    head, noon, nothing, before = (row[0].value for row in sheet.iter_rows())
    assert (head, noon, nothing) == ("started_at (Europe/Berlin)", datetime(2026, 7, 1, 12, 0), None)  # noqa: DTZ001 - cells have no zone
    assert before == "1899-01-01 01:00:00"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:A4")


def test_an_integer_too_wide_for_a_spreadsheet_is_text(tmp_path: Path) -> None:
    data = exported(pl.DataFrame({"id": [2**53 + 1, 2**53]}), tmp_path / "wide.xlsx")
    values = [
        row[0] for row in openpyxl.load_workbook(BytesIO(data)).worksheets[0].iter_rows(min_row=2, values_only=True)
    ]
    assert values == ["9007199254740993", 2**53]


def test_habits_of_csv(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": ["x;y", "=1"], "b": [2.5, -1.0]})
    spelling = Spelling(BERLIN, decimals=2, has_header=False, delimiter=";", has_bom=True)
    FORMAT["csv"].write(table.lazy(), tmp_path / "a.csv", spelling)
    assert (tmp_path / "a.csv").read_bytes() == b'\xef\xbb\xbf"x;y";2.50\r\n\'=1;-1.00\r\n'


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.125, 2, 0.12),
        (0.375, 2, 0.38),
        (2.5, 0, 2.0),
        (-0.001, 2, 0.0),
        (1e300, 2, 1e300),
        (123456.789, 1, 123456.8),
    ],
)
def test_reals_are_rounded_half_to_even_and_never_to_a_negative_zero(
    value: float, decimals: int, expected: float
) -> None:
    frame = rounded(pl.LazyFrame({"real": [value, None], "count": [7, 8]}), decimals).collect()
    assert frame["real"].to_list() == [expected, None]
    assert str(frame["real"][0]) == str(expected)
    assert frame["count"].to_list() == [7, 8]
    assert rounded(pl.LazyFrame({"real": [value]}), None).collect()["real"][0] == value


def test_text_that_looks_like_markup_of_a_spreadsheet_is_text(tmp_path: Path) -> None:
    values = ["<r><t>x</t></r>", "_x0041_x0042_", "]]>", "&lt;&#65;", "</t></is></c>", "a\nb", "\ta ", "_x00e9_"]
    data = exported(texts(*values), tmp_path / "a.xlsx")
    other = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in other[1:]] == values


def test_a_wide_table_has_its_columns_in_their_places(tmp_path: Path) -> None:
    table = pl.DataFrame({f"c{number}": [number] for number in range(760)})
    sheet = openpyxl.load_workbook(BytesIO(exported(table, tmp_path / "a.xlsx"))).worksheets[0]
    assert [cell.value for cell in sheet[2]] == list(range(760))
    assert sheet.cell(2, 760).coordinate == "ACF2"
