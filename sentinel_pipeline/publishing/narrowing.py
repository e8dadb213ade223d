"""What a report is cut down to: some sections, what some sources gave, some devices; and what is hidden in it.

A section that is made from counts that do not tell devices apart is left out of a report of some devices, and named:
a number of all devices would be taken for theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.addresses import address
from sentinel_pipeline.domain.privacy import DEVICE_COLUMNS, DEVICES, DROP, NO_PRIVACY, PSEUDONYMS, Privacy, Substitutes
from sentinel_pipeline.domain.redaction import Names, Redaction, is_somebody
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
    formats: tuple[str, ...] = ()
    is_detailed: bool = False
    privacy: Privacy = NO_PRIVACY

    def has_file(self, name: str) -> bool:
        """Whether a file of the edition is of a format that is wanted."""
        return not self.formats or name.rpartition(".")[2] in self.formats

    def keeps(self, statistics: Iterable[str]) -> bool:
        """Whether something made from these statistics (BEFORE or not) can be told of the devices."""
        names = (name.removesuffix(BEFORE) for name in statistics)
        return not self.devices or all(name in DEVICE or name in OF_NO_DEVICE for name in names)

    def cut(self, name: str, statistic: pl.DataFrame) -> pl.DataFrame:
        """Of a statistic what the sources gave and, where it tells devices apart, what is the devices'."""
        if self.sources:
            statistic = statistic.filter(pl.col("source").is_in(self.sources))
        if self.devices and name in DEVICE:
            statistic = statistic.filter(pl.col(DEVICE[name]).is_in(self.devices))
        return statistic

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
