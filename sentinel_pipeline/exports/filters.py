"""Which rows an export keeps: conditions on the columns that tables share, judged while the rows stream by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import TABLES, Table


@dataclass(frozen=True)
class Filter:
    """An option that narrows every table which has any of `columns`."""

    option: str
    columns: tuple[str, ...]
    help: str

    def columns_of(self, table: Table) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name in table.schema)


@dataclass(frozen=True)
class Condition:
    """What was asked for, and the rows it keeps.

    `called`: names, in lower case, of devices that the rows themselves call by address only; see `kept_by`.
    """

    option: str
    values: tuple[str, ...]
    keeps: pl.Expr = field(compare=False, repr=False)
    called: tuple[str, ...] = ()


ADDRESS = "device_ip"
DEVICE = Filter("device", (ADDRESS, "device_name", "device", "device_id"), "address or name of the device")
MACHINE = Filter("machine", ("machine_id", "serial_number"), "id or serial number of the machine")
TYPE = Filter(
    "type",
    ("incident_type", "event_type", "widget_type", "device_type", "rule_type", "policy_type"),
    "type of incident, event, widget, device, rule or policy",
)
USER = Filter("user", ("user",), "name of the user")
SEVERITY = Filter("severity", ("severity",), f"one of {', '.join(LEVELS)}; several separated by commas")
FILTERS = (DEVICE, MACHINE, TYPE, USER, SEVERITY)


def asked_conditions(table: Table, asked: Mapping[str, Sequence[str]]) -> tuple[Condition, ...]:
    """A condition for each option that has values; several values of one are alternatives.

    Raises UsageError for an option the table has no column for, and for a severity there is not.
    """
    return tuple(_condition(table, one, asked[one.option]) for one in FILTERS if asked.get(one.option))


def _condition(table: Table, one: Filter, values: Sequence[str]) -> Condition:
    columns = one.columns_of(table)
    if not columns:
        having = ", ".join(known.name for known in TABLES if one.columns_of(known)) or "no table yet"
        raise UsageError(f"--{one.option} does not narrow {table.name}; it does narrow {having}")
    wanted = _levels(values) if one is SEVERITY else tuple(dict.fromkeys(values))
    if "" in wanted:
        raise UsageError(f"--{one.option} '' names nothing; write the {one.help}")
    spellings = list(dict.fromkeys(spelling for value in wanted for spelling in _spellings(value)))
    keeps = pl.any_horizontal(pl.col(name).str.to_lowercase().is_in(spellings) for name in columns)
    return Condition(one.option, wanted, keeps, tuple(spellings) if columns == (ADDRESS,) else ())


def kept_by(condition: Condition, devices: Iterable[pl.DataFrame]) -> pl.Expr:
    """The rows that a condition keeps, where `devices` says which address of a source has which name."""
    keeps = condition.keeps
    for known in devices:
        named = known.filter(pl.col("device_name").str.to_lowercase().is_in(condition.called))
        for (source,), found in named.group_by("source"):
            keeps |= (pl.col("source") == source) & pl.col(ADDRESS).is_in(found[ADDRESS].to_list())
    return keeps


def _levels(values: Sequence[str]) -> tuple[str, ...]:
    levels = tuple(dict.fromkeys(level.strip().lower() for value in values for level in value.split(",")))
    unknown = [level for level in levels if level not in LEVELS]
    if unknown:
        raise UsageError(f"--severity '{unknown[0]}' is no severity; choose from {', '.join(LEVELS)}")
    return levels


def _spellings(value: str) -> tuple[str, ...]:
    """Letters of either case are the same, and so are all spellings of an IPv6 address."""
    try:
        return value.lower(), str(ip_address(value))
    except ValueError:
        return (value.lower(),)
