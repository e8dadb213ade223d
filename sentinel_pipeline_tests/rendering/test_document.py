"""The PDF says everything the report says, stays on its pages, and is the same file on every machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from html import unescape
from io import BytesIO
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pikepdf
import polars as pl
import pytest
from pypdf import PdfReader

from sentinel_pipeline.rendering.blocks import Text
from sentinel_pipeline.rendering.document import render_pdf
from sentinel_pipeline.rendering.grids import Grid, grid
from sentinel_pipeline.rendering.html import render_html
from sentinel_pipeline.rendering.pictures import Beside, Column, Picture
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.sheets import every
from sentinel_pipeline.rendering.story import story
from sentinel_pipeline.rendering.values import shown_rows, written_figure
from sentinel_pipeline.sections.section import Bars
from sentinel_pipeline_tests.rendering.papers import lost_characters, run, squeezed
from sentinel_pipeline_tests.rendering.test_fonts import adversarial_files
from sentinel_pipeline_tests.rendering.worlds import (
    HOSTILE,
    a_hostile_report,
    a_report,
    a_result,
    a_section,
    an_empty_report,
    awaiting,
)

MAKERS: dict[str, Callable[[], Report]] = {
    "daily": a_report,
    "weekly": lambda: a_report("weekly"),
    "monthly": lambda: a_report("monthly", rows=3_412),
    "empty": an_empty_report,
    "hostile": a_hostile_report,
}
DIGEST = (
    "import hashlib, sentinel_pipeline_tests.rendering.worlds as w\n"
    "from sentinel_pipeline.rendering.document import render_pdf\n"
    "from sentinel_pipeline.rendering.charts import draw\n"
    "hostile = w.a_hostile_report(); result = w.top_talkers()\n"
    "files = [render_pdf(w.a_report('weekly')), render_pdf(hostile)]\n"
    "files += [draw(result, hostile.period, form) for form in ('svg', 'png', 'pdf')]\n"
    "print([hashlib.sha256(file).hexdigest() for file in files])"
)


@cache
def printed(name: str) -> bytes:
    return render_pdf(MAKERS[name]())


@pytest.fixture(params=MAKERS)
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A report of each kind as a file."""
    file = tmp_path / f"{request.param}.pdf"
    file.write_bytes(printed(request.param))
    return file


def text_of(report: Report, folder: Path) -> str:
    return text_in(render_pdf(report), folder)


def text_in(document: bytes, folder: Path) -> str:
    file = folder / "document.pdf"
    file.write_bytes(document)
    return run("pdftotext", "-layout", file, "-")


def numbers_of(report: Report) -> Iterable[str]:
    """Every number that should stand on paper."""
    for figure in report.key_figures:
        yield written_figure(figure)
    for result in report.sections:
        if result.section.shown != 0:
            yield from chain.from_iterable(shown_rows(result, report.period.zone).rows)


def test_the_structure_of_the_file_is_sound(paper: Path) -> None:
    run("qpdf", "--check", paper)


def test_every_font_is_embedded_and_maps_to_text(paper: Path) -> None:
    fonts = run("pdffonts", paper).splitlines()[2:]
    assert fonts
    assert all(re.search("DejaVuSans|SentinelCJK", font) and "yes yes yes" in font for font in fonts)


def test_nothing_leaves_the_page(paper: Path) -> None:
    boxes = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', words_of(paper))
    assert boxes
    for left, top, right, bottom in (map(float, box) for box in boxes):
        assert left >= 41
        assert right <= 595.28 - 41
        assert top >= 15
        assert bottom <= 841.89 - 15


def words_of(paper: Path) -> str:
    """Words with their boxes; those a tool finds empty are left out."""
    return "\n".join(line for line in run("pdftotext", "-bbox", paper, "-").splitlines() if "<word" in line)


@pytest.mark.parametrize("cadence", ["weekly", "monthly"])
def test_every_number_is_in_the_text(cadence: str, tmp_path: Path) -> None:
    report = MAKERS[cadence]()
    text = squeezed(text_in(printed(cadence), tmp_path))
    cells = [cell for cell in numbers_of(report) if any(map(str.isdigit, cell)) and " " not in cell]
    assert len(cells) > 50
    assert [cell for cell in cells if squeezed(cell) not in text] == []


