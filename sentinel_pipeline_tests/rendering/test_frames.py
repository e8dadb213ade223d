from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sentinel_pipeline.rendering.frames import INCH, LABEL_GAP, Frame

values = st.floats(-1e6, 1e6)


def frame(**scales: Any) -> Frame:
    return Frame(Figure(figsize=(6, 3)), 1.0, 0.5, 4.0, 2.0, **scales)


def drawn_on(scaled: Frame) -> list[Any]:
    return [artist for artist in scaled.figure.get_children() if artist is not scaled.figure.patch]


def test_the_edges_of_a_frame_are_the_ends_of_its_scales() -> None:
    scaled = frame().scaled((10, 20), (0, 100))
    assert (scaled.x(10), scaled.x(20)) == (1.0, 5.0)
    assert (scaled.y(0), scaled.y(100)) == (0.5, 2.5)


def test_a_scale_may_run_downwards() -> None:
    scaled = frame().scaled((0, 1), (3, 0))
    assert scaled.y(0) == scaled.top
    assert scaled.y(3) == scaled.bottom


@given(start=values, end=values, share=st.floats(0, 1))
def test_a_value_between_two_others_is_drawn_between_them(start: float, end: float, share: float) -> None:
    low, high = sorted((start, end))
    assume(high - low > 1e-3)
    value = low + (high - low) * share
    scaled = frame().scaled((low, high), (low, high))
    assert scaled.left - 1e-6 <= scaled.x(value) <= scaled.right + 1e-6
    assert scaled.bottom - 1e-6 <= scaled.y(value) <= scaled.top + 1e-6


def test_labels_end_beside_the_frame_at_the_height_of_their_values() -> None:
    scaled = frame().scaled((0, 1), (0, 2))
    scaled.write_beside([0, 1], ["none", "one"], "black")
    places = [text.get_position() for text in scaled.figure.texts]
    assert places == [(pytest.approx(1 - LABEL_GAP / INCH), 0.5), (pytest.approx(1 - LABEL_GAP / INCH), 1.5)]
    assert {text.get_horizontalalignment() for text in scaled.figure.texts} == {"right"}


def test_a_label_more_than_places_is_not_dropped_in_silence() -> None:
    with pytest.raises(ValueError, match="longer"):
        frame().write_below([0], ["one", "two"], "black")


def test_many_shapes_are_one_artist_at_their_places_in_inches() -> None:
    scaled = frame().scaled((0, 4), (0, 2))
    scaled.fill([((0, 0), (0, 1), (1, 1), (1, 0)), ((3, 0), (3, 2), (4, 2), (4, 0))], "red", "none", 0)
    (drawn,) = drawn_on(scaled)
    corners = [path.vertices[:4].tolist() for path in drawn.get_paths()]
    assert corners == [
        [[1.0, 0.5], [1.0, 1.5], [2.0, 1.5], [2.0, 0.5]],
        [[4.0, 0.5], [4.0, 2.5], [5.0, 2.5], [5.0, 0.5]],
    ]


def test_a_line_is_broken_where_a_value_is_not_known() -> None:
    scaled = frame().scaled((0, 2), (0, 2))
    scaled.follow([0.0, math.nan, 2.0], "blue")
    (line,) = drawn_on(scaled)
    assert math.isnan(line.get_ydata()[1])
    assert list(line.get_xdata()) == [1.0, 3.0, 5.0]
