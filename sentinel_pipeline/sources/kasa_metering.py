"""Metered and priced energy of Kasa Monitor's plugs, a few days at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_RATES, ENERGY_READINGS, Table
from sentinel_pipeline.energy.counters import Meters, has_counter
from sentinel_pipeline.energy.metering import metered, quarter_end, quarter_start
from sentinel_pipeline.energy.price_weeks import price_weeks
from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.reading import DEFAULT_CURRENCY
from sentinel_pipeline.energy.tariff import BY_INTERVAL, Tariffs, tariffs_of
from sentinel_pipeline.sources.fields import filled, flags, texts, typed
from sentinel_pipeline.sources.origins import DatabaseSource, Origin, local_zone, zone_named
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.sieve import Sieve
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.sqlite import SqliteDatabase
from sentinel_pipeline.sources.sqlite_nearest import Nearest
from sentinel_pipeline.sources.timestamps import LATEST

DAY = timedelta(days=1)
STEP = 4 * DAY
SOURCE_COUNTERS = ("today_energy_kwh", "total_energy_kwh")
KNOWN_DEVICES = texts("device_ip", "alias") + flags("is_monitored")
MAXIMUM_POWER_W = 4_000.0
MAX_GAP_MINUTES = 15.0


def maximum_power(settings: SourceSettings) -> float:
    """The most that a plug can deliver (option `maximum_power_w`), in W."""
    return float(str(settings.options.get("maximum_power_w", MAXIMUM_POWER_W)))


def meters_of(settings: SourceSettings) -> Meters:
    """How the meters work. Raises SourceUnreachableError for a zone there is none of."""
    zones = settings.options.get("device_timezones")
    named = zones if isinstance(zones, dict) else {}
    return Meters(
        zone=local_zone(settings),
        zones={str(ip): zone_named(settings, str(name), "device_timezones") for ip, name in named.items()},
        max_gap=timedelta(minutes=float(str(settings.options.get("max_gap_minutes", MAX_GAP_MINUTES)))),
        maximum_power_w=maximum_power(settings),
    )


def tariff_zone(settings: SourceSettings) -> ZoneInfo:
    """The zone in which prices change (option `tariff_timezone`), else the one of the meters."""
    name = settings.options.get("tariff_timezone")
    return local_zone(settings) if name is None else zone_named(settings, str(name), "tariff_timezone")


def price_file(settings: SourceSettings) -> Path | None:
    """The file of prices by interval, if any."""
    name = settings.options.get("tariff")
    return None if name is None else Path(str(name))


@dataclass
class KasaSource(DatabaseSource):
    """An opened database of the monitor; its readings are metered and priced as they are read."""

    def has(self, table: Table) -> bool:
        if table is ENERGY_RATES and price_file(self.settings):
            return True
        return super().has(ENERGY_READINGS if table is ENERGY_INTERVALS else table)

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        if table is ENERGY_INTERVALS:
            return self._intervals(window) if self.has(table) else iter(())
        if table is ENERGY_RATES:
            self._keep_mistakes(quarantine)
            return chain(super().read(table, window, quarantine), self._file_of_prices())
        return super().read(table, window, quarantine)

    def _file_of_prices(self) -> Iterator[pl.DataFrame]:
        """The file of prices as the rate that it is; what it costs in `config`."""
        file, tariffs = price_file(self.settings), self.tariffs()
        if file is None or tariffs.prices is None:
            return
        row = {
            "source": self.settings.name,
            "rate_id": f"file:{file.name}",
            "name": file.name,
            "rate_type": BY_INTERVAL,
            "currency": tariffs.currency,
            "is_active": True,
            "config": price_weeks(tariffs.prices, tariff_zone(self.settings)),
        }
        yield pl.DataFrame([row], schema=ENERGY_RATES.schema)

    def fingerprint(self) -> str | None:
        """Other prices make other intervals."""
        known, file = super().fingerprint(), price_file(self.settings)
        if known is None or file is None or not file.is_file():
            return known
        currency = str(self.settings.options.get("currency", ""))
        return hashlib.sha256(f"{known}{currency}".encode() + file.read_bytes()).hexdigest()

    def known_devices(self) -> pl.DataFrame:
        return self.looked_up("device_info", "device_ip", KNOWN_DEVICES)

    def tariffs(self) -> Tariffs:
        """The rates of the database, and the prices of the file that the configuration names."""
        rates = pl.concat([ENERGY_RATES.empty(), *super().read(ENERGY_RATES, None, self._ignored())])
        currency = str(self.settings.options.get("currency", DEFAULT_CURRENCY))
        return tariffs_of(rates, price_file(self.settings), tariff_zone(self.settings), currency=currency)

    def _keep_mistakes(self, quarantine: Quarantine) -> None:
        problems = list(self.tariffs().problems)
        if problems:
            places = [f"tariff#{number}" for number in range(1, len(problems) + 1)]
            quarantine.keep_all(ENERGY_RATES.name, "bad_tariff", pl.DataFrame({"location": places, "record": problems}))

    def _intervals(self, window: Window | None) -> Iterator[pl.DataFrame]:
        whole = self._known(window)
        if whole is None:
            return
        tariffs, zone = self.tariffs(), tariff_zone(self.settings)
        held: list[pl.DataFrame] = []
        for day, quarters in self._steps(Window(quarter_start(tariffs.looks_back(whole.start, zone)), whole.end)):
            begins = tariffs.looks_back(day.start, zone)
            held = [kept for frame in held if not (kept := frame.filter(pl.col("started_at") >= begins)).is_empty()]
            held.append(quarters)
            rows = priced(pl.concat(held), tariffs, zone).filter(pl.col("started_at") >= max(day.start, whole.start))
            yield self._as_intervals(rows)

    def _as_intervals(self, rows: pl.DataFrame) -> pl.DataFrame:
        is_unpriced = (pl.col("unpriced_micro_kwh") == pl.col("energy_micro_kwh")) & (pl.col("energy_micro_kwh") != 0)
        named = rows.join(
            self.known_devices().select("device_ip", device_name=filled("alias")),
            on="device_ip",
            how="left",
            maintain_order="left",
        ).with_columns(
            source=pl.lit(self.settings.name),
            interval_id=pl.format("{}@{}", "device_ip", pl.col("started_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
            cost_micros=pl.when(~is_unpriced).then("cost_micros"),
        )
        return named.select(pl.col(name).cast(dtype) for name, dtype in ENERGY_INTERVALS.schema.items())

    def _known(self, window: Window | None) -> Window | None:
        """The quarter-hours that begin in the window, to that of the newest reading: what follows it is not known."""
        newest = self._nearest(LATEST, is_before=True)["read_at"].max()
        if not isinstance(newest, datetime):
            return None
        after = quarter_end(newest)
        if window is not None:
            start, end = quarter_end(window.start), min(quarter_end(window.end), after)
        else:
            first = self.first_at()
            start, end = quarter_start((first or newest) - 2 * DAY), after
        return Window(start, end) if start < end else None

    def _steps(self, whole: Window) -> Iterator[tuple[Window, pl.DataFrame]]:
        """Metered quarter-hours of the window, four days at a time; memory holds the readings of eight."""
        expected = self._monitored()
        before = self._nearest(whole.start, is_before=True)
        readings = self._readings(_step_from(whole.start, whole.end))
        start = whole.start
        while start < whole.end:
            day = _step_from(start, whole.end)
            following = _step_from(day.end, whole.end) if day.end < whole.end else Window(day.end, day.end)
            coming = self._readings(following)
            after = self._after(following.end, coming)
            near = pl.concat([before, readings, coming, after])
            yield day, metered(near, meters_of(self.settings), day, expected)
            before = _last(pl.concat([before, readings]))
            readings, start = coming, day.end

    def _after(self, moment: datetime, coming: pl.DataFrame) -> pl.DataFrame:
        """The first readings of devices that do not come again before an instant."""
        returned = coming.filter(has_counter())["device_ip"].unique()
        return self._nearest(moment, is_before=False).filter(~pl.col("device_ip").is_in(returned.implode()))

    def _readings(self, window: Window) -> pl.DataFrame:
        if window.start >= window.end:
            return ENERGY_READINGS.empty()
        origin = self._origin()
        selection = replace(self.selection(origin, window), is_dated=True)
        rows = Sieve(self.database, selection, self._ignored(), ENERGY_READINGS.name).rows()
        return pl.concat([ENERGY_READINGS.empty(), *(self.shaped(origin, frame) for frame in rows)])

    def _nearest(self, moment: datetime, *, is_before: bool) -> pl.DataFrame:
        """A few readings of each device before an instant, or from it on."""
        if not isinstance(self.database, SqliteDatabase):
            raise TypeError("Kasa Monitor's database is SQLite")
        origin = self._origin()
        selection = self.selection(origin, None)
        asked = Nearest(selection, "device_ip", SOURCE_COUNTERS, moment, is_before)
        frames = [
            self.shaped(origin, typed(raw, selection.fields, selection.zones)) for raw in self.database.nearest(asked)
        ]
        side = pl.col("read_at") < moment if is_before else pl.col("read_at") >= moment
        return pl.concat([ENERGY_READINGS.empty(), *frames]).filter(side)

    def _origin(self) -> Origin:
        return next(origin for origin in self.origins if origin.table is ENERGY_READINGS)

    def _monitored(self) -> list[str]:
        """Devices that are still polled, so that time without a reading is missing."""
        known = self.known_devices()
        polled = known.filter(pl.col("is_monitored").cast(pl.Boolean).fill_null(value=True))
        return polled["device_ip"].to_list()

    def _ignored(self) -> Quarantine:
        """What cannot be read of a reading is kept where readings are read."""
        return Quarantine(self.settings.name)


def _step_from(start: datetime, end: datetime) -> Window:
    return Window(start, min(start + STEP, end))


def _last(readings: pl.DataFrame) -> pl.DataFrame:
    """Of each device the last reading, and the last that has a counter."""
    ordered = readings.sort("read_at")
    parts = [part.group_by("device_ip").last() for part in (ordered, ordered.filter(has_counter()))]
    return pl.concat([part.select(readings.columns) for part in parts])
