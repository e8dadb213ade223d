"""Two columns are filled in reading order, page by page, and as long as each other where there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.rendering.columns import Columns
from sentinel_pipeline.rendering.grids import Grid, grid
from sentinel_pipeline.rendering.pictures import Beside, Column, Picture
from sentinel_pipeline.rendering.sheets import ROOM, Block, every, pages
from sentinel_pipeline_tests.clocks import BRIEF


def a_piece(name: str, high: float, rows: int = 0) -> Column:
    """A chart, and a table under it that may go on elsewhere."""
    chart = Picture(name, 200.0, high, "", ())
    cells = [(f"{name} {n}", f"{n}") for n in range(rows)]
    table = [grid(("Address", "Count"), ("text", "count"), cells, (("Table", name),), wide=230.0)] if rows else []
    return Column(inside=(chart, *table))


def columns(*pieces: Column) -> Columns:
    return Columns(pieces, 250.0)


def names(block: Block) -> list[str]:
    return [one.name for one in every([block]) if isinstance(one, Picture)]


def test_the_longer_column_is_as_short_as_it_can_be() -> None:
    block = columns(a_piece("a", 100), a_piece("b", 50), a_piece("c", 60))
    assert 110 <= block.height <= 120  # b and c under each other, not a and b
    assert columns(a_piece("a", 100)).height == 100


def test_a_page_is_filled_column_by_column_and_the_rest_goes_on() -> None:
    block = columns(*(a_piece(name, 100) for name in "abcde"))
    parts = block.split(210)
    assert parts is not None
    here, later = parts
    assert isinstance(here, Beside)
    assert [names(half) for half in (here.left, here.right)] == [["a", "b"], ["c", "d"]]
    assert names(later) == ["e"]


def test_a_table_goes_on_in_the_next_column_under_its_header() -> None:
    parts = columns(a_piece("a", 20, rows=40), a_piece("b", 20)).split(300)
    assert parts is not None
    here, later = parts
    tables = [one for one in every([here]) if isinstance(one, Grid)]
    assert [one.is_continued for one in tables] == [False, True]
    assert sum(len(one.rows) for one in tables) == 40
    assert here.height <= 300
    assert later.height == 0
    assert names(here) == ["a", "b"]


def test_what_does_not_fit_at_all_waits_for_the_next_page() -> None:
    block = columns(a_piece("a", 100), a_piece("b", 100))
    assert block.least == 100
    assert block.split(90) is None


def test_nothing_left_over_makes_no_page_of_its_own() -> None:
    filled = pages([columns(a_piece("a", 20, rows=90), a_piece("b", 20))])
    assert len(filled) == 1
    assert all(placed.block.height <= ROOM for placed in filled[0])


@BRIEF
@given(st.lists(st.tuples(st.integers(5, 300), st.integers(0, 60)), min_size=1, max_size=12))
def test_on_any_number_of_pages_every_piece_and_row_stands_once_in_order(sizes: list[tuple[int, int]]) -> None:
    pieces = [a_piece(f"{n}", high, rows) for n, (high, rows) in enumerate(sizes)]
    placed = [one for page in pages([columns(*pieces)]) for one in page]
    drawn = [name for one in placed for name in names(one.block)]
    assert drawn == [f"{n}" for n in range(len(sizes))]
    grids = [one for block in placed for one in every([block.block]) if isinstance(one, Grid)]
    cells = [row.cells[0].lines[0] for one in grids for row in one.rows]
    assert cells == [f"{n} {row}" for n, (_, rows) in enumerate(sizes) for row in range(rows)]
    assert all(one.block.height <= ROOM + 1e-6 for one in placed)