def test_a_chart_is_searchable_text(tmp_path: Path) -> None:
    text = text_in(printed("weekly"), tmp_path)
    assert "Alerts by weekday and hour" in text
    assert "n = 1,849" in text


def test_the_first_page_says_who_what_and_when(tmp_path: Path) -> None:
    text = text_of(a_report(first=date(2026, 10, 25), revision=3), tmp_path).split("\f")[0]
    for words in (
        "Example Ltd.",
        "Daily security report",
        "Sunday 25 October 2026",
        "2026-10-25T00:00:00+02:00/2026-10-26T00:00:00+01:00",
        "25 hours instead of 24",
        "Edition r3 · figures 0f1e2d3c4b5a",
        "five more critical ones",
        "up, worse",
        "Data complete",
        "page 1 of",
    ):
        assert words in text


def test_the_contents_name_the_right_pages(tmp_path: Path) -> None:
    pages = text_in(printed("monthly"), tmp_path).split("\f")
    entry = re.search(r"Annex: data files\W*(\d+)", pages[0])
    assert entry is not None
    assert "Annex: data files" in pages[int(entry[1]) - 1]


def test_an_incomplete_period_is_marked_on_the_first_page(tmp_path: Path) -> None:
    first = text_of(a_report(complete=False), tmp_path).split("\f")[0]
    assert "Data not complete" in first
    assert "energy readings: unreachable" in first


def test_a_failed_section_gives_its_reason(tmp_path: Path) -> None:
    text = text_of(a_report(failure="energy.db is locked"), tmp_path)
    assert "This section could not be made" in text
    assert "energy.db is locked" in text


def test_a_section_with_nothing_to_compare_with_neither_failed_nor_was_quiet(tmp_path: Path) -> None:
    text = " ".join(text_of(awaiting(a_report()), tmp_path).split())
    assert "There is nothing to compare with yet: for the month before, connections were never read" in text
    assert "could not be made" not in text
    assert "No events in this period" not in text
    assert re.search(r"new_destinations not yet", text)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    text = text_in(printed("monthly"), tmp_path)
    assert "10 of 3,412, all in tables/top_talkers.csv" in text
    assert "other (3,402)" in text


def test_an_endless_table_is_cut_with_a_note(tmp_path: Path) -> None:
    table = pl.DataFrame({"user": [f"user {n}" for n in range(50_000)]})
    report = replace(a_report("weekly"), sections=(a_result(a_section("everybody"), table),))
    text = text_of(report, tmp_path)
    assert "200 of 50,000, all in tables/everybody.csv" in text
    assert "user 199" in text


def test_an_empty_period_says_so_and_is_short(tmp_path: Path) -> None:
    text = text_in(printed("empty"), tmp_path)
    assert "No events in this period" in text
    assert "Nothing happened" in text
    assert text.count("\f") <= 3


@pytest.mark.parametrize(("name", "most"), [("daily", 6), ("weekly", 8), ("monthly", 9)])
def test_reports_stay_short(name: str, most: int, tmp_path: Path) -> None:
    assert text_in(printed(name), tmp_path).count("\f") <= most


def test_no_character_of_hostile_data_is_lost(tmp_path: Path) -> None:
    text = text_in(printed("hostile"), tmp_path)
    assert lost_characters("".join(HOSTILE), text) == []


def test_markup_in_data_prints_literally(tmp_path: Path) -> None:
    text = squeezed(text_in(printed("hostile"), tmp_path))
    for words in ("<script>alert(1)</script>", "<img src=file:///etc/passwd>", "</para><font color=red>red</font>"):
        assert squeezed(words) in text


def test_data_makes_no_links_actions_or_files() -> None:
    with pikepdf.open(BytesIO(printed("hostile"))) as document:
        for key in ("/AA", "/OpenAction", "/AcroForm"):
            assert key not in document.Root
        for page in document.pages:
            for note in page.obj.get("/Annots", []):
                assert "/A" not in note
                assert str(note.Subtype) == "/Link"


def test_collected_hostile_texts_are_printed_whole(tmp_path: Path) -> None:
    files = [path for path in adversarial_files() if "blns" in str(path)]
    if not files:
        pytest.skip("no ../shared/data/adversarial here")
    texts = tuple(line for file in files for line in file.read_text("utf-8", errors="replace").splitlines())
    table = pl.DataFrame({"explanation": texts[:700]})
    report = replace(a_report("weekly"), sections=tuple(parts(table, 100)))
    text = text_of(report, tmp_path)
    assert "more lines)" in text  # one line of code points is longer than a cell may be; its loss is said
    assert lost_characters("".join(line for line in texts[:700] if len(line) < 120), text) == []


