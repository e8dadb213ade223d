import pytest

from sentinel_pipeline import terminal
from sentinel_pipeline.terminal import RoomProgress, RowCounter, progress_line


def test_a_line_of_progress_has_rows_and_rate_and_a_bar_where_the_end_is_known() -> None:
    assert progress_line("reading", 1_500_000, None, 2.0) == "  reading 1,500,000 rows  750,000 rows/s"
    assert progress_line("writing", 500, 1_000, 0.0) == f"  writing 500 of 1,000 rows  {'█' * 12}{'░' * 12} 50%"
    assert progress_line("writing", 1_000, 1_000, 2.0).endswith(f"{'█' * 24} 100%  500 rows/s")
    assert progress_line("writing", 0, 0, 1.0) == "  writing 0 rows  0 rows/s"


def test_elsewhere_than_on_a_terminal_there_are_plain_lines_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 0.0, 1.0, 11.0, 12.0, 13.0])
    monkeypatch.setattr(terminal, "monotonic", lambda: next(times))
    counter = RowCounter()
    for rows in (1, 2, 3_000, 4_000):
        counter("reading", rows)
    counter("writing", 1, 4_000)
    counter.close()
    assert capsys.readouterr().err == "  reading 3,000 rows  273 rows/s\n"


def test_on_a_terminal_one_line_changes_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    counter = RowCounter()
    counter("reading", 7)
    counter("writing", 7, 7)
    counter.close()
    counter.close()
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert [line.split("  ")[1].strip() for line in err.split("\r")[1:]] == ["reading 7 rows", "writing 7 of 7 rows"]


@pytest.mark.parametrize(
    ("is_terminal", "expected"),
    [
        (False, "  home: 3 days\n  hub: 3 days\n"),
        (True, "\r  home: 1 of 3\r  home: 1 of 3, hub: 2 of 3\r  home: 3 days             \n\r  hub: 3 days\n"),
    ],
)
def test_rooms_in_the_making_share_a_line_until_each_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool, expected: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    progress = RoomProgress()
    for room, done in (("home", 1), ("hub", 2), ("home", 3), ("hub", 3)):
        progress(room, done, 3)
    assert capsys.readouterr().err == expected
