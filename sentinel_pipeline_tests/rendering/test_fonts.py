"""Every character is seen, every line fits."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.rendering.characters import printable, readable, shortened, visual
from sentinel_pipeline.rendering.fonts import covered, width
from sentinel_pipeline.rendering.lines import fitted, wrapped
from sentinel_pipeline_tests.rendering.worlds import HOSTILE


def adversarial_files() -> list[Path]:
    data = Path(os.environ.get("SENTINEL_SHARED_DATA", "../shared/data")) / "adversarial"
    return sorted(path for path in data.glob("**/*.txt") if path.stat().st_size < 400_000)


def test_what_the_font_draws_stays_as_it_is() -> None:
    assert readable("Zürich – 5 µm ▲ 12 € Ω Ж") == "Zürich – 5 µm ▲ 12 € Ω Ж"


def test_what_the_font_lacks_is_spelled_out() -> None:
    assert readable("漢字 ok") == "‹U+6F22 U+5B57› ok"


def test_control_characters_and_overrides_are_spelled_out() -> None:
    assert readable("a\x00b\u202ec\x1b") == "a‹U+0000›b‹U+202E›c‹U+001B›"


def test_a_new_line_is_marked() -> None:
    assert readable("one\ntwo") == "one↵two"


def test_an_emoji_sequence_keeps_every_part() -> None:
    shown = readable("👩\u200d👧")
    assert all(f"U+{ord(part):04X}" in shown or part in shown for part in "👩\u200d👧")


def test_scripts_stay_where_the_reader_brings_fonts_but_controls_do_not() -> None:
    assert printable("漢字\x07") == "漢字‹U+0007›"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_drawn_whole(text: str) -> None:
    assert_whole(text)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_is_drawn_whole(text: str) -> None:
    assert_whole(text)


def test_collected_hostile_texts_are_drawn_whole() -> None:
    files = adversarial_files()
    if not files:
        pytest.skip("no ../shared/data/adversarial here")
    for line in chain.from_iterable(file.read_text("utf-8", errors="replace").splitlines() for file in files):
        assert_whole(line)


@given(st.text(max_size=200), st.floats(30, 300))
def test_no_line_is_wider_than_its_column(text: str, most: float) -> None:
    for line in wrapped(readable(text), most, 8):
        assert width(line, 8) <= most + 12  # one letter with its marks may not be cut


@given(st.text(max_size=200))
def test_breaking_lines_loses_nothing(text: str) -> None:
    shown = readable(text)
    assert "".join(wrapped(shown, 60, 8)).replace(" ", "") == shown.replace(" ", "")


def test_a_cut_name_says_so() -> None:
    assert fitted("W" * 100, 50, 8).endswith("…")
    assert shortened("abcdef", 4) == "abc…"


def test_right_to_left_runs_are_turned_for_the_canvas() -> None:
    assert visual("abc שלום 12") == "abc םולש 12"


def assert_whole(text: str) -> None:
    shown = readable(text)
    assert all(ord(character) in covered() for character in shown)
    assert all(character in shown or f"U+{ord(character):04X}" in shown for character in set(text.replace("\n", "")))