def parts(table: pl.DataFrame, size: int) -> Iterable[Any]:
    for n, part in enumerate(table.iter_slices(size)):
        yield a_result(a_section(f"part_{n}"), part, "Texts that broke programs.")


def test_the_document_says_what_it_is() -> None:
    reader = PdfReader(BytesIO(printed("weekly")))
    about = reader.metadata
    assert about is not None
    assert about.title == "Weekly security report – Mon 26 Oct – Sun 1 Nov 2026"
    assert about.author == "Example Ltd."
    assert str(about["/CreationDate"]) == "D:20261101230000+00'00'"
    assert str(reader.root_object["/Lang"]) == "en"
    preferences: Any = reader.root_object["/ViewerPreferences"]
    assert preferences["/DisplayDocTitle"]


def test_bookmarks_are_the_sections() -> None:
    titles = {str(entry.title) for entry in flat(PdfReader(BytesIO(printed("daily"))).outline)}
    assert {"Security", "Top talkers", "All key figures", "Method and glossary"} <= titles


def flat(entries: Iterable[Any]) -> Iterable[Any]:
    for entry in entries:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield entry


def test_charts_carry_alt_texts_and_tables_are_tables() -> None:
    with pikepdf.open(BytesIO(printed("daily"))) as document:
        elements = list(structure(document.Root.StructTreeRoot.K))
        roles = {str(element.S) for element in elements}
        figures = [element for element in elements if str(element.S) == "/Figure"]
    assert {"/Document", "/H1", "/H2", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= roles
    assert len(figures) == len(story(a_report()).charts)
    assert all(
        "Bars" in str(figure.Alt) or "Over time" in str(figure.Alt) or ":" in str(figure.Alt) for figure in figures
    )


def test_every_chart_is_drawn_or_stands_as_bars_behind_the_rows_of_its_table() -> None:
    report = a_report()
    told = story(report)
    barred = {
        block.path[1][1] for block in every(told.blocks) if isinstance(block, Grid) and any(r.bar for r in block.rows)
    }
    assert barred
    charted = {result.section.name for result in report.sections if result.section.chart}
    assert {*told.charts, *barred} == charted
    assert barred.isdisjoint(told.charts)


def test_the_bar_of_a_row_is_its_part_of_the_largest_and_sums_have_none() -> None:
    table = pl.DataFrame({"protocol": ["tcp", "udp", "icmp"], "connections": [40, 10, None]})
    section = a_section("protocols", Bars("protocol", "connections"), totals=("connections",))
    report = replace(a_report("weekly"), sections=(a_result(section, table),) * 2)
    grids = [block for block in every(story(report).blocks) if isinstance(block, Grid)]
    bars = [[row.bar for row in one.rows] for one in grids]
    assert [one for one in bars if any(one)] == [[1.0, 0.25, 0.0, 0.0]] * 2


def test_sums_never_go_on_to_the_next_page_without_rows() -> None:
    rows = tuple((f"10.0.0.{n}", f"{n}") for n in range(8))
    table = grid(("Address", "Count"), ("text", "count"), rows, (("Table", "rows"),), closing=2)
    parts = table.split(table.height - 1)
    assert parts is not None
    assert [row.is_closing for row in parts[1].rows] == [False, False, True, True]
    short = grid(("Address", "Count"), ("text", "count"), rows[:5], (("Table", "rows"),), closing=2)
    assert short.least == short.height
    assert short.split(short.height - 1) is None


def test_a_column_goes_on_with_the_end_of_its_last_block_only() -> None:
    rows = tuple((f"10.0.0.{n}", f"{n}") for n in range(12))
    table = grid(("Address", "Count"), ("text", "count"), rows, (("Table", "rows"),), wide=230.0)
    chart = Picture("chart", 230.0, 60.0, "", ())
    column = Column(inside=(chart, table))
    assert column.least < column.height - 80
    parts = column.split(column.height - 40)
    assert parts is not None
    assert parts[0].inside[0] == chart
    assert parts[0].height <= column.height - 40
    (rest,) = parts[1].inside
    assert isinstance(rest, Grid)
    assert rest.is_continued
    both = Beside(column, Column(inside=(chart,)), 250.0)
    assert both.least == column.least
    halves = both.split(column.height - 40)
    assert halves is not None
    assert [half.inside[1].height for half in halves] == [60.0, 0]
    assert both.split(column.least - 20) is None


def structure(element: Any) -> Iterable[Any]:
    yield element
    for child in element.get("/K", []):
        if "/S" in child:
            yield from structure(child)


def test_every_mark_on_a_page_belongs_to_an_element() -> None:
    with pikepdf.open(BytesIO(printed("weekly"))) as document:
        owners = list(document.Root.StructTreeRoot.ParentTree.Nums)[1::2]
        for page, owned in zip(document.pages, owners, strict=True):
            content = b"".join(bytes(part) for part in contents(page))
            marks = {int(number) for number in re.findall(rb"/MCID (\d+)", content)}
            assert marks == set(range(len(owned)))


def contents(page: Any) -> Iterable[bytes]:
    stream = page.obj.Contents
    return [part.read_bytes() for part in (stream if isinstance(stream, pikepdf.Array) else [stream])]


def test_a_heading_stays_with_what_it_heads(tmp_path: Path) -> None:
    for name in ("daily", "weekly", "monthly"):
        for page in text_in(printed(name), tmp_path).split("\f")[:-1]:
            lines = [line.strip() for line in page.splitlines() if line.strip()]
            assert lines[-2] not in {result.section.title for result in MAKERS[name]().sections}


@pytest.mark.slow
def test_the_same_report_gives_the_same_bytes_everywhere(tmp_path: Path) -> None:
    digests = {
        digest(tmp_path, TZ="America/New_York", LC_ALL="C", PYTHONHASHSEED="1"),
        digest(Path.cwd(), TZ="Asia/Kolkata", LC_ALL="C.UTF-8", PYTHONHASHSEED="77", LANG="de_DE.UTF-8"),
    }
    assert len(digests) == 1


def digest(folder: Path, **environment: str) -> str:
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DIGEST],
        capture_output=True, text=True, check=True, cwd=folder, env={**os.environ, "PYTHONPATH": path, **environment},
    )  # fmt: skip
    return done.stdout


