"""What a report is cut down to: some sections, sources, devices, severities; and what is hidden in it.

A section that is made from counts that do not tell devices apart is left out of a report of some devices, and named:
a number of all devices would be taken for theirs. Of severities alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.addresses import address
from sentinel_pipeline.domain.privacy import DEVICE_COLUMNS, DEVICES, DROP, NO_PRIVACY, PSEUDONYMS, Privacy, Substitutes
from sentinel_pipeline.domain.redaction import Names, Redaction, is_somebody
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.domain.tables import TABLES
from sentinel_pipeline.sections.section import BEFORE

# Statistics that tell devices apart, and the column that does; agents and machines are devices too.
DEVICE: Mapping[str, str] = {
    "connection_devices": "device_ip",
    "long_connections": "device_ip",
    "regular_connections": "device_ip",
    "name_server_askers": "device_ip",
    "alert_devices": "device_ip",
    "notable_alerts": "device_ip",
    "incident_agents": "agent_id",
    "reading_hours": "device_ip",
    "energy_hours": "device_ip",
    "energy_standby": "device_ip",
    "energy_charges": "device_ip",
    "rule_event_devices": "device",
    "open_rule_events": "device",
    "fleet_machine_logs": "machine_id",
    "machine_inventory": "machine_id",
    "decryption_outcomes": "machine_id",
    "device_inventory": "device_ip",
    "agent_inventory": "agent_id",
}
# Statistics that tell severities apart, and those of which so much is known of critical ones alone.
SEVERITY = ("alert_hours", "alert_devices", "notable_alerts", "incident_hours", "audit_hours")
ONLY_CRITICAL = ("incident_users", "incident_agents", "incident_addresses")
CRITICAL = ("critical",)
# What could be read, and what devices are called, is the same for every severity.
OF_NO_SEVERITY = ("completeness", "device_inventory")
# Tables over time whose series are severities.
SERIES = ("alert_trends", "incident_trends")
# What could be read is told of sources, and of the rates of a tariff nothing is any device's.
OF_NO_DEVICE = ("completeness", "rate_inventory")
PERSONAL = frozenset(column.name for table in TABLES for column in table.columns if column.is_personal)
# Words of closed vocabularies, in which a name that is also a word would be found.
VOCABULARY = frozenset(
    {"severity", "status", "level", "series", "table", "protocol", "connection_state", "weekday", "verdict", "unit"}
)


@dataclass(frozen=True)
class Narrowing:
    """Nothing named narrows nothing. `formats` are suffixes of files, `name` is what the report is called.

    `is_detailed`: its summary has the longer lists too.
    """

    name: str = ""
    requested_by: str = ""
    sections: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    is_detailed: bool = False
    privacy: Privacy = NO_PRIVACY

    def has_file(self, name: str) -> bool:
        """Whether a file of the edition is of a format that is wanted."""
        return not self.formats or name.rpartition(".")[2] in self.formats

    def keeps(self, statistics: Iterable[str]) -> bool:
        """Whether something made from these statistics (BEFORE or not) can be told of the devices and severities."""
        names = {name.removesuffix(BEFORE) for name in statistics}
        of_devices = not self.devices or names <= {*DEVICE, *OF_NO_DEVICE}
        telling = {*SEVERITY, *(ONLY_CRITICAL if self.severities == CRITICAL else ())}
        of_severities = not self.severities or (bool(names & telling) and names <= {*telling, *OF_NO_SEVERITY})
        return of_devices and of_severities

    def tells(self, levels: Iterable[str]) -> bool:
        """Whether there is something to say of any of the levels."""
        return not self.severities or not set(self.severities).isdisjoint(levels)

    def tells_all(self, levels: Iterable[str]) -> bool:
        """Whether none of the levels is left out."""
        return not self.severities or set(self.severities).issuperset(levels)

    def cut(self, name: str, statistic: pl.DataFrame) -> pl.DataFrame:
        """Of a statistic what the sources gave and, where it tells them apart, of the devices and severities."""
        if self.sources:
            statistic = statistic.filter(pl.col("source").is_in(self.sources))
        if self.devices and name in DEVICE:
            statistic = statistic.filter(pl.col(DEVICE[name]).is_in(self.devices))
        if self.severities and name in SEVERITY:
            statistic = statistic.filter(pl.col("severity").is_in(self.severities))
        if self.severities == CRITICAL and name in ONLY_CRITICAL:
            statistic = statistic.filter(pl.col("critical") > 0).with_columns(incidents="critical")
        return statistic

    def shown(self, section: str, table: pl.DataFrame) -> pl.DataFrame:
        """The table of a section without other severities: no row for them, and no number in columns that count them.

        None of them was looked at, so that a 0 would say what nobody knows.
        """
        if not self.severities:
            return table
        level = "series" if section in SERIES else "severity"
        if level in table.columns:
            table = table.filter(pl.col(level).is_in(self.severities))
        others = [f"{one}_count" for one in LEVELS if one not in self.severities]
        return table.with_columns(
            pl.lit(None, table.schema[name]).alias(name) for name in others if name in table.columns
        )

    def redaction(self, statistics: Iterable[pl.DataFrame]) -> Redaction | None:
        """What hides names and addresses; names are those that stand in any of the statistics. None hides nothing."""
        measures = self.privacy.measures
        if not measures:
            return None
        columns = (PERSONAL if measures & {PSEUDONYMS, DROP} else frozenset()) | (
            DEVICE_COLUMNS if DEVICES in measures else frozenset()
        )
        values = {
            value
            for frame in statistics
            for column in frame.columns
            if column in columns and frame[column].dtype == pl.String
            for value in frame[column].drop_nulls().unique()
            if is_somebody(value)
        }
        machines = frozenset(found.known_as for found in map(address, values) if found)
        substitutes = Substitutes(self.privacy, machines)
        names = Names(value for value in values if address(value) is None)
        mail = substitutes.mail if measures & {PSEUDONYMS, DROP} else None
        return Redaction(names, substitutes.value, substitutes.address, mail)


WHOLE = Narrowing()


def hidden(table: pl.DataFrame, redaction: Redaction | None) -> pl.DataFrame:
    """The table without what is to be hidden; words of closed vocabularies, numbers and times stay."""
    if redaction is None:
        return table
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String and name not in VOCABULARY]
    return table.with_columns(_replaced(table[name], redaction) for name in texts)


def _replaced(column: pl.Series, redaction: Redaction) -> pl.Series:
    values = column.drop_nulls().unique()
    return column.replace(values, pl.Series([redaction(value) for value in values], dtype=pl.String))
