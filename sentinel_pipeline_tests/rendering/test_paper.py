import re
from pathlib import Path

import polars as pl
import pytest
from pypdf import PdfReader

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.rendering import paper
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.rendering.papers import run, squeezed
from sentinel_pipeline_tests.rendering.worlds import HOSTILE
from sentinel_pipeline_tests.statistics.frames import utc


def made(table: pl.DataFrame, path: Path) -> Path:
    assert write_pdf(table, path, Spelling(BERLIN, "alerts")) == table.height
    return path


def pages(path: Path) -> list[str]:
    return run("pdftotext", "-layout", path, "-").split("\f")[:-1]


def test_every_page_has_its_number_and_the_names_of_the_columns(tmp_path: Path) -> None:
    found = pages(made(pl.DataFrame({"alert_id": range(200), "name": ["x"] * 200}), tmp_path / "a.pdf"))
    assert len(found) > 2
    for number, page in enumerate(found, start=1):
        assert f"page {number} of {len(found)}" in page
        assert re.search(r"alert_id +name", page)
        assert "alerts: 200 rows" in page
        assert "Europe/Berlin" in page
    numbers = [int(number) for number in re.findall(r"^ +([0-9]+) +x$", "\n".join(found), re.MULTILINE)]
    assert numbers == list(range(200))


def test_nothing_is_cut_not_even_a_cell_longer_than_a_page(tmp_path: Path) -> None:
    words = [f"w{number:05}" for number in range(3_000)]
    path = made(pl.DataFrame({"id": ["a", "b", "c"], "text": ["short", " ".join(words), "end"]}), tmp_path / "a.pdf")
    found = re.findall(r"w[0-9]{5}", "\n".join(pages(path)))
    assert found == words
    assert len(pages(path)) > 2


def test_a_wide_table_lies_on_its_side(tmp_path: Path) -> None:
    def size(columns: int) -> tuple[float, float]:
        table = pl.DataFrame({f"column_{number}": ["some text here"] for number in range(columns)})
        box = PdfReader(made(table, tmp_path / "a.pdf")).pages[0].mediabox
        return round(float(box.width)), round(float(box.height))

    assert [size(columns) for columns in (3, 8, 30)] == [(595, 842), (842, 595), (1191, 842)]


def test_hostile_text_is_text_and_runs_nothing(tmp_path: Path) -> None:
    path = made(pl.DataFrame({"text": HOSTILE}), tmp_path / "a.pdf")
    printed = squeezed("\n".join(pages(path)))
    assert all(squeezed(text) in printed for text in HOSTILE if text.isascii() and text.isprintable())
    data = path.read_bytes()
    assert not re.search(rb"/(JavaScript|JS|Launch|URI|OpenAction|EmbeddedFile)\b", data)


def test_values_are_whole_and_nothing_known_is_a_dash(tmp_path: Path) -> None:
    table = pl.DataFrame({"at": [utc("2025-07-01T10:00:00.000001"), None], "score": [0.1234567890123, None]})
    text = squeezed("".join(pages(made(table, tmp_path / "a.pdf"))))
    assert "2025-07-01T12:00:00.000001+02:00" in text
    assert "0.1234567890123" in text
    assert text.count("–") == 2


def test_no_rows_are_a_page_with_the_columns(tmp_path: Path) -> None:
    (page,) = pages(made(pl.DataFrame(schema={"alert_id": pl.String}), tmp_path / "a.pdf"))
    assert "alert_id" in page
    assert "page 1 of 1" in page


def test_more_rows_than_paper_holds_are_refused_with_the_formats_that_hold_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paper.MOST_ROWS == 10_000
    monkeypatch.setattr(paper, "MOST_ROWS", 5)
    made(pl.DataFrame({"a": range(5)}), tmp_path / "a.pdf")
    with pytest.raises(TooLargeError) as refusal:
        made(pl.DataFrame({"a": range(6)}), tmp_path / "b.pdf")
    assert str(refusal.value).startswith("EXPORT_TOO_LARGE: a pdf holds at most 5 rows, and here are more")
    assert all(form.name in str(refusal.value) for form in FORMATS)
    assert not (tmp_path / "b.pdf").exists()
