"""Public samples, read where they lie; the counts are those printed in their description."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import orjson
import polars as pl
import pytest

from sentinel_pipeline.domain.tables import ALERTS
from sentinel_pipeline_tests.sources.zeek_logs import Result, day, read

SHARED = Path(os.environ.get("SENTINEL_SHARED_DATA", Path(__file__).parents[2] / "../shared/data"))


def sample(name: str) -> Path:
    place = SHARED / name
    if not place.exists():
        pytest.skip(f"no public sample at {place}; set SENTINEL_SHARED_DATA to the folder that holds {name}")
    return place


def by_day(found: Result) -> dict[str, int]:
    days = found.rows.group_by(pl.col("started_at").dt.date().cast(pl.String).alias("day")).len()
    return dict(sorted(days.iter_rows()))


def test_m57_connections_lie_on_the_two_days_of_their_times() -> None:
    place = sample("zeek-m57/zeek/conn.log.gz")
    found = read(place)
    assert by_day(found) == {"2009-11-18": 6_250, "2009-11-19": 2_212}
    assert found.reasons == []
    assert found.rows["bytes_sent"].null_count() == 464
    assert str(found.row["started_at"]) == "2009-11-18 08:00:21.486539+00:00"
    assert read(place, window=day("2009-11-19")).rows.height == 2_212
    logged = [line.split("\t") for line in gzip.decompress(place.read_bytes()).decode().split("\n") if line[:1] != "#"]
    sent = sum(int(fields[9]) for fields in logged if len(fields) > 9 and fields[9] != "-")
    assert found.rows["bytes_sent"].sum() == sent


def test_m57_json_with_iso_times_and_strange_files_beside() -> None:
    found = read(sample("zeek-m57/json"))
    assert found.rows.height == 729
    assert set(found.rows["started_at"].dt.year()) == {2011}
    assert {reason for _, reason in found.reasons} == {"not_a_zeek_log"}


def test_m57_mixed_json_counts_only_connections_and_notices() -> None:
    place = sample("zeek-m57/zeek/zeek.json")
    lines = [orjson.loads(line) for line in place.read_bytes().splitlines()]
    conns = [one for one in lines if "conn_state" in one and one.get("_path") != "conn_long"]
    notices = [one for one in lines if "note" in one]
    connections, alerts = read(place), read(place, ALERTS)
    assert (connections.rows.height, alerts.rows.height) == (len(conns), len(notices))


def test_zat_in_both_forms() -> None:
    place = sample("zat")
    assert by_day(read(place)) == {"2013-09-15": 360, "2019-12-03": 50, "2022-03-17": 3}
    assert read(place, ALERTS).rows.height == 2


def test_masked_baselines_are_kept_aside_and_counted() -> None:
    place = sample("zeek-btest")
    found = read(place)
    reasons = [str(reason) for _, reason in found.reasons]
    assert found.rows.is_empty()
    lines = [line for log in place.rglob("conn*.log") for line in log.read_text().splitlines() if line[:1] != "#"]
    masked = sum(line.startswith("XXXXXXXXXX.XXXXXX") for line in lines)
    unheard = sum(reason.startswith("missing_columns") for reason in reasons)
    assert masked == 2_219
    assert masked - unheard * 5 < reasons.count("bad_time") <= masked
    assert unheard > 50
    assert found.bad["location"].n_unique() == found.bad.height


def test_apt29_with_underscored_keys_and_host_names_in_file_names() -> None:
    place = sample("otrf-apt29-zeek")
    found = read(place)
    assert by_day(found) == {"2020-04-30": 613, "2020-05-01": 1_172}
    assert found.rows["service"].null_count() == 278
    assert found.rows["bytes_sent"].null_count() == 39
    assert read(place, ALERTS).rows.height == 3
