"""One stage each, run as a process of its own: `python -m benchmarks.stages STAGE FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.worlds import ZONE, the_day

COLUMNS = (
    "id, timestamp, device_ip, dest_ip, dest_port, protocol, service, duration, bytes_sent, bytes_received,"
    " packets_sent, packets_received, conn_state"
)


def nothing(folder: Path) -> None:
    """Imports what the limits import: the floor of their processes."""
    import adbc_driver_sqlite.dbapi
    import polars
    import pyarrow

    assert folder, (adbc_driver_sqlite, polars, pyarrow)


def imports(folder: Path) -> None:
    """Imports what our stages import: the floor of ours."""
    import sentinel_pipeline.lake.extraction
    import sentinel_pipeline.rendering.tables
    import sentinel_pipeline.sources.kinds
    import sentinel_pipeline.statistics

    assert folder, sentinel_pipeline


def drain(folder: Path) -> None:
    """The same driver, the same rows, batch after batch to nowhere: what extraction is measured against."""
    import adbc_driver_sqlite.dbapi as driver

    uri = f"file:{folder / 'iotsentinel.db'}?mode=ro"
    with driver.connect(uri) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": 65_536})
        cursor.execute(
            f"SELECT {COLUMNS} FROM connections WHERE timestamp >= '2025-01-15' AND timestamp < '2025-01-16'"
        )
        for _ in cursor.fetch_record_batch():
            pass


def extract(folder: Path) -> None:
    """Every table of the source into the lake."""
    from sentinel_pipeline.lake.extraction import extract as read
    from sentinel_pipeline.lake.store import Lake
    from sentinel_pipeline.sources.kinds import KINDS
    from sentinel_pipeline.sources.source import SourceSettings

    settings = SourceSettings("home", "iotsentinel", f"sqlite:///{folder / 'iotsentinel.db'}", "home")
    extraction = read(KINDS["iotsentinel"], settings, [the_day()], Lake(folder / "lake"))
    assert extraction.failure is None, extraction.failure


def group(folder: Path) -> None:
    """The barest streaming aggregation over the same keys: one pass, no hours, no names."""
    import polars as pl

    rows = pl.scan_parquet(facts(folder))
    keys = (
        ["protocol", "service", "connection_state"],
        ["device_ip"],
        ["destination_ip"],
        ["protocol", "destination_port"],
    )
    sums = pl.col("bytes_sent", "bytes_received").sum()
    pl.collect_all([rows.group_by(key).agg(pl.len(), sums) for key in keys], engine="streaming")


def count(folder: Path) -> None:
    """Daily statistics of connections."""
    import polars as pl

    from sentinel_pipeline.statistics.connections import STATISTICS

    rows = pl.scan_parquet(facts(folder))
    pl.collect_all([statistic.of(rows, the_day()) for statistic in STATISTICS], engine="streaming")


def slices(folder: Path) -> None:
    """All daily statistics of connections, as a run makes them: in slices where the day is large."""
    import polars as pl

    from sentinel_pipeline.orchestration.counting import counted
    from sentinel_pipeline.statistics import STATISTICS

    ours = [statistic for statistic in STATISTICS if statistic.table == "connections"]
    with TemporaryDirectory(dir=folder) as spool:
        counted(pl.scan_parquet(facts(folder)), ours, the_day(), Path(spool))


def keys(folder: Path) -> None:
    """The check that no connection stands twice."""
    import polars as pl

    from sentinel_pipeline.orchestration.counting import has_repeated_keys

    names = ["source", "connection_id"]
    assert not has_repeated_keys(pl.scan_parquet(facts(folder)), names, names[-1])


def sink(folder: Path) -> None:
    """Polars' own CSV of the same rows: what the CSV export is measured against."""
    import polars as pl

    pl.scan_parquet(facts(folder)).sink_csv(folder / "bare.csv")


def csv(folder: Path) -> None:
    """The CSV export: formulas inert, times with their offset."""
    import polars as pl

    from sentinel_pipeline.rendering.spelling import Spelling
    from sentinel_pipeline.rendering.tables import write_csv

    write_csv(pl.scan_parquet(facts(folder)), folder / "ours.csv", Spelling(ZONE))


def facts(folder: Path) -> Path:
    return folder / "facts.parquet"


STAGES = {stage.__name__: stage for stage in (nothing, imports, drain, extract, group, count, slices, keys, sink, csv)}

if __name__ == "__main__":
    STAGES[sys.argv[1]](Path(sys.argv[2]))
