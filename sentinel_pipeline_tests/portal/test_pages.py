"""Pages show what is published, to each role what it may see, and run nothing that is in the data."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sentinel_pipeline_tests.portal.worlds import PICTURE, Portal, published, serving, with_people
from sentinel_pipeline_tests.rendering.worlds import HOSTILE, a_report, awaiting

DAILY = "/editions/daily/2026-10-28/r1"
ROLES = ("admin", "analyst", "viewer")
VOID = {"meta", "link", "input", "br", "img"}


class Read(HTMLParser):
    """Elements and text of a page; fails when elements are not nested as they should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(portal: Portal, path: str, role: str = "admin", status: int = 200) -> Read:
    answer = portal.people[role].get(path)
    assert answer.status_code == status, answer.text
    return Read(answer.text)


def all_pages(portal: Portal) -> list[str]:
    """Every page that links lead to, from the list of editions on."""
    seen, left = set[str](), ["/editions"]
    while left:
        path = left.pop()
        if path in seen or len(seen) > 300:
            continue
        seen.add(path)
        links = [str(one.get("href")).split("#")[0] for one in read(portal, path).named("a")]
        left += [link for link in links if link.startswith("/editions") and "?table=" not in link]
    return sorted(seen)


def test_every_link_leads_somewhere_and_every_page_is_well_formed(portal: Portal) -> None:
    pages = all_pages(portal)
    assert {"/editions", DAILY} <= set(pages)
    assert any("/figures/" in page for page in pages)
    for page in pages:
        for tag, name in (("a", "href"), ("img", "src"), ("iframe", "src"), ("link", "href")):
            for one in read(portal, page).named(tag):
                target = str(one[name])
                if target.startswith(("/files", "/style")):
                    assert portal.people["admin"].head(target).status_code in (200, 405), (page, target)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_runs_or_loads_anything_of_others(portal: Portal, role: str) -> None:
    for path in ("/editions", DAILY, "/editions/daily/2026-10-28/r2", "/nothing-here"):
        answer = portal.people[role].get(path, follow_redirects=True)
        page = Read(answer.text)
        assert not page.named("script")
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert not [1 for _, attributes in page.elements if "style" in attributes]
        outside = [
            value
            for _, attributes in page.elements
            for name, value in attributes.items()
            if name in ("href", "src", "action") and value and not value.startswith(("/", "#", "?"))
        ]
        assert outside == []
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_editions_are_listed_with_state_figures_and_revision(portal: Portal) -> None:
    page = read(portal, "/editions")
    text = " ".join(page.text.split())
    assert "Wednesday 28 October 2026" in text
    assert "daily · r2" in text
    assert "weekly · r1" in text
    assert "2 editions" in text


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("cadence=daily", 1),
        ("cadence=weekly", 1),
        ("cadence=monthly", 0),
        ("text=october+wednesday", 1),
        ("text=2026-10-26", 1),
        ("text=nothing+like+this", 0),
        ("text=%3Cscript%3E", 1),
        ("cadence=%27%3B--", 0),
        ("page=99", 2),
    ],
)
def test_editions_are_searched_and_filtered(portal: Portal, query: str, number: int) -> None:
    page = read(portal, f"/editions?{query}")
    entries = [one for one in page.named("li") if one.get("class") == "entry"]
    assert len(entries) == number
    if not number:
        assert "No edition fits." in page.text


def test_an_empty_house_says_how_to_publish(tmp_path: Path) -> None:
    with serving(tmp_path) as bare:
        page = read(with_people(bare), "/editions")
    assert "Nothing is published yet." in page.text


def test_more_editions_than_a_page_holds_are_leafed_through(tmp_path: Path) -> None:
    report = a_report("daily")
    period = report.period
    for _ in range(28):
        published(replace(report, period=period), tmp_path)
        period = period.previous
    with serving(tmp_path) as served:
        with_people(served)
        first, second = (read(served, f"/editions?page={number}") for number in (1, 2))
    assert "Page 1 of 2" in first.text
    assert [one["rel"] for one in first.named("a") if "rel" in one] == ["next"]
    assert len([one for one in second.named("li") if one.get("class") == "entry"]) == 3


