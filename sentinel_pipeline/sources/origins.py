"""Canonical tables out of source tables of SQL databases.

An `Origin` says where the rows of a canonical table come from, `DatabaseSource` reads them. Joins are made here, in
memory, with small tables only: a stream never waits for another one, and keys of any type meet as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.sources.databases import Database, Selection, unreachable
from sentinel_pipeline.sources.fields import ROW, Field
from sentinel_pipeline.sources.marks import Marks, database_marks
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.sieve import Sieve, first_time
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.timestamps import Zones


@dataclass(frozen=True)
class Origin:
    """Where rows of a canonical table come from, and how they get its columns (`shape`; all but `source`).

    `times` are names the time column goes by, the first that exists is read. Of rows that agree in all `definition`
    columns the one with the lowest key is used and the others are kept in quarantine as `duplicate`. `is_local`: every
    time without an offset is on the clock of the host. Columns that are `secrets` are never kept with a bad record.
    Of `watched` columns a change in place is a late fact too: figures count by them, and they say what happened, not
    what became of it.
    """

    table: Table
    name: str
    key: str
    fields: tuple[Field, ...]
    shape: Callable[[DatabaseSource, pl.DataFrame], pl.DataFrame]
    times: tuple[str, ...] = ()
    definition: tuple[str, ...] = ()
    duplicate: str = "duplicate_row"
    is_local: bool = False
    secrets: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


@dataclass
class DatabaseSource:
    """An opened database of one system."""

    settings: SourceSettings
    database: Database
    origins: tuple[Origin, ...]
    _looked_up: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    @property
    def zones(self) -> Zones:
        return Zones(self.settings.zone, local_zone(self.settings))

    def zones_of(self, origin: Origin) -> Zones:
        return Zones(self.zones.local, self.zones.local) if origin.is_local else self.zones

    def has(self, table: Table) -> bool:
        return any(True for _ in self._present(table))

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        for origin in self._present(table):
            sieve = self._sieve(origin, window, quarantine)
            rows = once(sieve, origin) if origin.definition else sieve.rows()
            for frame in rows:
                yield self.shaped(origin, frame)

    def shaped(self, origin: Origin, rows: pl.DataFrame) -> pl.DataFrame:
        """Typed rows of a source table as rows of the canonical one."""
        table = origin.table
        timed = rows.rename({self._time(origin): table.time}) if table.time else rows
        named = origin.shape(self, timed).with_columns(source=pl.lit(self.settings.name))
        return named.select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())

    def first_at(self) -> datetime | None:
        events = [origin for origin in self.origins if self._time_exists(origin)]
        firsts = [
            first_time(self.database, origin.name, self._time(origin), self.zones_of(origin)) for origin in events
        ]
        return min((first for first in firsts if first is not None), default=None)

    def fingerprint(self) -> str | None:
        return self.database.fingerprint()

    def marks(self, days: Sequence[Period], before: datetime | None) -> dict[str, Marks]:  # noqa: ARG002 - of files
        places = (self.selection(origin, None) for origin in self.origins if self._time_exists(origin))
        return database_marks(self.database, places, days)

    def looked_up(self, table: str, key: str, fields: tuple[Field, ...]) -> pl.DataFrame:
        """A describing table as it stands, one row a key (the first), read once; no rows where it is missing."""
        if (table, key) not in self._looked_up:
            selection = Selection(table, key, fields, self.zones)
            frames: list[pl.DataFrame] = []
            if self.database.columns(table):
                ignored = Quarantine(self.settings.name)
                frames = list(Sieve(self.database, selection, ignored, table).rows())
            empty = pl.DataFrame(schema={field.name: pl.String for field in fields})
            found = pl.concat([frame.drop(ROW) for frame in frames]) if frames else empty
            known = found.filter(pl.col(key).is_not_null())
            self._looked_up[table, key] = known.unique(key, keep="first", maintain_order=True)
        return self._looked_up[table, key]

    def _time_exists(self, origin: Origin) -> bool:
        return bool(origin.times) and self._time(origin) in self.database.columns(origin.name)

    def _present(self, table: Table) -> Iterator[Origin]:
        return (origin for origin in self.origins if origin.table == table and self.database.columns(origin.name))

    def selection(self, origin: Origin, window: Window | None) -> Selection:
        """What is read of a source table, and of which time."""
        time = self._time(origin) if origin.times else None
        fields = (*origin.fields, Field(time, "time")) if time else origin.fields
        zones, narrowed = self.zones_of(origin), window if time else None
        return Selection(origin.name, origin.key, fields, zones, time, narrowed, origin.secrets, watched=origin.watched)

    def _sieve(self, origin: Origin, window: Window | None, quarantine: Quarantine) -> Sieve:
        return Sieve(self.database, self.selection(origin, window), quarantine, origin.table.name)

    def _time(self, origin: Origin) -> str:
        columns = self.database.columns(origin.name)
        return next((name for name in origin.times if name in columns), origin.times[0])


def once(sieve: Sieve, origin: Origin) -> Iterator[pl.DataFrame]:
    """Rows of a small table without those that repeat another one's definition."""
    frames = list(sieve.rows())
    if not frames:
        return
    rows = pl.concat(frames).sort(pl.col(origin.key).cast(pl.Int64, strict=False), ROW)
    is_first = rows.select(pl.struct(origin.definition).is_first_distinct()).to_series()
    sieve.keep(origin.duplicate, rows.filter(~is_first))
    yield rows.filter(is_first)


def local_zone(settings: SourceSettings) -> ZoneInfo:
    """The zone of timestamps written by the host itself (option `local_timezone`), else the zone of the source."""
    name = settings.options.get("local_timezone")
    return settings.zone if name is None else zone_named(settings, str(name), "local_timezone")


def zone_named(settings: SourceSettings, name: str, option: str) -> ZoneInfo:
    """The zone that an option names. Raises SourceUnreachableError when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mend = "write an IANA name such as Europe/Berlin"
        raise unreachable(settings, f"'{name}' in {option} is no time zone", mend) from None


Opened = TypeVar("Opened", bound=DatabaseSource)


def opened(
    settings: SourceSettings,
    system: str,
    origins: tuple[Origin, ...],
    required: tuple[str, ...],
    source: type[Opened] = DatabaseSource,  # type: ignore[assignment] # mypy knows no default of a type variable
) -> Opened:
    """The source, once its database holds one of the `required` tables. Raises SourceUnreachableError."""
    local_zone(settings)
    database = connected(settings)
    if not any(database.columns(table) for table in required):
        database.close()
        raise unreachable(
            settings,
            f"the database holds none of {system}'s tables ({', '.join(required)})",
            "check that 'location' names the right database and that this user may read it",
        )
    return source(settings, database, origins)


def connected(settings: SourceSettings) -> Database:
    """The database a location names; drivers are loaded only here."""
    scheme = settings.location.partition(":")[0].lower()
    if scheme == "sqlite":
        from sentinel_pipeline.sources.sqlite import SqliteDatabase

        return SqliteDatabase(settings)
    if scheme.partition("+")[0] in ("postgresql", "postgres"):
        from sentinel_pipeline.sources.postgresql import PostgresqlDatabase

        return PostgresqlDatabase(settings)
    raise unreachable(
        settings, "'location' is no database this kind of source reads", "write sqlite:///FILE or postgresql://…"
    )
