"""What canonical rows of every family of logs share: times, protocols, direction, and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sources.log_values import EARLIEST_US, LATEST_US, PRIVATE, Networks, microseconds

Checks = tuple[tuple[str, str, str], ...]  # reason, the field's text, its value


@dataclass(frozen=True)
class Reading:
    """How rows are understood: the source's name, its zone for times without offset, what is local, what is severe."""

    source: str
    zone: ZoneInfo
    networks: Networks = PRIVATE
    severities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Canonical rows, and what cannot be used: file, line, record, reason, occurred_at (NULL: no known day)."""

    rows: pl.DataFrame
    faults: pl.DataFrame


NO_FAULTS = pl.DataFrame(
    schema={"file": pl.String, "line": pl.Int64, "record": pl.String, "reason": pl.String, "occurred_at": INSTANT}
)


def timed(raw: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """The rows with their instant `_at` and, where it cannot be used, `_time_fault`."""
    found = microseconds(raw["ts"], zone)
    is_plausible = found.is_between(EARLIEST_US, LATEST_US, closed="left")
    fault = pl.when(found.is_null()).then(pl.lit("bad_time")).when(~is_plausible).then(pl.lit("implausible_time"))
    return raw.with_columns(pl.when(is_plausible).then(found).cast(INSTANT).alias("_at"), fault.alias("_time_fault"))


def protocol(name: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Names in lower case; ICMP over IPv6 (by `device_ip`) is icmp6, a protocol known by its number is ip-<number>."""
    known = name.str.to_lowercase()
    is_icmp6 = (known == "icmp") & pl.col("device_ip").str.contains(":", literal=True)
    return (
        pl.when((known == "unknown_transport") & number.is_not_null())
        .then("ip-" + number)
        .when(known.str.contains(r"^\d+$"))
        .then("ip-" + known.str.strip_chars_start("0").replace("", "0"))
        .when(known.is_in(("icmpv6", "ipv6-icmp")) | is_icmp6)
        .then(pl.lit("icmp6"))
        .otherwise(known)
    )


def is_inbound(originator: pl.Expr, responder: pl.Expr) -> pl.Expr:
    """Whether the responder is local and the originator is not; false where it cannot be told."""
    return (responder & ~originator).fill_null(False)


def parted(rows: pl.DataFrame, mandatory: Sequence[str], schema: pl.Schema, checks: Checks) -> Rows:
    """Rows that can be used, and every fault: a wrong field costs the field, a wrong time or missing key the row."""
    nulls = dict(zip(rows.columns, rows.null_count().row(0), strict=True))
    missing = [name for name in mandatory if nulls[name]]
    wrong = [check for check in checks if nulls[check[2]] > nulls[check[1]]]
    marks = [
        pl.col("_time_fault"),
        *(pl.when(pl.col(name).is_null()).then(pl.lit(f"missing_value: {name}")) for name in missing),
        *(
            pl.when(pl.col(text).is_not_null() & pl.col(value).is_null()).then(pl.lit(why))
            for why, text, value in wrong
        ),
    ]
    if not missing and not wrong and nulls["_time_fault"] == rows.height:
        return Rows(rows.select(schema.names()), NO_FAULTS)
    faulty = rows.with_columns(reason=pl.concat_str(marks, separator=", ", ignore_nulls=True))
    is_usable = pl.all_horizontal(pl.col("_time_fault").is_null(), *(pl.col(name).is_not_null() for name in missing))
    return Rows(
        faulty.filter(is_usable).select(schema.names()),
        faulty.filter(pl.col("reason") != "").select("file", "line", "record", "reason", occurred_at="_at"),
    )
