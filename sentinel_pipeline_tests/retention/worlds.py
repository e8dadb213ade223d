"""Items made up, and data folders with something of every kind in them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.retention.applying import Keeper, Outcome, apply
from sentinel_pipeline.retention.stock import Item
from sentinel_pipeline.retention.survey import Survey, survey
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline_tests.clocks import BERLIN

CONFIGURATION = "timezone: Europe/Berlin\nsources: [{name: home, kind: zeek, location: logs}]\n"
NOW = datetime(2025, 6, 1, 0, 0, tzinfo=UTC)
TODAY = date(2025, 6, 1)


def item(name: str, kind: Kind = "facts", *, is_begun: bool = False) -> Item:
    day = date.fromisoformat(name.rpartition("/")[2])
    return Item(kind, name, day, day, day, 1, 10, is_begun=is_begun)


def configured(data: Path, retention: str) -> Settings:
    """Settings of a data folder with these rules."""
    (data / "config").mkdir(parents=True, exist_ok=True)
    (data / "config" / "sentinel.yaml").write_text(f"{CONFIGURATION}retention: {retention}\n", encoding="utf-8")
    return load_settings(data)


def write(data: Path, path: str, content: str = "content", day: str = "") -> Path:
    """A file below the data folder, written at noon of a day if one is named."""
    file = data / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    if day:
        noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN).timestamp()
        os.utime(file, (noon, noon))
    return file


def make_day(data: Path, key: str) -> None:
    """What reading and counting a day leaves in the lake."""
    for path in (f"extracts/home/alerts/{key}.parquet", f"extracts/home/receipts/{key}.json"):
        write(data, f"lake/{path}")
    write(data, f"lake/extracts/home/quarantine/{key}.parquet")
    (data / "lake/facts/alerts").mkdir(parents=True, exist_ok=True)
    (data / f"lake/facts/alerts/{key}.parquet").hardlink_to(data / f"lake/extracts/home/alerts/{key}.parquet")
    write(data, f"lake/facts/quarantine/{key}.parquet")
    for statistic in STATISTICS:
        write(data, f"lake/statistics/{statistic.name}/{key}.parquet")


def ledger(data: Path) -> Ledger:
    return open_ledger(f"sqlite:///{data / 'state.db'}")


def keeper(settings: Settings) -> Keeper:
    """Of this data folder, in which time stands still and no run was ever made."""
    is_told = bool(settings.alerts.recipients)
    return Keeper(settings.data, settings.zone, ledger(settings.data), lambda: NOW, lambda item: 0, is_told)


def retain(settings: Settings, today: date = TODAY, kept: Keeper | None = None) -> tuple[Survey, Outcome]:
    """What a call of retention on a day finds and does."""
    kept = kept or keeper(settings)
    surveyed = survey(settings, kept.ledger, [], today)
    return surveyed, apply(kept, surveyed)


def files(data: Path) -> set[str]:
    return {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file() or path.is_symlink()}
