"""A report is cut down without a number of all being taken for a number of some."""

from __future__ import annotations

import polars as pl
import pytest

from sentinel_pipeline.domain.privacy import Privacy
from sentinel_pipeline.publishing.narrowing import DEVICE, OF_NO_DEVICE, WHOLE, Narrowing, hidden
from sentinel_pipeline.publishing.request_words import cut_words, request_words
from sentinel_pipeline.publishing.scope import Scope, needed_by, statistic_schema
from sentinel_pipeline.sources.kinds import SOURCES, tables_given
from sentinel_pipeline.statistics import STATISTICS

EVERYTHING = Scope(tables_given((kind.kind, kind.kind) for kind in SOURCES))
SOME_DEVICES = EVERYTHING.narrowed(Narrowing(devices=("192.168.1.5",)))
KEY = b"0123456789abcdef"


def test_every_statistic_says_of_which_source_it_is() -> None:
    assert [one.name for one in STATISTICS if "source" not in statistic_schema(one)] == []


def test_the_column_of_each_statistic_that_tells_devices_apart_is_there() -> None:
    schemas = {one.name: statistic_schema(one) for one in STATISTICS}
    assert [name for name, column in DEVICE.items() if column not in schemas[name]] == []


def test_what_is_told_of_devices_is_made_from_nothing_but_what_tells_them_apart() -> None:
    told = {*DEVICE, *OF_NO_DEVICE}
    for section in SOME_DEVICES.sections:
        names = {name.removesuffix("_before") for name in needed_by(section)}
        assert section.name == "data_completeness" or names <= told
    for figure in SOME_DEVICES.figures:
        assert {*figure.statistics} <= told
        assert figure.course is None or figure.course[0] in told


def test_sections_are_shown_or_named_as_left_out() -> None:
    assert {*SOME_DEVICES.sections, *SOME_DEVICES.left_out} == {*EVERYTHING.sections}
    assert "protocols" in {section.name for section in SOME_DEVICES.left_out}
    assert EVERYTHING.left_out == ()


def test_without_a_request_nothing_is_said_and_nothing_is_cut() -> None:
    frame = pl.DataFrame({"source": ["a", "b"], "device_ip": ["1", "2"]})
    assert WHOLE.cut("alert_devices", frame) is frame
    assert WHOLE.redaction([frame]) is None
    assert request_words(EVERYTHING, str) == ()


def test_rows_of_other_sources_and_devices_are_left_out() -> None:
    frame = pl.DataFrame({"source": ["a", "b", "a"], "device_ip": ["1", "1", None]})
    assert Narrowing(sources=("a",)).cut("alert_devices", frame).rows() == [("a", "1"), ("a", None)]
    assert Narrowing(devices=("1",)).cut("alert_devices", frame).rows() == [("a", "1"), ("b", "1")]
    assert Narrowing(devices=("1",)).cut("energy_demand", frame).height == 3


def test_the_words_name_ten_at_most() -> None:
    (said,) = cut_words(Narrowing(sources=("a",), devices=tuple(f"d{n}" for n in range(12))), str)
    assert said == "Only what a gave of d0, d1, d2, d3, d4, d5, d6, d7, d8, d9 and 2 more."


@pytest.mark.parametrize(
    ("measures", "shown"),
    [
        ({"addresses"}, ("192.168.1.0", "ann saw 192.168.1.0", "critical")),
        ({"drop"}, ("[removed]", "[removed] saw [removed]", "critical")),
    ],
)
def test_texts_that_mention_somebody_are_hidden_too(measures: set[str], shown: tuple[str, ...]) -> None:
    table = pl.DataFrame({"ip_address": ["192.168.1.5"], "said": ["ann saw 192.168.1.5"], "severity": ["critical"]})
    known = pl.DataFrame({"user": ["ann", "critical"]})
    redaction = Narrowing(privacy=Privacy(frozenset(measures), KEY)).redaction([known])
    assert hidden(table, redaction).rows() == [shown]


def test_pseudonyms_are_the_same_wherever_somebody_is_named() -> None:
    redaction = Narrowing(privacy=Privacy(frozenset({"pseudonyms"}), KEY)).redaction([pl.DataFrame({"user": ["ann"]})])
    table = hidden(pl.DataFrame({"user": ["ann", None], "said": ["it was Ann", ""]}), redaction)
    name = table["user"][0]
    assert name.startswith("id-")
    assert table["said"].to_list() == [f"it was {name}", ""]
    assert table["user"][1] is None