def test_a_monthly_report_needs_little_memory() -> None:
    script = (
        "import re, sentinel_pipeline_tests.rendering.worlds as w\n"
        "from pathlib import Path\n"
        "from sentinel_pipeline.rendering.document import render_pdf\n"
        "render_pdf(w.a_report('monthly', rows=100_000))\n"
        # not ru_maxrss, which counts what the parent had when it forked
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300


def test_document_and_page_have_the_same_parts_in_the_same_order() -> None:
    report = a_report("weekly")
    titles = [str(entry.title) for entry in flat(PdfReader(BytesIO(printed("weekly"))).outline)]
    page = render_html(report, {}).decode()
    headings = [unescape(found) for found in re.findall(r"<h[23]>([^<]+)</h[23]>", page)]
    assert headings == titles
    parts = ["All key figures", "Method and glossary", "Data completeness", "Annex: data files"]
    assert headings[-4:] == parts


def test_a_table_beside_its_chart_goes_on_to_the_next_page_under_its_header() -> None:
    rows = tuple((f"10.0.0.{n}", f"{n}") for n in range(12))
    table = grid(("Address", "Count"), ("text", "count"), rows, (("Table", "rows"),), wide=250.0)
    chart = Picture("chart", 200.0, table.height / 2, "", ())
    parts = Beside(chart, table, 260.0).split(table.height - 20)
    assert parts is not None
    first, second = parts
    assert first.inside[0] == chart
    assert second.inside[0].height == 0
    assert second.height < table.height
    assert Beside(chart, table, 260.0).split(chart.height - 1) is None


@pytest.mark.parametrize("name", ["daily", "weekly"])
def test_a_chart_stays_on_the_page_of_the_line_that_says_where_its_rows_are(name: str) -> None:
    followers = [
        (block, after) for block, after in pairwise(story(MAKERS[name]()).blocks) if isinstance(block, Picture)
    ]
    led = [chart for chart, after in followers if isinstance(after, Text) and "rows: tables/" in " ".join(after.rows)]
    assert led
    assert all(chart.stays_with_next for chart in led)
