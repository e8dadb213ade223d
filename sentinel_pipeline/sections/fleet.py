"""What the report says about a fleet of machines: its logs, who is silent, what was measured, how the seals held."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sections.findings import listed, most, nothing, peak
from sentinel_pipeline.sections.section import Bars, Lines, Section
from sentinel_pipeline.sections.shares import percents, ranked
from sentinel_pipeline.sections.trends import trend, unseen_days
from sentinel_pipeline.statistics.fleet import IS_ERROR
from sentinel_pipeline.statistics.statistic import MILLIONTHS

UNKNOWN_MACHINE = "(unknown)"
READABLE = ("ok", "plaintext")
UNREADABLE = ("auth_failed", "no_key", "malformed", "malformed_plaintext", "incomplete", "downgrade")
CLASSES = (*READABLE, *UNREADABLE, "replay")
UNITS = {
    "download": "Mbit/s",
    "upload": "Mbit/s",
    "ping": "ms",
    "jitter": "ms",
    "latency": "ms",
    "rssi": "dBm",
    "snr": "dB",
}
PERCENTILES = (("p5", 5), ("median", 50), ("p95", 95))
LONGEST_KEY_DAYS = 90
LOGS = pl.col("logs").sum().cast(pl.Int64)


def fleet_log_trends(fleet_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Logs and errors over time: by hour in a daily report, else by day. Days nobody could see are left empty."""
    counts = fleet_hours.select("hour_at", "logs", errors=pl.when(IS_ERROR).then("logs").otherwise(0))
    return trend(counts, ["logs", "errors"], period, unseen_days(completeness, "widget_logs", period))


def fleet_logs(fleet_hours: pl.DataFrame) -> pl.DataFrame:
    """Logs per widget type and level."""
    keys = ["widget_type", "level"]
    return ranked(fleet_hours.group_by(keys).agg(LOGS.alias("count")), "count", keys)


def fleet_machines(fleet_machine_logs: pl.DataFrame, machine_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Logs and errors per machine, and when it was last heard of; a known machine without a log is silent.

    Machine ids are what the agents claim. `last_seen_at` is empty where the system only knows of times after the
    period.
    """
    keys = ["source", "machine_id"]
    sent = fleet_machine_logs.group_by(keys).agg(
        LOGS.alias("logs"), pl.col("errors").sum().cast(pl.Int64), pl.col("last_at").max()
    )
    known = (
        machine_inventory.sort("day")
        .group_by(keys)
        .agg(pl.col("machine_name").drop_nulls().last(), pl.col("last_seen_at").max())
    )
    table = sent.join(known, on=keys, how="full", coalesce=True).with_columns(
        pl.col("logs", "errors").fill_null(0),
        last_seen_at=pl.coalesce("last_at", pl.when(pl.col("last_seen_at") < period.window.end).then("last_seen_at")),
    )
    table = table.with_columns(pl.col("last_seen_at").cast(INSTANT), is_silent=pl.col("logs") == 0)
    return ranked(table, "logs", ["machine_id", "source"]).select(
        "machine_id", "machine_name", "logs", "errors", "last_seen_at", "is_silent", "source"
    )


def silent_machines(fleet_machine_logs: pl.DataFrame, machine_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Known machines without a log in the period, those unheard of for longest first.

    An inbox knows the machines of the 30 days before; a store knows those in its list.
    """
    machines = fleet_machines(fleet_machine_logs, machine_inventory, period)
    return (
        machines.filter("is_silent")
        .sort("last_seen_at", "machine_id", "source", nulls_last=True)
        .select("machine_id", "machine_name", "last_seen_at", "source")
    )


def fleet_measurements(fleet_samples: pl.DataFrame) -> pl.DataFrame:
    """Median, 5th and 95th percentile of what the machines measured, exact over all samples of the period.

    Speed tests and pings that failed are not logged by the agents: these are the values of the successful ones.
    """
    groups = fleet_samples.sort("widget_type", "measure", "value_millionths").partition_by(
        "widget_type", "measure", as_dict=True, maintain_order=True
    )
    rows = [
        {
            "widget_type": kind,
            "measure": measure,
            "unit": UNITS.get(str(measure), ""),
            "samples": int(group["samples"].sum()),
        }
        | {name: percentile(group, share) for name, share in PERCENTILES}
        for (kind, measure), group in groups.items()
    ]
    texts, reals = ("widget_type", "measure", "unit"), (name for name, _ in PERCENTILES)
    schema = dict.fromkeys(texts, pl.String()) | {"samples": pl.Int64()} | dict.fromkeys(reals, pl.Float64())
    return pl.DataFrame(rows, schema=schema)


def percentile(values: pl.DataFrame, share: int) -> float:
    """Percentile of sorted `value_millionths`, each `samples` times; linear between neighbours, half-even."""
    reached = values["samples"].cum_sum()
    place, part = divmod((int(reached[-1]) - 1) * share, 100)
    low = int(values["value_millionths"][int(reached.search_sorted(place + 1, "left"))])
    high = int(values["value_millionths"][min(int(reached.search_sorted(place + 2, "left")), len(reached) - 1)])
    exact = Decimal(low * 100 + (high - low) * part) / (100 * MILLIONTHS)
    return float(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))


