from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from sentinel_pipeline.rendering.html import render_html
from sentinel_pipeline.rendering.palette import SEVERITIES
from sentinel_pipeline.rendering.report import Report
from sentinel_pipeline.rendering.values import bare, shown_rows, written_change, written_figure
from sentinel_pipeline_tests.rendering.hostile import shared_texts
from sentinel_pipeline_tests.rendering.worlds import HOSTILE, a_hostile_report, a_report, an_empty_report, awaiting

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
VOID = ("meta", "br", "img")


class Page(HTMLParser):
    """The elements and the text of a page; fails when they are not nested as they should be."""

    def __init__(self, report: Report, charts: dict[str, bytes] | None = None) -> None:
        super().__init__()
        self.source = render_html(report, charts or {}).decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_tells_everything_the_report_says() -> None:
    report = a_report(failure="the database is gone")
    said = " ".join(Page(report).texts)
    for figure in report.key_figures:
        assert written_figure(bare(figure)) in said
        assert written_change(figure) in said
    for result in report.sections[:-1]:
        assert result.finding in said
        for row in shown_rows(result, report.period.zone).rows:
            assert all(cell in said for cell in row)
    for words in (report.headline, *report.narrative, report.completeness_words, "r1", report.figures_hash):
        assert words in said
    assert "the database is gone" in said
    assert report.period.interval in said


def test_the_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    page = Page(a_report(), {"alert_trends": SVG})
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    assert all(str(image["src"]).startswith("data:image/") for image in page.having("img"))
    assert all(str(link["href"]).startswith("#") for link in page.having("a"))
    assert not re.search(r"url\(|@import", page.source)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_the_policy_allows_the_page_its_own_style_and_nothing_else() -> None:
    page = Page(a_report())
    (policy,) = [meta["content"] for meta in page.having("meta") if meta.get("http-equiv")]
    style = page.source.partition("<style>")[2].partition("</style>")[0]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in str(policy)
    assert str(policy).startswith("default-src 'none'")
    assert not [attributes for _, attributes in page.elements if "style" in attributes]


def test_charts_are_pictures_with_words() -> None:
    png = b"\x89PNG\r\n\x1a\n"
    pictures = Page(a_report(), {"alert_trends": SVG, "top_talkers": png}).having("img")
    assert b64decode(str(pictures[0]["src"]).partition(",")[2]) == SVG
    assert str(pictures[1]["src"]).startswith("data:image/png;base64,")
    assert all(len(str(picture["alt"])) > 20 for picture in pictures)


def test_every_link_leads_to_a_place_on_the_page() -> None:
    page = Page(a_report())
    places = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(places)) == len(places)
    assert {str(link["href"])[1:] for link in page.having("a")} <= set(places)


def test_the_page_can_be_read_aloud() -> None:
    page = Page(a_report())
    assert page.having("html") == [{"lang": "en"}]
    assert all(head["scope"] == "col" for head in page.having("th"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_severity_is_a_glyph_and_a_word_besides_its_colour() -> None:
    said = "".join(Page(a_report()).texts)
    for level, look in SEVERITIES.items():
        assert f"{look.glyph} {level}" in said


def test_markup_in_data_is_text() -> None:
    plain = {tag for tag, _ in Page(a_report()).elements}
    for texts in (HOSTILE, shared_texts()):
        page = Page(a_hostile_report(texts))
        assert {tag for tag, _ in page.elements} <= plain
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page.source)


def test_an_empty_period_an_incomplete_one_and_a_broken_section_look_different() -> None:
    empty, incomplete = Page(an_empty_report()).source, Page(a_report(complete=False)).source
    broken = Page(a_report(failure="gone")).source
    assert "No events in this period." in empty
    assert 'class="incomplete"' not in empty
    assert 'class="incomplete"' in incomplete
    assert "could not be made" in broken


def test_a_section_with_nothing_to_compare_with_is_a_sentence() -> None:
    page = Page(awaiting(a_report())).source
    assert "There is nothing to compare with yet" in page
    assert "could not be made" not in page
    assert 'class="nothing"' not in page


def test_a_lower_bound_says_so() -> None:
    report = a_report()
    unsure = replace(report.key_figures[0], is_lower_bound=True)
    assert "≥ 462 incidents" in Page(replace(report, key_figures=(unsure,))).source


def test_a_long_table_is_cut_and_points_to_its_file() -> None:
    report = a_report(rows=3412)
    assert "10 of 3,412, all in tables/top_talkers.csv" in Page(report).source
