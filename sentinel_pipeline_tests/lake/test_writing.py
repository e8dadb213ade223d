from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import ALERTS, DEVICES
from sentinel_pipeline.lake import writing
from sentinel_pipeline.lake.writing import without_copies, write_days
from sentinel_pipeline_tests.clocks import BRIEF, day, week
from sentinel_pipeline_tests.statistics.frames import alerts, days_of, devices, instants, utc

WEEK = days_of(week("2025-10-20"))
MICROSECOND = timedelta(microseconds=1)


def keys(path: Path) -> list[str]:
    return pl.read_parquet(path)["alert_id"].to_list()


def test_rows_go_to_their_local_day_and_others_are_dropped(tmp_path: Path) -> None:
    sunday = day("2025-10-26").window
    times = {"before": WEEK[0].window.start - MICROSECOND, "first": sunday.start, "eve": sunday.start - MICROSECOND}
    times |= {"last": sunday.end - MICROSECOND, "after": sunday.end}
    batch = alerts(*({"alert_id": key, "raised_at": time} for key, time in times.items()))
    files = write_days([batch], ALERTS, WEEK, tmp_path)
    assert sorted(keys(files["2025-10-26"].path)) == ["first", "last"]
    assert keys(files["2025-10-25"].path) == ["eve"]
    assert files["2025-10-26"].rows == 2
    assert (files["2025-10-26"].first_at, files["2025-10-26"].last_at) == (times["first"], times["last"])
    assert list(files) == [one.key for one in WEEK]
    assert pl.read_parquet(files["2025-10-20"].path).schema == ALERTS.schema


@BRIEF
@given(data=st.data())
def test_every_row_of_the_days_is_written_once(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    days = data.draw(st.sampled_from([WEEK, WEEK[-1:], WEEK[::2]]))
    times = data.draw(st.lists(instants(week("2025-10-20").window), max_size=20))
    frame = alerts(*({"raised_at": time} for time in times))
    size = data.draw(st.integers(1, 9))
    batches = [frame[start : start + size] for start in range(0, frame.height, size)]
    files = write_days(batches, ALERTS, days, tmp_path_factory.mktemp("days"))
    for one in days:
        inside = [
            key for key, time in zip(frame["alert_id"], times, strict=True) if one.window.start <= time < one.window.end
        ]
        assert keys(files[one.key].path) == inside  # in their order, whichever days are read with them
        assert files[one.key].rows == len(inside)


def test_a_snapshot_goes_to_every_day(tmp_path: Path) -> None:
    files = write_days([devices({"device_ip": "a"}, {"device_ip": "b"})], DEVICES, WEEK[:2], tmp_path)
    assert [pl.read_parquet(file.path)["device_ip"].to_list() for file in files.values()] == [["a", "b"]] * 2


def test_a_repeated_key_leaves_the_first_row_and_gives_back_the_others(tmp_path: Path) -> None:
    noon = utc("2025-10-26T12:00:00")
    named = [("a", "1"), ("b", "2"), ("a", "3"), (None, "4"), (None, "5"), ("a", "6")]
    batch = alerts(*({"alert_id": key, "raised_at": noon, "explanation": text} for key, text in named))
    file = write_days([batch[:2], batch[2:]], ALERTS, WEEK[-1:], tmp_path)["2025-10-26"]
    repeated = without_copies(file, "2025-10-26")
    assert repeated is not None
    assert repeated["explanation"].to_list() == ["3", "6"]
    left = pl.read_parquet(file.path)
    assert left["explanation"].to_list() == ["1", "2", "4", "5"]
    assert left.schema == ALERTS.schema
    assert file.rows == 4
    assert without_copies(write_days([batch[:2]], ALERTS, WEEK[-1:], tmp_path)["2025-10-26"], "2025-10-26") is None


def test_only_a_bounded_number_of_rows_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BUFFERED_ROWS", 100)
    held: list[int] = []
    monkeypatch.setattr(writing.DayFile, "flush", counted_flush(held, writing.DayFile.flush))
    noon = utc("2025-10-26T12:00:00")

    def batches() -> Iterator[pl.DataFrame]:
        for number in range(50):
            yield alerts(*({"alert_id": f"{number}-{n}", "raised_at": noon} for n in range(30)))

    file = write_days(batches(), ALERTS, WEEK[-1:], tmp_path)["2025-10-26"]
    assert file.rows == 1500
    assert max(held) < 130
    assert pl.scan_parquet(file.path).select(pl.len()).collect().item() == 1500


def counted_flush(held: list[int], flush: object) -> object:
    def counted(file: writing.DayFile) -> None:
        held.append(sum(part.height for part in file.buffered))
        assert callable(flush)
        flush(file)

    return counted
