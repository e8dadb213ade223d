"""The workbook that Kasa Monitor documents: `Device Data`, `Summary`, `Devices`, with a chart of what each one cost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.sums import quotient
from sentinel_pipeline.rendering.json_shapes import Occasion
from sentinel_pipeline.rendering.long_sheets import Look
from sentinel_pipeline.rendering.machine_layouts import MILLION, device_data, device_intervals
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.workbook_shapes import Leaf, WorkbookShape

LOCAL: Final = "times in all sheets are local wall time"
LOOK: Final = Look("Device Data", is_numbered=False, names_zone=False)
KEYS: Final = ("device_ip", "device_name", "source", "currency")
NUMBERS: Final = {
    "records": "#,##0",
    "mean_power_w": "0.0",
    "max_power_w": "0.0",
    "share_on": "0.0%",
    "energy_kwh": "0.000",
    "cost": "0.00##",
}
# What a reading says of energy is a counter, and never added up.
SUMS: Final = ("energy_kwh", "cost")


def readings(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Readings as documented, and their source: two may know a device by one address."""
    return device_data(frame, zone, pl.col("source"))


def priced_intervals(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Metered quarter-hours as documented, the currency of their cost (two are never added), and their source."""
    return device_intervals(frame, zone, pl.col("currency"), pl.col("source"))


def summary(rows: pl.LazyFrame, occasion: Occasion, spelling: Spelling, *, is_metered: bool) -> Leaf:
    """What was asked for, how many records there are, what they add up to."""
    start, end = occasion.window
    devices = "all" if occasion.devices == () else "; ".join(occasion.devices or ()) or None
    names = rows.collect_schema().names()
    facts: list[tuple[str, object]] = [
        ("Export ID", occasion.export_id),
        ("Created at", occasion.made_at),
        ("Format", "excel"),
        ("Devices", devices),
        ("From", start),
        ("Until (not included)", end),
        ("Aggregation", "raw"),
        ("Fields", ", ".join(names)),
        ("Time zone", f"{spelling.zone.key} ({LOCAL})"),
        ("Decimal places", spelling.decimals),
        ("Records", _value(rows, pl.len())),
    ]
    if "timestamp" in names:
        facts += [
            ("First record", _value(rows, pl.min("timestamp"))),
            ("Last record", _value(rows, pl.max("timestamp"))),
        ]
    facts += _totals(rows, names, spelling) if is_metered else []
    facts.append(("Mean power", "mean of the quarter-hours" if is_metered else "plain mean of the readings"))
    return Leaf("Summary", tuple(facts))


def _totals(rows: pl.LazyFrame, names: list[str], spelling: Spelling) -> Iterator[tuple[str, object]]:
    if "energy_kwh" in names:
        yield "Energy (kWh)", _round(_value(rows, _sum("energy_kwh")), spelling)
    if not {"cost", "currency"} <= {*names}:
        return
    costs = rows.group_by("currency").agg(_sum("cost"), unpriced=pl.col("cost").is_null().sum())
    found = costs.sort("currency", nulls_last=True).collect(engine="streaming")
    for currency, cost in found.select("currency", "cost").drop_nulls().iter_rows():
        yield f"Cost ({currency})", _round(cost, spelling)
    yield "Records without price", int(found["unpriced"].sum())


def by_device(rows: pl.LazyFrame, occasion: Occasion, spelling: Spelling, *, is_metered: bool) -> Leaf:  # noqa: ARG001 - how leaves are made
    """Each device's records and power; its energy and cost where the rows are of metered intervals."""
    names = rows.collect_schema().names()
    keys = [name for name in KEYS if name in names]
    if "device_ip" not in keys:
        return Leaf("Devices", (("Devices", "not among the fields that were asked for"),))
    table = rows.group_by(keys).agg(_measures(names, is_metered=is_metered)).sort(keys, nulls_last=True)
    found = table.collect(engine="streaming")
    currencies = found["currency"].drop_nulls().n_unique() if "currency" in keys else 0
    drawn = ("device_name", "cost") if currencies == 1 and {"device_name", "cost"} <= {*found.columns} else None
    return Leaf("Devices", table=found, numbers=NUMBERS, drawn=drawn)


def _measures(names: list[str], *, is_metered: bool) -> Iterator[pl.Expr]:
    yield pl.len().cast(pl.Int64).alias("records")
    if "timestamp" in names:
        yield pl.min("timestamp").alias("first_record")
        yield pl.max("timestamp").alias("last_record")
    if "power_w" in names:
        yield pl.mean("power_w").alias("mean_power_w")
        yield pl.max("power_w").alias("max_power_w")
    if "is_on" in names:
        yield pl.mean("is_on").alias("share_on")
    if is_metered:
        yield from (_sum(name) for name in SUMS if name in names and (name != "cost" or "currency" in names))


def _sum(name: str) -> pl.Expr:
    """An exact sum of values that are millionths; unknown where all of them are."""
    millionths = (pl.col(name) * MILLION).round().cast(pl.Int64)
    return pl.when(pl.col(name).is_not_null().any()).then(quotient(millionths.sum(), MILLION)).alias(name)


def _value(rows: pl.LazyFrame, expression: pl.Expr) -> object:
    return rows.select(expression).collect(engine="streaming").item()


def _round(value: object, spelling: Spelling) -> object:
    return round(value, spelling.decimals) if isinstance(value, float) and spelling.decimals is not None else value


READINGS_BOOK, INTERVALS_BOOK = (
    WorkbookShape(select, LOOK, (partial(summary, is_metered=is_metered), partial(by_device, is_metered=is_metered)))
    for select, is_metered in ((readings, False), (priced_intervals, True))
)
