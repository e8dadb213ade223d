"""A day counted in slices is the day counted in one go, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import INSTANT, TABLE, Table
from sentinel_pipeline.lake.storage import SPOOLS
from sentinel_pipeline.orchestration.counting import counted, has_repeated_keys
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline.statistics.connection_patterns import FEWEST, MOST, PAIR, neither_rare_nor_busy
from sentinel_pipeline.statistics.merging import GROUP, Tally
from sentinel_pipeline.statistics.statistic import Statistic
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import connections, facts, instants

TODAY = day("2025-10-26")  # clocks go back: one hour comes twice
SLICED = sorted({statistic.table for statistic in STATISTICS if statistic.merge is not None})
WORDS = st.sampled_from([None, "", "dns", "critical", "ERROR", '{"download": 1.5}', "a", "b"])
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String: WORDS,
    pl.Boolean: st.sampled_from([None, True, False]),
    pl.Int64: st.sampled_from([None, 0, 1, 53, 2**40]),
    pl.Float64: st.sampled_from([None, 0.1, 0.2, 3_600.0, 7_200.5]),
    pl.List(pl.String): st.sampled_from([None, [], ["PII"], ["PII", "PCI", None]]),
    INSTANT: st.none() | instants(TODAY.window),
}


def rows_of(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of few values, so that groups meet in several slices; times are known, as they are of facts."""
    columns = {name: VALUES[dtype] for name, dtype in table.schema.items() if name not in (table.key, "severity")}
    columns["source"] = st.sampled_from(["home", "office"])
    if "severity" in table.schema:
        columns["severity"] = st.sampled_from(["critical", "high", "low"])
    if "context" in columns:
        columns["context"] = st.sampled_from(["{}", '{"reason": "warm"}', "[]"])
    if table.time is not None:
        columns[table.time] = instants(TODAY.window)
    return st.lists(st.fixed_dictionaries(columns), max_size=30)


def written(frame: pl.DataFrame, folder: Path) -> bytes:
    frame.write_parquet(folder / "written.parquet", compression="zstd", compression_level=3, statistics=True)
    return (folder / "written.parquet").read_bytes()


def in_slices(frame: pl.DataFrame, statistics: list[Statistic], most: int) -> list[bytes]:
    """The files of statistics of rows that lie in a file, counted in slices of so many rows."""
    with TemporaryDirectory() as place:
        frame.write_parquet(Path(place) / "facts.parquet", row_group_size=7)
        rows = pl.scan_parquet(Path(place) / "facts.parquet")
        return [written(one, Path(place)) for one in counted(rows, statistics, TODAY, Path(place), most)]


@pytest.mark.parametrize("table", SLICED)
@settings(BRIEF, max_examples=5)
@given(data=st.data())
def test_however_a_day_is_cut_its_statistics_are_the_same_bytes(table: str, data: st.DataObject) -> None:
    frame = facts(TABLE[table], data.draw(rows_of(TABLE[table])))
    statistics = [statistic for statistic in STATISTICS if statistic.table == table]
    most = data.draw(st.integers(max(frame.height // 5, 1), max(frame.height, 1)))
    assert in_slices(frame, statistics, most) == in_slices(frame, statistics, frame.height)


def rhythms(pairs: int, times: int) -> Iterator[dict[str, Any]]:
    """Pairs that connect so often at a steady rhythm, all mixed."""
    for number in range(times):
        for pair in range(pairs):
            started_at = TODAY.window.start + timedelta(seconds=4 * number + pair / pairs)
            yield {"started_at": started_at, "device_ip": f"10.0.0.{pair}", "destination_ip": "192.0.2.1"}


@pytest.mark.parametrize("most", [9, 100, 10_000])
def test_a_rhythm_that_goes_through_all_slices_is_found(most: int) -> None:
    rare = ({"started_at": TODAY.window.start, "device_ip": "10.1.0.1", "destination_ip": f"s{n}"} for n in range(200))
    frame = connections(*rhythms(6, FEWEST), *rare)
    statistics = [statistic for statistic in STATISTICS if statistic.name == "regular_connections"]
    with TemporaryDirectory() as place:
        frame.write_parquet(Path(place) / "facts.parquet")
        rows = pl.scan_parquet(Path(place) / "facts.parquet")
        [found] = counted(rows, statistics, TODAY, Path(place), most)
    assert found["device_ip"].to_list() == [f"10.0.0.{pair}" for pair in range(6)]
    assert found["connections"].to_list() == [FEWEST] * 6


def test_what_is_kept_aside_meanwhile_is_readable_by_this_process_only(tmp_path: Path) -> None:
    frame = connections(*rhythms(3, FEWEST))
    statistics = [statistic for statistic in STATISTICS if statistic.name == "regular_connections"]
    counted(frame.lazy(), statistics, TODAY, tmp_path, 10)
    parts = sorted(tmp_path.iterdir())
    assert len(parts) == 6
    assert not any(b"192.0.2.1" in part.read_bytes() for part in parts)
    with pytest.raises(pl.exceptions.ComputeError):
        pl.scan_parquet(parts[0]).collect()
    assert sum(SPOOLS.scan(part).collect().height for part in parts) == frame.height


def test_pairs_of_one_hash_are_told_apart_where_both_together_are_too_busy() -> None:
    """No two names of one hash are known, so it is given: both pairs are within what is looked at, together beyond."""
    numbers = {"quiet": MOST, "other": 30, "busy": MOST + 1, "rare": FEWEST - 1}
    hashes = {"quiet": 1, "other": 1, "busy": 2, "rare": 3}
    names = [name for name, number in numbers.items() for _ in range(number)]
    pairs = dict.fromkeys(PAIR) | {"device_ip": names, GROUP: [hashes[name] for name in names]}
    frame = pl.DataFrame(pairs, schema=dict.fromkeys(PAIR, pl.String) | {GROUP: pl.UInt64})
    kept = neither_rare_nor_busy(frame.lazy()).collect()
    assert sorted(kept["device_ip"].unique()) == ["other", "quiet"]
    assert kept.height == MOST + 30


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50), st.integers(1, 4))
def test_a_tally_never_misses_a_group_that_has_enough(hashes: list[int], fewest: int) -> None:
    tally = Tally(len(hashes))
    series = pl.Series(hashes + hashes[: len(hashes) // 2], dtype=pl.UInt64)
    tally.add(series)
    held = tally.holds(series, fewest).to_list()
    assert all(found for found, one in zip(held, series, strict=True) if series.to_list().count(one) >= fewest)
    assert tally.rows(fewest) == sum(held)


def test_keys_are_told_apart_by_all_they_are_made_of() -> None:
    frame = pl.DataFrame({"source": ["a", "b", "a"], "id": ["1", "1", "2"]})
    assert not has_repeated_keys(frame.lazy(), ["source", "id"], "id")
    assert has_repeated_keys(pl.concat([frame, frame[1:2]]).lazy(), ["source", "id"], "id")
    nameless = pl.DataFrame({"source": ["a", "a"], "id": [None, None]}, schema={"source": pl.String, "id": pl.String})
    assert not has_repeated_keys(nameless.lazy(), ["source", "id"], "id")
