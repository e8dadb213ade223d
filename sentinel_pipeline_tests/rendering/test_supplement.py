"""Chinese, Japanese and Korean names can be read in PDF and PNG, and the same names give the same bytes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from PIL import Image

from sentinel_pipeline.rendering import supplement
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.charts import draw, draw_files
from sentinel_pipeline.rendering.document import render_pdf
from sentinel_pipeline.rendering.fonts import inked, width
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.report import SectionResult
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.supplement import characters_of, typeset
from sentinel_pipeline.sections.section import Lines
from sentinel_pipeline_tests.rendering import worlds
from sentinel_pipeline_tests.rendering.worlds import a_period, a_report, a_result, a_section

NAMES = ("客厅摄像头", "リビングのカメラ", "거실 카메라")

WRITE = """
import sys
from pathlib import Path
from sentinel_pipeline_tests.rendering.test_supplement import write_names
write_names(Path(sys.argv[1]))
"""


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True, text=True).stdout


def write_names(path: Path) -> None:
    frame = pl.DataFrame({"device": [*NAMES, "ไทย"], "connections": [4, 3, 2, 1]})
    write_pdf(frame, path, Spelling(ZoneInfo("UTC")))


def talkers() -> SectionResult:
    result = worlds.top_talkers(3)
    named = result.table.with_columns(device_name=pl.Series(NAMES))
    return replace(result, table=named, finding=f"{NAMES[0]} moved more data than any other device")


def test_a_table_shows_and_keeps_the_names(tmp_path: Path) -> None:
    write_names(tmp_path / "names.pdf")
    shown = text_of(tmp_path / "names.pdf")
    assert all(name in shown for name in NAMES)
    assert "U+0E44" in shown, "what no font of ours has is spelled out"
    fonts = subprocess.run(["pdffonts", tmp_path / "names.pdf"], capture_output=True, check=True, text=True).stdout
    assert "SentinelCJK" in fonts
    assert " no " not in "".join(line[70:80] for line in fonts.splitlines()[2:]), "every font is embedded"


def test_the_same_names_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    write_names(tmp_path / "here.pdf")
    command = [sys.executable, "-c", WRITE, str(tmp_path / "there.pdf")]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PATH": "/usr/bin:/bin"})
    assert (tmp_path / "here.pdf").read_bytes() == (tmp_path / "there.pdf").read_bytes()


def test_a_report_shows_the_names_in_its_tables_and_pictures(tmp_path: Path) -> None:
    report = a_report("daily")
    named = talkers()
    at = [report.period.window.start] * len(NAMES)
    counts = pl.DataFrame({"timestamp": at, "series": NAMES, "count": [3, 2, 1]})
    drawn = a_result(a_section("by_name", Lines("timestamp", ("count",), series="series"), shown=0), counts)
    others = tuple(named if one.section.name == named.section.name else one for one in report.sections)
    sections = (*others, drawn)
    (tmp_path / "report.pdf").write_bytes(render_pdf(replace(report, organisation="株式会社テスト", sections=sections)))
    shown = text_of(tmp_path / "report.pdf")
    assert "株式会社テスト" in shown
    assert all(shown.count(name) >= 2 for name in NAMES), "once in a table, once in a picture"
    assert "U+5BA2" not in shown


def test_a_picture_draws_the_names_and_leaves_browsers_their_own_fonts() -> None:
    files = draw_files(talkers(), a_period())
    spelled = replace(talkers(), finding=readable(talkers().finding))
    plain = draw(replace(spelled, table=worlds.top_talkers(3).table), a_period(), "png")
    assert plain is not None
    assert Image.open(BytesIO(files["png"])).tobytes() != Image.open(BytesIO(plain)).tobytes()
    assert NAMES[0] in files["svg"].decode()
    assert "Sentinel CJK" not in files["svg"].decode()
    assert "U+" not in files["svg"].decode()


def test_names_are_as_wide_as_they_are_drawn() -> None:
    with typeset(set("客厅")):
        assert width("客厅", 10) == pytest.approx(20)
        assert [(run, "CJK" in font) for font, run in inked("a客厅b", "Sans")] == [
            ("a", False),
            ("客厅", True),
            ("b", False),
        ]


def test_only_while_a_report_is_drawn_can_its_characters_be() -> None:
    assert readable("漢") == "‹U+6F22›"
    with typeset({"漢", "\u202e"}):
        assert readable("漢字\u202e") == "漢‹U+5B57 U+202E›"
    assert readable("漢") == "‹U+6F22›"


def test_plain_texts_need_no_further_font() -> None:
    with typeset(characters_of(pl.DataFrame({"name": ["Zürich", None], "tags": [["Ω"], None], "n": [1, 2]}))):
        assert list(inked("Zürich Ω", "Sans")) == [("Sans", "Zürich Ω")]


def test_nobody_can_make_a_report_draw_a_whole_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplement, "MOST_CHARACTERS", 40)
    every = {chr(0x4E00 + n) for n in range(45)}
    with typeset(every):
        shown = readable("".join(sorted(every)))
    assert shown.count("U+") == 5
