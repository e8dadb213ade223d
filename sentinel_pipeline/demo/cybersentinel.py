"""Writes the office's CyberSentinel database as a SQLite file."""

from __future__ import annotations

from pathlib import Path

from sentinel_pipeline.demo.cybersentinel_schema import COLUMNS, INDEXES, SCHEMA
from sentinel_pipeline.demo.files import insertion, new_database
from sentinel_pipeline.demo.office_records import DAILY, STANDING
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import Progress


def write_office(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes `cybersentinel.db` day by day; memory holds one day."""
    with new_database(folder / "cybersentinel.db", SCHEMA, INDEXES) as database:
        for table, records in STANDING:
            database.executemany(insertion(table, COLUMNS[table]), records(plan))
        for done, stretch in enumerate(plan.stretches(), 1):
            for table, daily_records in DAILY:
                database.executemany(insertion(table, COLUMNS[table]), daily_records(plan, stretch))
            progress("office", plan.whole_days(done), plan.days)
