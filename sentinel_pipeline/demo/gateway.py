"""Writes the gateway's Zeek logs: one folder per local day, a file every few hours, rows in the file they ended in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from sentinel_pipeline.demo.chance import Chance, marks
from sentinel_pipeline.demo.household import GUESTS
from sentinel_pipeline.demo.notices import NOTICE, notices
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import Stretch, microseconds
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.demo.traffic import traffic
from sentinel_pipeline.demo.zeek_conn import CONN, conn_rows
from sentinel_pipeline.demo.zeek_files import Log, log_lines, write_log
from sentinel_pipeline.domain.period import Period, hour_end

ROTATION_HOURS = 4
JSON_EVERY = 3
BROKEN_EVERY = 3


def write_gateway(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes conn and notice logs file by file; memory holds one day and the connections still open at its end."""
    still_open: pl.DataFrame | None = None
    for done, stretch in enumerate(plan.stretches(), 1):
        started = connections(plan, stretch)
        rows = started if still_open is None else pl.concat([still_open, started])
        _write_stretch(folder, plan, stretch, rows.sort("end_us", "us", "uid"))
        still_open = rows.filter(pl.col("end_us") >= stretch.end_us)
        progress("gateway", plan.whole_days(done), plan.days)


def connections(plan: Plan, stretch: Stretch) -> pl.DataFrame:
    """A stretch's connections by their start, with Zeek's uid and the moment they are logged."""
    dice = plan.dice(stretch.day, "gateway")
    rows = traffic(GUESTS, plan, stretch.day, dice)
    rows = rows.with_columns(uid=marks(dice, "C", rows.height, 17), missed=_losses(dice, rows.height))
    lasting = (pl.col("seconds").fill_null(5.0) * 1_000_000).cast(pl.Int64)
    return rows.with_columns(end_us=pl.col("us") + lasting).filter(
        pl.col("us").is_between(stretch.start_us, stretch.end_us, closed="left")
    )


def _losses(dice: Chance, count: int) -> pl.Series:
    return pl.Series((dice.random(count) < 0.002) * dice.integers(100, 9_000, count))


def _rotations(plan: Plan, stretch: Stretch) -> list[tuple[datetime, datetime]]:
    """From when to when each file of the stretch was open, by the local clock."""
    hours = [s for s in Period("daily", stretch.day, plan.zone).hour_starts if s < stretch.window.end]
    hours = [start for start in hours if start >= stretch.window.start]
    opened = [n for n, start in enumerate(hours) if n == 0 or start.astimezone(plan.zone).hour % ROTATION_HOURS == 0]
    lasts = [*(n - 1 for n in opened[1:]), len(hours) - 1]
    return [(hours[n], hour_end(hours[last], plan.zone)) for n, last in zip(opened, lasts, strict=True)]


def _write_stretch(folder: Path, plan: Plan, stretch: Stretch, rows: pl.DataFrame) -> None:
    """Writes the stretch's files; hours without connections have a file with only a header."""
    place = folder / stretch.day.isoformat()
    style = "json" if stretch.day.toordinal() % JSON_EVERY == 1 else "tsv"
    # Slices bound the memory that a large scale's text takes while it is put together.
    pieces = [log_lines(CONN, style, conn_rows(piece)) for piece in rows.iter_slices(20_000)]
    logged = rows.select("end_us").with_columns(pl.concat(pieces) if pieces else pl.Series("line", [], pl.String))
    raised = notices(plan, stretch)
    noted = raised.select(end_us="ts").with_columns(log_lines(NOTICE, style, raised))
    for start, end in _rotations(plan, stretch):
        opened, closed = start.astimezone(plan.zone), end.astimezone(plan.zone)
        is_broken = stretch.day.toordinal() % BROKEN_EVERY != 2 and opened.hour == 12
        conn = Log("conn", CONN, style, opened, closed)
        write_log(place, conn, _lines(logged, start, end), is_broken=is_broken)
        if lines := _lines(noted, start, end):
            write_log(place, Log("notice", NOTICE, style, opened, closed), lines)


def _lines(logged: pl.DataFrame, start: datetime, end: datetime) -> list[str]:
    in_hour = pl.col("end_us").is_between(microseconds(start), microseconds(end), closed="left")
    lines: list[str] = logged.filter(in_hour)["line"].to_list()
    return lines