def test_an_edition_shows_figures_findings_tables_and_files(portal: Portal) -> None:
    page = read(portal, DAILY)
    report = a_report("daily")
    for figure in report.key_figures:
        assert figure.label in page.text
    for result in report.sections:
        assert result.section.title in page.text
    assert "Three of a hundred incidents were critical." in page.text
    assert "Living room TV 0" in page.text
    assert re.search(r"report\.pdf\s*10\.01 KB\s*[0-9a-f]{64}", page.text)
    assert [one["src"] for one in page.named("iframe")] == [f"/files{DAILY}/report.pdf"]
    pictures = {one["src"] for one in page.named("img")}
    assert pictures == {f"{DAILY}/charts/severity_distribution.png", f"{DAILY}/charts/top_talkers.png"}
    assert all(one["alt"] for one in page.named("img"))
    links = [one["href"] for one in page.named("a")]
    assert links.count(f"/files{DAILY}/tables/top_talkers.csv") == 2
    assert re.search(r"The whole table\s*·\s*CSV of Top talkers\s*\(", page.text)


def test_a_table_is_sorted_by_any_column(portal: Portal) -> None:
    def first(order: str) -> str:
        text = read(portal, f"{DAILY}?table=top_talkers&by=connections&order={order}").text
        found = re.search(r"192\.168\.0\.(\d+)", text)
        assert found
        return found[1]

    assert (first("down"), first("up")) == ("1", "40")
    page = read(portal, f"{DAILY}?table=top_talkers&by=connections&order=up")
    assert [one["aria-sort"] for one in page.named("th") if "aria-sort" in one] == ["ascending"]
    read(portal, f"{DAILY}?table=top_talkers&by=nothing&order=%00")


def test_a_figure_says_where_it_comes_from(portal: Portal) -> None:
    report = a_report("daily")
    figure = report.key_figures[0]
    page = read(portal, f"{DAILY}/figures/{figure.id}")
    assert figure.definition in page.text
    for asset, day, version in figure.inputs:
        assert asset in page.text
        assert day in page.text
        assert version in page.text
    read(portal, f"{DAILY}/figures/nothing", status=404)


def test_a_later_revision_says_what_changed_and_why(tmp_path: Path) -> None:
    report = a_report("daily")
    first, *others = report.key_figures
    published(report, tmp_path)
    published(replace(report, key_figures=(replace(first, value=999), *others)), tmp_path)
    published(replace(report, key_figures=(replace(first, value=999), *others), headline="Otherwise."), tmp_path)
    with serving(tmp_path) as served:
        with_people(served)
        pages = [read(served, f"/editions/daily/2026-10-28/r{number}", "viewer") for number in (1, 2, 3)]
    assert "What changed" not in pages[0].text
    told = pages[1].text.split("What changed since r1")[1].split("Key figures")[0]
    assert first.label in told
    assert "999" in told
    assert not [figure.label for figure in others if f">{figure.label}<" in told]
    assert "every figure is what it was" in pages[2].text


def test_a_section_with_nothing_to_compare_with_is_a_sentence(tmp_path: Path) -> None:
    published(awaiting(a_report("daily")), tmp_path)
    with serving(tmp_path) as served:
        with_people(served)
        page = read(served, DAILY)
    told = page.text.split("There is nothing to compare with yet: for the month before, connections were never read")
    assert len(told) == 2
    assert "No rows." not in told[1].split("All key figures")[0]
    assert "tables/new_destinations.csv" not in told[1].split("All key figures")[0]


def test_a_viewer_sees_figures_but_nobodys_name(portal: Portal) -> None:
    page = read(portal, DAILY, "viewer")
    assert "Three of a hundred incidents were critical." in page.text
    for personal in ("Living room TV", "192.168."):
        assert personal not in page.text
    assert "your role does not see it" in page.text
    assert not page.named("iframe")
    assert "/files/" not in str(page.elements)
    pictures = [one["src"] for one in page.named("img")]
    assert pictures == [f"{DAILY}/charts/severity_distribution.png"]


