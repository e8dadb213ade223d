"""docs/features.md lists every promise of the five systems once, in order, each with how a user gets it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_pipeline.cli import cli
from sentinel_pipeline.sections import SECTIONS

PROJECT = Path(__file__).resolve().parent.parent
FEATURES = PROJECT / "docs" / "features.md"
REFERENCE = PROJECT / os.environ.get("SENTINEL_SHARED_REFERENCE", "../shared/reference")

COUNTS = {"IS": 31, "DL": 32, "KM": 35, "IH": 15, "AF": 16}
PROMISES = [f"{system}-{number:02}" for system, count in COUNTS.items() for number in range(1, count + 1)]
NUMBER = re.compile(r"(?:IS|DL|KM|IH|AF)-\d\d")
CHECKLIST = re.compile(rf"^(?:- \[[ x]\] |\| )({NUMBER.pattern})\b", re.MULTILINE)
TODAY = re.compile(r"`[^`]+`")
LATER = re.compile(r"later: step ([0-9]+) \([^)]+\)")


def rows() -> Iterator[tuple[str, str, str]]:
    """Number, promise and the way to it of every line of the tables."""
    for line in FEATURES.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and NUMBER.fullmatch(cells[0]):
            number, promise, way = cells
            yield number, promise, way


def test_every_promise_is_listed_once_and_in_order() -> None:
    assert [number for number, _, _ in rows()] == PROMISES


def test_the_list_is_the_checklists() -> None:
    if not REFERENCE.is_dir():
        pytest.skip(f"no checklists at {REFERENCE}; set SENTINEL_SHARED_REFERENCE to the folder that holds them")
    found = [number for path in REFERENCE.glob("*.md") for number in CHECKLIST.findall(path.read_text("utf-8"))]
    assert sorted(found) == sorted(PROMISES)


def test_every_promise_says_how_to_get_it_or_which_step_brings_it() -> None:
    vague = [number for number, promise, way in rows() if not promise or not (TODAY.search(way) or LATER.search(way))]
    assert not vague


def test_only_steps_that_exist_are_named() -> None:
    steps = {int(step) for _, _, way in rows() for step in LATER.findall(way)}
    assert steps <= {2, 3, 4, 5}
    loose = [number for number, _, way in rows() if way.count("later") != len(LATER.findall(way))]
    assert not loose


def test_every_command_named_exists() -> None:
    commands = set(re.findall(r"`sentinel ([a-z]+)", FEATURES.read_text(encoding="utf-8")))
    assert commands <= set(cli.commands)


def test_every_table_and_chart_named_is_a_section() -> None:
    text = FEATURES.read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:tables|charts)/([a-z_]+)\.[a-z]+`", text))
    assert named
    assert named <= {section.name for section in SECTIONS}
