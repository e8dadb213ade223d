"""What an export keeps to itself: measures against telling who and which device, and the key of pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.settings import REFERENCE, Settings, resolved

ADDRESSES, DEVICES, PSEUDONYMS, DROP = "addresses", "devices", "pseudonyms", "drop"
MEASURES: Final = (ADDRESSES, DEVICES, PSEUDONYMS, DROP)
KEYED: Final = (DEVICES, PSEUDONYMS)
LEAST_KEY: Final = 16
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


def asked_privacy(measures: Sequence[str], key: str | None, settings: Settings) -> Privacy:
    """Measures separated by commas, and the key that `env:NAME` or `file:PATH` refers to, else the configured one.

    Raises UsageError for a measure there is not, and for a key that is missing, too short or no reference.
    """
    wanted = tuple(dict.fromkeys(one.strip() for several in measures for one in several.split(",")))
    unknown = [one for one in wanted if one not in MEASURES]
    if unknown:
        raise UsageError(f"--privacy '{unknown[0]}' is no measure; choose from {', '.join(MEASURES)}")
    keyed = [one for one in wanted if one in KEYED]
    if key is not None and not keyed:
        raise UsageError(f"--privacy-key makes pseudonyms; add --privacy {' or '.join(KEYED)}, or leave it out")
    if not keyed:
        return Privacy(frozenset(wanted))
    return Privacy(frozenset(wanted), _key(keyed[0], key, settings))


def _key(measure: str, key: str | None, settings: Settings) -> bytes:
    reference = key or settings.privacy_key
    if reference is None:
        raise UsageError(f"--privacy {measure} needs a key: --privacy-key env:NAME or file:PATH, or privacy.key")
    if not REFERENCE.fullmatch(reference):
        raise UsageError("--privacy-key takes env:NAME or file:PATH, never the key itself, which others could read")
    secret = resolved(reference, settings.data).encode()
    if len(secret) < LEAST_KEY:
        raise UsageError(
            f"the key at '{reference}' is shorter than {LEAST_KEY} bytes; `openssl rand -hex 32` makes one"
        )
    return secret
