"""Measures against telling who and which device, and what stands in the place of what they hide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from sentinel_pipeline.domain.addresses import Address, address
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.redaction import address_token, token
from sentinel_pipeline.domain.table import Table

ADDRESSES, DEVICES, PSEUDONYMS, DROP = "addresses", "devices", "pseudonyms", "drop"
MEASURES: Final = (ADDRESSES, DEVICES, PSEUDONYMS, DROP)
KEYED: Final = (DEVICES, PSEUDONYMS)
REMOVED: Final = "[removed]"
DEVICE_COLUMNS: Final = frozenset(
    {
        *("device_ip", "device_name", "device", "device_id", "mac_address", "ip_address", "local_ip", "hostname"),
        *("machine_id", "machine_name", "serial_number", "agent_id", "agent_name", "interval_id", "record"),
    }
)


@dataclass(frozen=True)
class Privacy:
    """What is asked for; `key` makes pseudonyms, and is never shown."""

    measures: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)

    def __bool__(self) -> bool:
        return bool(self.measures)

    @property
    def has_pseudonyms(self) -> bool:
        return bool(self.measures & {*KEYED})

    @property
    def tells_machines_apart(self) -> bool:
        """Whether addresses of devices become something else than those of others."""
        return DEVICES in self.measures and (ADDRESSES in self.measures or PSEUDONYMS not in self.measures)

    def hidden(self, table: Table) -> tuple[str, ...]:
        """Columns whose values give way to a pseudonym or to nothing."""
        is_personal = bool({PSEUDONYMS, DROP} & self.measures)
        is_device = DEVICES in self.measures
        return tuple(
            column.name
            for column in table.columns
            if column.dtype == pl.String
            and ((is_personal and column.is_personal) or (is_device and column.name in DEVICE_COLUMNS))
        )

    def columns(self, table: Table, asked: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The columns that are left. Raises UsageError when none is, or when one asked for is not."""
        if DROP not in self.measures:
            return asked
        lost = [name for name in asked or () if name in table.personal]
        if lost:
            raise UsageError(f"--privacy drop leaves personal columns out, and --columns names {', '.join(lost)}")
        return asked or tuple(name for name in table.schema.names() if name not in table.personal)


NO_PRIVACY: Final = Privacy()


@dataclass(frozen=True)
class Substitutes:
    """What stands in the place of names and addresses; `machines` are known addresses of devices."""

    privacy: Privacy
    machines: frozenset[str]

    def address(self, found: Address) -> str | None:
        """A pseudonym for devices that are to have one; else shortened, so that who asks for both sees networks."""
        measures = self.privacy.measures
        is_machine = DEVICES in measures and found.known_as in self.machines
        if ADDRESSES in measures and not is_machine:
            return found.short
        if PSEUDONYMS in measures or is_machine:
            return address_token(self.privacy.key, found)
        return REMOVED if DROP in measures else None

    def value(self, value: str) -> str:
        """In the place of a whole value, or of a name in a text."""
        found = address(value)
        instead = self.address(found) if found else None
        return instead or (token(self.privacy.key, value) if self.privacy.has_pseudonyms else REMOVED)

    def mail(self, value: str) -> str:
        return token(self.privacy.key, value) if PSEUDONYMS in self.privacy.measures else REMOVED
