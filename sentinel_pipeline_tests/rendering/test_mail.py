"""The mail about an edition: what it says, that both forms say it, and that nothing from outside gets through."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.rendering.letter import Enclosure, Letter, Occasion
from sentinel_pipeline.rendering.mail import letter, subject_line
from sentinel_pipeline.rendering.mail_notices import (
    Deletion,
    Going,
    Problem,
    deletion_notice,
    failure_notice,
    recovery_notice,
)
from sentinel_pipeline.rendering.report import KeyFigure, Report
from sentinel_pipeline.rendering.values import bare, written_figure
from sentinel_pipeline_tests.rendering.hostile import shared_texts
from sentinel_pipeline_tests.rendering.mailed import Seen, flat, published
from sentinel_pipeline_tests.rendering.worlds import a_hostile_report, a_report, an_empty_report

GMAIL_CLIPS = 102_000
LINK = "https://sentinel.example/files/report.pdf"
ENCLOSURES = (
    Enclosure("report.pdf", 812_345, "attached"),
    Enclosure("workbook.xlsx", 31_000_000, "linked", link=LINK),
    Enclosure("tables/alert_trends.csv", 90_000_000, "held", reason="larger than a mail may be"),
)
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body"),
    *("table", "thead", "tbody", "tr", "td", "th"),
    *("div", "h1", "h2", "br", "ul", "li", "strong", "img", "a", "wbr"),
}


def told(report: Report) -> Report:
    """The report with findings that its first page tells, as real sections have them."""
    results = (replace(r, section=replace(r.section, is_told=True)) for r in report.sections)
    return replace(report, sections=tuple(results))


def mailed(report: Report, data: Path, **occasion: Any) -> Letter:
    return letter(Occasion(published(report, data), "weekly security", **occasion))


def test_the_subject_says_the_finding_and_the_mail_the_whole_of_it(tmp_path: Path) -> None:
    report = told(a_report("weekly"))
    written = mailed(report, tmp_path, enclosures=ENCLOSURES, link="https://sentinel.example/weekly")
    assert written.subject == "Week 44: 14 critical incidents (+5) – Example Ltd."
    seen = Seen(written)
    for words in (report.headline, report.period.words, "Europe/Berlin", report.completeness_words, "weekly security"):
        assert flat(words) in seen.words
    for figure in report.strip:
        assert flat(written_figure(bare(figure))) in seen.words
    assert "+35 (+8.2 %) up, worse" in seen.words
    assert "Against the week before" in seen.words
    assert report.sections[0].finding in seen.words
    (manifest,) = tmp_path.rglob("manifest.json")
    assert f"manifest {sha256(manifest)[:12]}" in seen.words


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    written = mailed(told(a_report("weekly", complete=False)), tmp_path, enclosures=ENCLOSURES)
    plain = re.sub(r"\[(.)\] ", r"\1 ", flat(written.text))
    missing = [text for text in map(flat, Seen(written).texts) if text not in plain and text != "open the link"]
    assert missing == []
    assert max(map(len, written.text.splitlines())) <= 120


def test_the_same_folder_gives_the_same_letter_wherever_it_lies(tmp_path: Path) -> None:
    folder = published(told(a_report("weekly")), tmp_path)
    elsewhere = tmp_path / "elsewhere" / "r1"
    shutil.copytree(folder, elsewhere)
    first, again = (letter(Occasion(place, "weekly", enclosures=ENCLOSURES)) for place in (folder, elsewhere))
    assert first == again


def test_one_chart_is_shown_with_words_for_who_cannot_see_it(tmp_path: Path) -> None:
    written = mailed(told(a_report("weekly")), tmp_path)
    (picture,) = written.inline
    (image,) = Seen(written).having("img")
    assert image["src"] == f"cid:{picture.cid}"
    assert picture.content.startswith(b"\x89PNG")
    assert str(image["alt"]).startswith("Alert trends. ")
    assert str(image["alt"]) in flat(written.text)
    width, height = (int.from_bytes(picture.content[at : at + 4], "big") for at in (16, 20))
    assert abs(int(str(image["height"])) - height * int(str(image["width"])) / width) <= 1
    assert width >= 2 * 576, "drawn too coarse for a fine screen"


def test_files_are_named_with_where_they_are(tmp_path: Path) -> None:
    written = mailed(told(a_report()), tmp_path, enclosures=ENCLOSURES)
    for form in (Seen(written).words, flat(written.text)):
        for words in ("report.pdf", "attached", "29.56 MB", "not attached: larger than a mail may be"):
            assert words in form
    assert [link["href"] for link in Seen(written).having("a")] == [LINK]
    assert LINK in written.text


def test_only_web_addresses_can_be_clicked(tmp_path: Path) -> None:
    files = (Enclosure("a", 1, "linked", link="javascript:alert(1)"), Enclosure("b", 1, "linked", link="http://["))
    written = mailed(told(a_report()), tmp_path, enclosures=files, link="data:text/html,x")
    assert Seen(written).having("a") == []
    assert "javascript:alert(1)" in Seen(written).words


def test_very_many_files_are_counted_not_left_out_in_silence(tmp_path: Path) -> None:
    files = tuple(Enclosure(f"tables/t{n:02}.csv", n, "attached") for n in range(45))
    written = mailed(told(a_report()), tmp_path, enclosures=files)
    assert "and 15 more, all in the edition's folder" in Seen(written).words
    assert "and 15 more, all in the edition's folder" in flat(written.text)


def test_nothing_from_outside_becomes_markup_or_a_header(tmp_path: Path) -> None:
    texts = shared_texts()
    for number, report in enumerate((a_hostile_report(), a_hostile_report(texts[:60]), a_hostile_report(texts[-60:]))):
        (place := tmp_path / str(number)).mkdir()
        files = tuple(Enclosure(text or "x", 1, "held", reason=text) for text in texts[:20])
        written = mailed(told(report), place, enclosures=files, link=texts[0])
        seen = Seen(written)
        assert {tag for tag, _ in seen.elements} <= ELEMENTS
        assert not [name for _, attributes in seen.elements for name in attributes if name.startswith("on")]
        assert not seen.having("a")
        assert written.subject.isprintable()
        assert all(line.isprintable() for line in written.text.replace("\u00a0", " ").splitlines())
        assert len(written.html.encode()) < GMAIL_CLIPS


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_subject_is_one_short_line_whatever_is_in_it(finding: str, owner: str) -> None:
    subject = subject_line("Week 1", finding, owner)
    assert subject.replace("\u00a0", " ").replace("\u202f", " ").isprintable()
    assert len(subject) <= 150


def with_state(report: Report, status: str, **figures: Any) -> Report:
    """The report when every table of every source had this status."""
    is_read = status == "no events"
    table = report.completeness.with_columns(status=report.completeness["status"].str.replace(r".*", status))
    return replace(report, completeness=table.with_columns(rows=0 if is_read else None), is_complete=is_read, **figures)


def test_nothing_happened_no_data_and_an_unreachable_source_are_three_mails(tmp_path: Path) -> None:
    quiet = an_empty_report("weekly")
    quiet = replace(quiet, completeness=quiet.completeness.with_columns(rows=1))
    reports = {
        "empty": quiet,
        "no data": with_state(quiet, "no events"),
        "unreachable": with_state(quiet, "unreachable"),
    }
    letters = {}
    for state, report in reports.items():
        (place := tmp_path / state).mkdir()
        letters[state] = mailed(report, place)
    assert [written.subject for written in letters.values()] == [
        "Week 44: nothing happened – Example Ltd.",
        "Week 44: no data received – Example Ltd.",
        "Week 44: dlp and network could not be read; nothing critical – Example Ltd.",
    ]
    words = {state: Seen(written).words for state, written in letters.items()}
    assert "This is a true zero: every source was read for the whole week." in words["empty"]
    assert "network: no rows in connections and alerts" in words["no data"]
    assert "sentinel publish weekly 2026-10-26” makes r2 and leaves r1 as it is" in words["no data"]
    assert "What they would have told is missing in this mail" in words["unreachable"]
    assert not letters["empty"].inline
    assert "Key figures" not in words["no data"], "zeros of nothing are not told"


def test_a_zero_beside_a_monitor_that_fell_silent_is_no_true_zero(tmp_path: Path) -> None:
    quiet = an_empty_report("weekly")
    is_network = pl.col("source") == "network"
    counted = quiet.completeness.with_columns(rows=pl.when(is_network).then(0).otherwise(1))
    written = mailed(replace(quiet, completeness=counted), tmp_path)
    assert written.subject == "Week 44: nothing happened, as far as could be seen – Example Ltd."
    words = Seen(written).words
    assert "network recorded nothing" in words
    assert "It was read, but holds no record of this period." in words
    assert "true zero" not in words
    assert "network recorded nothing" in flat(written.text)


def test_a_subscriber_of_some_sections_is_told_of_those(tmp_path: Path) -> None:
    report = a_report("weekly")
    folder = published(report, tmp_path, charts=("top_talkers",))
    written = letter(Occasion(folder, "talkers", sections=("top_talkers", "protocols")))
    assert written.subject.startswith("Week 44: Living room TV 0 moved more data than the next two devices together")
    words = Seen(written).words
    assert report.headline not in words
    assert report.sections[0].finding not in words
    assert written.inline[0].name == "top_talkers.png"


def changed(figures: tuple[KeyFigure, ...], **values: Any) -> tuple[KeyFigure, ...]:
    return tuple(
        replace(figure, value=values[figure.id], inputs=(("statistics/a", "2026-10-28", "new"),))
        if figure.id in values
        else figure
        for figure in figures
    )


def test_a_correction_says_what_changed_and_why(tmp_path: Path) -> None:
    report = told(a_report("weekly"))
    first = published(report, tmp_path)
    figures = changed(report.key_figures, total_incidents=470, total_alerts=80)
    second = published(replace(report, revision=2, key_figures=figures), tmp_path)
    written = letter(Occasion(second, "weekly", before=first, enclosures=ENCLOSURES))
    assert written.subject == "Correction, Week 44: Incidents 470 (was 462), and 1 more figure – Example Ltd."
    for form in (Seen(written).words, flat(written.text)):
        for words in ("What changed", "462", "470", "77", "80", "data of 2026-10-28 arrived or changed since"):
            assert words in form
        assert "2 figures of this report changed since r1. Please use r2." in form
        assert sha256(first / "manifest.json")[:12] in form
        assert sha256(second / "manifest.json")[:12] in form
    (first / "words.json").unlink()
    assert letter(Occasion(second, "weekly", before=first)).subject.startswith("Week 44: ")
    same = letter(Occasion(second, "weekly", before=second))
    assert same.subject == "Correction, Week 44: no figure changed – Example Ltd."


def test_a_correction_says_which_source_could_be_read_since(tmp_path: Path) -> None:
    report = told(a_report("weekly", complete=False))
    first = published(report, tmp_path)
    whole = told(a_report("weekly", revision=2))
    written = letter(Occasion(published(whole, tmp_path), "weekly", before=first))
    assert "energy could be read now" in Seen(written).words


@pytest.mark.parametrize("notice", [failure_notice, recovery_notice])
def test_a_notice_names_what_and_leads_to_the_run(notice: Any) -> None:
    problem = Problem(
        owner="Example & <b>Co</b>\r\nBcc: all@example.org",
        what="The weekly report of 2026-10-26",
        happened="Mon 2 Nov 2026, 09:02 CET",
        causes=("office: connection refused",),
        run="4f1c2b7a",
        link="https://sentinel.example/runs/4f1c2b7a",
        attempts=3,
        mending=("Start the database.",),
    )
    written = notice(problem)
    opening = "Failed" if notice is failure_notice else "Recovered"
    assert written.subject.startswith(f"{opening}: The weekly report of 2026-10-26 – Example & <b>Co</b>‹U+000D›")
    assert written.subject.isprintable()
    for form in (Seen(written).words, flat(written.text)):
        for words in ("office: connection refused", "4f1c2b7a", "09:02 CET"):
            assert words in form
    assert [link["href"] for link in Seen(written).having("a")] == [problem.link]
    assert ("tried 3 times" in written.text) == (notice is failure_notice)


def test_a_notice_of_deletion_says_what_goes_when_and_how_it_is_held() -> None:
    week, day = date(2025, 12, 26), date(2026, 1, 3)
    going = (
        Going("facts", week, date(2026, 1, 1), "588 files", 5 << 20, day),
        Going("custom_editions", week, week, "1 file", 10, date(2026, 1, 2)),
        Going("runs", week, week, "41 runs", 0, day),
    )
    written = deletion_notice(Deletion("Example & <b>Co</b>\r\nBcc: all@example.org", going))
    assert written.subject.startswith(
        "To be deleted from 2 January on: facts, custom editions and runs – Example & <b>"
    )
    assert written.subject.isprintable()
    for form in (Seen(written).words, flat(written.text)):
        for words in (
            "From Friday 2 January 2026 on, what was kept long enough is deleted: 5.00 MB in all.",
            "Facts of 2025-12-26 to 2026-01-01: 588 files, 5.00 MB, from 3 January on",
            "Custom editions of 2025-12-26: 1 file, 10 B, from 2 January on",
            "Runs of 2025-12-26: 41 runs, from 3 January on",
            "holds: [{kinds: [facts], since: 2025-12-26, until: 2026-01-01, reason: …}]",
            "sentinel retention --dry-run",
        ):
            assert words in form


def test_a_folder_that_cannot_be_told_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no published edition"):
        letter(Occasion(tmp_path, "weekly"))
    folder = published(told(a_report()), tmp_path)
    words = json.loads((folder / "words.json").read_text())
    (folder / "words.json").unlink()
    with pytest.raises(SentinelError, match=r"has no words\.json, as editions of earlier versions have none"):
        letter(Occasion(folder, "weekly"))
    (folder / "words.json").write_text(json.dumps(words | {"sections": [{}]}))
    with pytest.raises(SentinelError, match="cannot be told: KeyError"):
        letter(Occasion(folder, "weekly"))