def test_a_viewer_gets_no_chart_of_people_by_its_address_either(portal: Portal) -> None:
    assert portal.people["viewer"].get(f"{DAILY}/charts/severity_distribution.png").content == PICTURE
    assert portal.people["viewer"].get(f"{DAILY}/charts/top_talkers.png").status_code == 403
    assert portal.people["analyst"].get(f"{DAILY}/charts/top_talkers.png").content == PICTURE
    assert portal.record()[-1].act == "permission denied"
    assert "PERSONAL_VIEW" in portal.record()[-1].details


def test_text_that_is_out_to_break_a_page_is_shown_as_text(portal: Portal) -> None:
    page = read(portal, "/editions/daily/2026-10-28/r2")
    text = page.text
    assert "<script>alert(1)</script>" in text
    assert "\u202e" not in text
    assert "\x07" not in text
    assert any("U+202E" in part for part in [text])
    assert HOSTILE[6] in text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/editions/daily/2026-10-29",
        "/editions/daily/2026-10-28/r9",
        "/editions/daily/2026-10-28/r01",
        "/editions/daily/2026-10-28/r" + "1" * 5000,
        "/editions/daily/2026-10-28/.drafts",
        "/editions/hourly/2026-10-28",
        "/editions/weekly/2026-10-28",
        "/editions/daily/..%2f..%2fkeys/r1",
        "/editions/daily/2026-10-28/r1/charts/..%2freport.png",
        "/editions/daily/2026-10-28/r1/charts/nothing.png",
        "/editions/daily/%00/r1",
        "/editions/daily/9999999-01-01/r1",
    ],
)
def test_what_is_not_there_is_answered_with_a_page(portal: Portal, path: str) -> None:
    page = read(portal, path, status=404)
    assert "Not found" in page.text
    assert str(portal.data) not in page.text


@pytest.mark.parametrize("query", ["page=x", "page=0", "page=" + "9" * 5000, "text=" + "x" * 300])
def test_what_cannot_be_is_answered_with_a_page(portal: Portal, query: str) -> None:
    assert "Not understood" in read(portal, f"/editions?{query}", status=422).text


def test_an_edition_that_cannot_be_told_is_listed_and_says_why(tmp_path: Path) -> None:
    published(a_report("daily"), tmp_path)
    (tmp_path / "editions/daily/2026-10-28/r1/words.json").unlink()
    with serving(tmp_path) as served:
        with_people(served)
        assert "Not readable" in read(served, "/editions").text
        page = read(served, DAILY)
        read(served, f"{DAILY}/figures/total_incidents", status=404)
        assert "/files/" not in str(read(served, DAILY, "viewer").elements)
    assert "has no words.json" in page.text
    assert f"/files{DAILY}/report.pdf" in str(page.elements)
    assert str(tmp_path) not in page.text


def test_only_one_edition_link_leads_to_the_newest_revision(portal: Portal) -> None:
    answer = portal.people["viewer"].get("/editions/daily/2026-10-28")
    assert (answer.status_code, answer.headers["location"]) == (303, "/editions/daily/2026-10-28/r2")
    assert "This is an earlier revision." in read(portal, DAILY).text


def test_an_error_nobody_thought_of_is_a_page_that_tells_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        with_people(served)
        (tmp_path / "state.db").write_bytes(b"broken" * 1000)
        answer = served.browser().get("/sign-in")
    assert answer.status_code == 500
    assert "That did not work" in answer.text
    assert str(tmp_path) not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_portal_says_whether_it_lives_and_can_work(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.browser().get("/health").json() == {"status": "alive"}
        assert served.browser().get("/ready").json() == {"status": "ready"}
        (tmp_path / "state.db").write_bytes(b"broken" * 1000)
        assert served.browser().get("/ready").status_code == 503
        assert served.browser().get("/health").status_code == 200


def test_what_the_api_is_for_is_written_in_whole_lines(portal: Portal) -> None:
    page = read(portal, "/api")
    assert "those without a name counted apart" in page.text
    assert "\u21b5" not in page.text