def fleet_decryption(decryption_outcomes: pl.DataFrame) -> pl.DataFrame:
    """Envelopes, export files and stored rows per machine: how many came, could be opened, were odd, and failed how.

    `keys` are the first 8 hexadecimal digits of SHA-256 of the keys that opened them, `key_days` for how long the one
    used last had been in use by then: more than 90 are too many. What could not be opened names no machine. A machine's
    name is what it claims: all of them share one key.
    """
    verdict, units = pl.col("verdict"), pl.col("units")
    since, last = pl.col("key_since_at"), pl.col("last_at")
    age = (last - since).dt.total_days().filter(since.is_not_null())
    table = decryption_outcomes.group_by("source", pl.col("machine_id").fill_null(UNKNOWN_MACHINE)).agg(
        units.sum().cast(pl.Int64).alias("received"),
        units.filter(verdict == "ok").sum().cast(pl.Int64).alias("ok"),
        pl.col("flagged").sum().cast(pl.Int64),
        units.filter(verdict.is_in(UNREADABLE)).sum().cast(pl.Int64).alias("unreadable"),
        pl.col("nonce_reuses").sum().cast(pl.Int64),
        pl.col("key_fingerprint").drop_nulls().unique().sort().str.join(", ").alias("keys"),
        age.sort_by(last.filter(since.is_not_null())).last().alias("key_days"),
        *(units.filter(verdict == name).sum().cast(pl.Int64).alias(name) for name in CLASSES[1:]),
    )
    shown = ("received", "ok", "flagged", "unreadable", "replay", "nonce_reuses", "keys", "key_days")
    others = [name for name in CLASSES[1:] if name not in shown]
    return ranked(table, "unreadable", ["machine_id", "source"]).select("machine_id", *shown, "source", *others)


def fleet_verdicts(decryption_outcomes: pl.DataFrame) -> pl.DataFrame:
    """What became of everything that was sealed or should have been, with its share of all."""
    table = decryption_outcomes.group_by("verdict").agg(pl.col("units").sum().cast(pl.Int64).alias("count"))
    table = ranked(table, "count", ["verdict"])
    return table.with_columns(percentage=percents(table["count"], int(table["count"].sum())))


def _machines_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return nothing("machines")
    silent = table.filter("is_silent")
    sending = f"{counted(table.height - silent.height, 'machine')} sent logs"
    if silent.is_empty():
        return f"{sending}, none is silent"
    return f"{sending}, {silent.height:,} {'is' if silent.height == 1 else 'are'} silent"


def _measured_finding(table: pl.DataFrame) -> str:
    speeds = table.filter((pl.col("widget_type") == "speedtest") & (pl.col("measure") == "download"))
    if speeds.is_empty():
        return "No speed tests in this period" if not table.is_empty() else "Nothing was measured in this period"
    row = speeds.row(0, named=True)
    return (
        f"Half of {counted(row['samples'], 'speed test')} reached {row['median']:,.2f} Mbit/s down;"
        " failed ones are not logged"
    )


def _decryption_finding(table: pl.DataFrame) -> str:
    received, unreadable = int(table["received"].sum()), int(table["unreadable"].sum())
    if not received:
        return "Nothing was received in this period"
    reused = int(table["nonce_reuses"].sum())
    alarm = f"; ALARM: {counted(reused, 'reused nonce')}, the key is no longer safe" if reused else ""
    old = max(table["key_days"].drop_nulls(), default=0)
    late = f"; a key has been in use for {old:,} days and is to be changed" if old > LONGEST_KEY_DAYS else ""
    return f"{unreadable:,} of {received:,} envelopes and records could not be opened{alarm}{late}"


def _verdict_finding(table: pl.DataFrame) -> str:
    number, total = int(table.filter(pl.col("verdict").is_in(READABLE))["count"].sum()), int(table["count"].sum())
    return f"{number:,} of {total:,} could be read" if total else nothing("envelopes or records")


def _silent_finding(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "Every known machine sent logs"
    names = listed(table["machine_id"].head(3).to_list())
    return f"{counted(table.height, 'machine')} sent nothing: {names}{' and others' if table.height > 3 else ''}"


SECTIONS = (
    Section(
        "Fleet logs over time",
        "fleet",
        fleet_log_trends,
        lambda table, period: peak(table, "logs", "log", period),
        chart=Lines("timestamp", ("logs", "errors")),
        shown=0,
        about="widget_logs",
    ),
    Section(
        "Fleet logs by widget and level",
        "fleet",
        fleet_logs,
        lambda table: most(table, "count", "widget_type", "log", "logs"),
        shown=10,
        totals=("count",),
        about="widget_logs",
    ),
    Section(
        "Machines",
        "fleet",
        fleet_machines,
        _machines_finding,
        chart=Bars("machine_id", "logs"),
        shown=15,
        totals=("logs", "errors"),
        is_told=True,
        about="widget_logs",
    ),
    Section("Silent machines", "fleet", silent_machines, _silent_finding, shown=10, about="widget_logs"),
    Section(
        "What became of the seals",
        "fleet",
        fleet_verdicts,
        _verdict_finding,
        totals=("count",),
        about="decryptions",
    ),
    Section("What machines measured", "fleet", fleet_measurements, _measured_finding, about="widget_logs"),
    Section(
        "Decryption by machine",
        "fleet",
        fleet_decryption,
        _decryption_finding,
        shown=15,
        totals=("received", "ok", "flagged", "unreadable", "replay", "nonce_reuses"),
        is_told=True,
        about="decryptions",
        hidden=("source", *(name for name in CLASSES[1:] if name != "replay")),
    ),
)
