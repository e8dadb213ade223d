"""Source systems into the lake: every table of a source for a span of days, in one pass, with a receipt for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from sentinel_pipeline.domain.amounts import counted, was_or_were
from sentinel_pipeline.domain.errors import SourceAwayError, SourceChangedError, SourceUnreachableError
from sentinel_pipeline.domain.names import slug
from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import QUARANTINE, RECEIPTS, Table
from sentinel_pipeline.lake.closures import is_closed
from sentinel_pipeline.lake.copies import keep_copies
from sentinel_pipeline.lake.readings import (
    MARKS,
    ReadMeanwhileError,
    asset_of,
    begin_to_keep,
    forget,
    remember,
    remembered,
    sole_keeper,
    stale_days,
    stands,
    was_read_alike,
)
from sentinel_pipeline.lake.storage import Storage
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.lake.whole_files import name as give_name
from sentinel_pipeline.lake.working_copy import side_by_side
from sentinel_pipeline.lake.writing import DayFile, without_copies, write_days
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Dated, Source, SourceKind, SourceSettings

PARTIAL_SHARE = 0.01
READINGS = 3
DAMAGED_FILE = ("unreadable_file", "truncated_gzip", "missing_columns")


@dataclass(frozen=True)
class Extraction:
    """What came of reading a source for some days: `failure` is the one line that says why it could not be read.

    `kept` are the days whose earlier rows stand: nothing changed since, or the source is away now and was not then.
    `may_pass`: in a moment it may be readable.
    """

    source: str
    days: tuple[str, ...]
    kept: tuple[str, ...]
    receipts: pl.DataFrame
    failure: str | None = None
    may_pass: bool = False


def extract(kind: SourceKind, settings: SourceSettings, days: Sequence[Period], lake: Lake) -> Extraction:
    """Reads every table of the source for the days into the lake; one that cannot be reached leaves receipts too."""
    read: list[Period] = []
    try:
        _read_again_if_changed(kind, settings, days, lake, read)
    except SourceUnreachableError as error:
        return _unreached(kind, settings, days, lake, error)
    kept = tuple(day.key for day in days if day not in read)
    return Extraction(settings.name, _keys(days), kept, _receipts(settings.name, days, lake))


def _read_again_if_changed(
    kind: SourceKind, settings: SourceSettings, days: Sequence[Period], lake: Lake, read: list[Period]
) -> None:
    for _ in range(READINGS - 1):
        with suppress(SourceChangedError):
            return _read_stale(kind, settings, days, lake, read)
    return _read_stale(kind, settings, days, lake, read)


def _read_stale(
    kind: SourceKind, settings: SourceSettings, days: Sequence[Period], lake: Lake, read: list[Period]
) -> None:
    """Reads the days that are not in the lake as the source is now, and adds them to `read`.

    All tables into a temporary folder first, so that a source that fails half-way changes nothing. Raises
    ReadMeanwhileError when somebody else kept a day meanwhile, whose rows may be newer.
    """
    known = {day.key: remembered(settings, day, lake) for day in days}  # before the source is asked for its state
    with kind.open(settings, lake.root / "extracts" / slug(settings.name)) as source, _folder(lake) as folder:
        fingerprint = source.fingerprint()
        stale = stale_days(settings, days, fingerprint, lake)
        unmarked = [day for day in days if MARKS not in known[day.key] and not is_closed(lake, day.key)]
        reading = _read(source, kind, stale, folder, lake.storage) if stale else None
        unknown = [day for day in days if day in stale or day in unmarked]
        marks = source.marks(unknown, None) if unknown else {}
        for day in unknown:
            with sole_keeper(settings, day, lake):
                if remembered(settings, day, lake) != known[day.key]:
                    raise ReadMeanwhileError(f"{settings.place}: {day.key} was read by somebody else meanwhile")
                if reading is not None and day in stale:
                    begin_to_keep(settings, day, lake)
                    _keep(reading, day, lake)
                    read.append(day)
                remember(settings, day, fingerprint, marks[day.key], lake)


@contextmanager
def _folder(lake: Lake) -> Iterator[Path]:
    (lake.root / "extracts").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".reading-", dir=lake.root / "extracts") as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Reading:
    """Tables of some days as they were read, by table and day key, and what could not be read."""

    kind: SourceKind
    settings: SourceSettings
    files: Mapping[str, Mapping[str, DayFile]]
    present: Mapping[str, bool]
    unread: pl.DataFrame
    is_dated: bool


def _read(source: Source, kind: SourceKind, days: list[Period], folder: Path, storage: Storage) -> Reading:
    bad: list[pl.DataFrame] = []
    present = {table.name: source.has(table) for table in kind.tables}
    files = {table.name: _read_table(source, table, days, folder, storage, bad) for table in kind.tables}
    return Reading(kind, source.settings, files, present, _distinct(bad), isinstance(source, Dated))


def _keep(reading: Reading, day: Period, lake: Lake) -> None:
    """Gives the files of a day their names in the lake, with quarantine and receipts."""
    settings, tables = reading.settings, reading.kind.tables
    name = settings.name
    kept = [] if reading.is_dated else kept_snapshots(settings, reading.kind, day, lake)
    quarantine = _quarantine(name, day, reading.unread.filter(_of_day(day)), kept, lake)
    files = {table: reading.files[table.name][day.key] for table in tables}
    receipts = [_receipt(name, *one, quarantine, present=reading.present[one[0].name]) for one in files.items()]
    moves = [(file.path, lake.path(asset_of(name, file.table.name), day.key)) for file in files.values()]
    side_by_side(lake.root, lambda move: _move(*move), [move for move in moves if move[0].parent.name not in kept])
    lake.write(asset_of(name, "quarantine"), day.key, quarantine)
    earlier = _earlier_receipts(name, day, lake).filter(pl.col("table").is_in(kept))
    fresh = pl.DataFrame(receipts, schema=RECEIPTS.schema).filter(~pl.col("table").is_in(kept))
    lake.write(asset_of(name, "receipts"), day.key, pl.concat([fresh, earlier]).sort("table"))


def _read_table(
    source: Source, table: Table, days: list[Period], folder: Path, storage: Storage, bad: list[pl.DataFrame]
) -> dict[str, DayFile]:
    if table.is_snapshot and isinstance(source, Dated):
        return _inventories(source, table, days, folder, storage)
    window = Window(min(day.window.start for day in days), max(day.window.end for day in days))
    quarantine = Quarantine(source.settings.name, bad.append)
    batches = source.read(table, window, quarantine) if source.has(table) else iter(())
    files = write_days(batches, table, days, folder, storage)
    for key, file in files.items():
        found = without_copies(file, None if table.is_snapshot else key)
        if found is not None:
            keep_copies(found, table, quarantine)
    return files


def _inventories(source: Dated, table: Table, days: list[Period], folder: Path, storage: Storage) -> dict[str, DayFile]:
    files: dict[str, DayFile] = {}
    for day, frame in zip(days, source.inventories(table, [day.window for day in days]), strict=True):
        files |= write_days((frame,), table, [day], folder, storage)
    return files


def _distinct(bad: list[pl.DataFrame]) -> pl.DataFrame:
    """A record that several reads met stands once per table and reason."""
    whole = pl.concat([QUARANTINE.empty(), *bad])
    return whole.unique(["table", "location", "reason"], keep="first").sort("table", "location", "reason")


def _of_day(day: Period) -> pl.Expr:
    time = pl.col("occurred_at")
    return time.is_null() | ((time >= day.window.start) & (time < day.window.end))


def _receipt(source: str, table: Table, file: DayFile, quarantine: pl.DataFrame, *, present: bool) -> dict[str, object]:
    bad = quarantine.filter(pl.col("table") == table.name)
    status, reason = _status(file.rows, bad) if present else ("not in source", None)
    return {
        "source": source,
        "table": table.name,
        "rows": file.rows if present else None,
        "first_at": file.first_at,
        "last_at": file.last_at,
        "quarantined": bad["location"].n_unique(),
        "status": status,
        "reason": reason,
    }


def _status(rows: int, bad: pl.DataFrame) -> tuple[str, str | None]:
    """Bad records that belong to no day do not make a day partial, unless nothing else is left of it."""
    damaged = bad.filter(pl.col("reason").str.contains(f"^({'|'.join(DAMAGED_FILE)})"))
    if not damaged.is_empty():
        return "partial", f"{counted(damaged['location'].n_unique(), 'file')} could not be read in full"
    dated = bad.filter(pl.col("occurred_at").is_not_null())["location"].n_unique()
    if dated > PARTIAL_SHARE * (rows + dated):
        return "partial", f"{dated:,} of {counted(rows + dated, 'record')} {was_or_were(dated)} set aside"
    if rows == 0 and not bad.is_empty():
        return (
            "partial",
            f"{counted(bad['location'].n_unique(), 'record')} without a usable time may belong to this day",
        )
    return ("received" if rows else "no events"), None


def kept_snapshots(settings: SourceSettings, kind: SourceKind, day: Period, lake: Lake) -> list[str]:
    """Snapshot tables taken with the day before, from the same place: a later inventory must not rewrite the past."""
    if not was_read_alike(settings, day, lake):
        return []
    return [
        table.name
        for table in kind.tables
        if table.is_snapshot and lake.has(asset_of(settings.name, table.name), day.key)
    ]


def _quarantine(source: str, day: Period, unread: pl.DataFrame, kept: list[str], lake: Lake) -> pl.DataFrame:
    """What could not be read of a day; of kept snapshots what could not be read when they were taken."""
    earlier = lake.read_all(asset_of(source, "quarantine"), [day.key], QUARANTINE.schema)
    of_kept = pl.col("table").is_in(kept)
    return pl.concat([unread.filter(~of_kept), earlier.filter(of_kept)]).sort("table", "location", "reason")


def _earlier_receipts(source: str, day: Period, lake: Lake) -> pl.DataFrame:
    return lake.read_all(asset_of(source, "receipts"), [day.key], RECEIPTS.schema)


def _unreached(
    kind: SourceKind, settings: SourceSettings, days: Sequence[Period], lake: Lake, error: SourceUnreachableError
) -> Extraction:
    """Rows read on an earlier day stand; a day never read gets empty tables and says so."""
    failure, may_pass = str(error), isinstance(error, SourceAwayError)
    kept = []
    for day in days:
        with sole_keeper(settings, day, lake):
            if stands(settings, day, lake):
                kept.append(day)
            else:
                _keep_nothing(kind, settings, day, lake, failure)
    return Extraction(settings.name, _keys(days), _keys(kept), _receipts(settings.name, days, lake), failure, may_pass)


def _keep_nothing(kind: SourceKind, settings: SourceSettings, day: Period, lake: Lake, failure: str) -> None:
    forget(settings, day, lake)
    for table in (*kind.tables, QUARANTINE):
        lake.write(asset_of(settings.name, table.name), day.key, table.empty())
    missing = [
        {"source": settings.name, "table": table.name, "rows": None, "quarantined": 0}
        | {"first_at": None, "last_at": None, "status": "unreachable", "reason": failure}
        for table in kind.tables
    ]
    lake.write(asset_of(settings.name, "receipts"), day.key, pl.DataFrame(missing, schema=RECEIPTS.schema))


def _receipts(source: str, days: Sequence[Period], lake: Lake) -> pl.DataFrame:
    parts = [_earlier_receipts(source, day, lake).with_columns(day=pl.lit(day.key)) for day in days]
    return pl.concat(parts)


def _keys(days: Sequence[Period]) -> tuple[str, ...]:
    return tuple(day.key for day in days)


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    give_name(path, target)
