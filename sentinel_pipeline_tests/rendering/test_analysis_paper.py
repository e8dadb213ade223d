"""Analyses on paper: every row, on as many pages as they need, hostile text as text."""

from __future__ import annotations

from io import BytesIO

import polars as pl
import pytest
from pypdf import PdfReader

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.rendering import analysis_paper
from sentinel_pipeline.rendering.analysis_paper import Heading, render_analysis
from sentinel_pipeline.rendering.values import shown_table
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.rendering.papers import squeezed
from sentinel_pipeline_tests.rendering.worlds import HOSTILE

HEADING = Heading("Böse & Söhne", "Top Talkers Report", ("1 March 2025", "Could not be seen: 2025-03-01"))


def pages(table: pl.DataFrame, heading: Heading = HEADING) -> list[str]:
    made = render_analysis(heading, shown_table(table, BERLIN), tuple(1.0 for _ in range(table.height)))
    assert made == render_analysis(heading, shown_table(table, BERLIN), tuple(1.0 for _ in range(table.height)))
    return [page.extract_text() for page in PdfReader(BytesIO(made)).pages]


@pytest.mark.parametrize("rows", [0, 1, 2, 59, 60, 61, 300])
def test_every_row_is_there_and_every_page_says_what_it_is(rows: int) -> None:
    found = pages(pl.DataFrame({"device_name": [f"device {n:03}" for n in range(rows)], "count": range(rows)}))
    text = "\n".join(found)
    assert [text.count(f"device {n:03}") for n in range(rows)] == [1] * rows
    for number, page in enumerate(found, start=1):
        assert f"page {number} of {len(found)}" in page
        assert "Top Talkers Report" in page
        assert "Device" in page
    assert "Could not be seen: 2025-03-01" in found[0]


def test_hostile_text_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = squeezed("\n".join(pages(pl.DataFrame({"device_name": HOSTILE}), Heading(HOSTILE[0], HOSTILE[1], ()))))
    assert all(
        squeezed(text) in printed for text in HOSTILE if text.isascii() and text.isprintable() and len(text) < 200
    )
    monkeypatch.setattr(analysis_paper, "MOST_ROWS", 2)
    with pytest.raises(TooLargeError):
        pages(pl.DataFrame({"count": [1, 2, 3]}))
